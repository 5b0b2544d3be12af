/** The `holdfast` command: every subcommand in the order in which the help shows them. */
import { Command } from 'commander';
import { addBook, addWatch } from './commands/book.ts';
import { addCancel, addConfirm, addExtend, addReschedule, addResume } from './commands/change.ts';
import { addBookings, addFlows, addResources } from './commands/lists.ts';
import { addDoctor, addShowcase, addUp, addWorker } from './commands/stack.ts';
import { examples } from './options.ts';
import { safe, styled } from './text.ts';

const groups: readonly (readonly [heading: string, add: readonly ((program: Command) => void)[]])[] = [
  ['This machine:', [addUp, addDoctor, addShowcase, addWorker]],
  ['Bookings:', [addBook, addWatch, addConfirm, addExtend, addReschedule, addCancel, addResume]],
  ['Lists:', [addBookings, addResources, addFlows]],
];

/** Throws instead of exiting, so that the entry decides about the exit code. */
export function createProgram(): Command {
  const program = new Command('holdfast')
    .description('Bookings that always end: held, confirmed, or given back. Real flows on Temporal and PostgreSQL.')
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(add --help for examples)')
    .exitOverride()
    .configureHelp({ styleTitle: (title) => styled('bold', title) })
    .configureOutput({
      // The message repeats what was typed, which may have come from anywhere.
      outputError: (message, write) => write(`${styled('red', '✖', process.stderr)} ${message.replace(/^error: /, '').split('\n').map(safe).join('\n')}`),
    });
  for (const [heading, add] of groups) {
    program.commandsGroup(heading);
    for (const addCommand of add) addCommand(program);
  }
  examples(program, ['up', 'resources --tenant seaview', 'book room-harbour --tenant seaview --customer c-1 --from 2027-05-01 --to 2027-05-03 --watch']);
  return program.addHelpText('after', '\nSettings come from the environment (HOLDFAST_HOME, TEMPORAL_ADDRESS, …); `doctor` says what is wrong with them.');
}
