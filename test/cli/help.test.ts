import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../cli/program.ts';

const id = '01jq0000000000000000000000';

/** The help as it is printed, examples included. */
function helpOf(command: Command): string {
  let said = '';
  command.configureOutput({ writeOut: (text) => (said += text) }).outputHelp();
  return said;
}

const examplesIn = (help: string): string[] => (help.split('Examples:\n')[1] ?? '').trim().split('\n').map((line) => line.trim());

/** As a shell splits it; what a person would fill in is filled in. */
function argumentsOf(example: string): string[] {
  const typed = example.replace(/^.*?cli\/holdfast /, '').replaceAll('01k…', id).replaceAll('@address.json', '"Ada; 1 Road; Town; 1; GB"');
  return [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

describe.each(createProgram().commands.map((command) => ({ name: command.name(), command })))('the help of $name', ({ name, command }) => {
  const examples = examplesIn(helpOf(command));

  test('has examples that begin with the command', () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example).toMatch(new RegExp(`cli/holdfast (${[name, ...command.aliases()].join('|')})\\b`));
  });

  test('has examples that the command takes', async () => {
    for (const example of examples) {
      const program = createProgram();
      const taken: string[] = [];
      for (const one of program.commands) one.configureOutput({ writeErr: (text) => taken.push(text) }).action(() => void taken.push(one.name()));
      await program.parseAsync(argumentsOf(example), { from: 'user' }).catch(() => undefined);
      expect({ example, taken }).toEqual({ example, taken: [name] });
    }
  });
});
