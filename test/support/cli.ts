/** The `holdfast` command as a person types it: a process of its own, its streams and its exit code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from './http.ts';

const root = path.resolve(import.meta.dirname, '../..');
const entry = path.join(root, 'cli/main.ts');
const terminal = path.join(root, 'test/support/terminal.ts');

/** The home of the stack that `npm test` has started. */
export const testHome = (): string => path.dirname(process.env['HOLDFAST_TEST_STACK'] ?? '');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until standard output or standard error has it. */
  until(text: string | RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Makes the command believe that its output is a terminal. */
  readonly onTerminal?: boolean;
}

/** Nothing of whoever runs the tests gets in: neither their settings nor their colours. */
function environmentOf({ environment = {} }: CliOptions): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm-256color', HOLDFAST_HOME: testHome(), ...environment };
}

/** Starts the command and leaves it running. */
export function start(args: readonly string[], options: CliOptions = {}): Running {
  const preload = options.onTerminal === true ? ['--import', terminal] : [];
  const child = spawn(process.execPath, [...preload, entry, ...args], { cwd: root, env: environmentOf(options), stdio: ['ignore', 'pipe', 'pipe'] });
  return follow(child);
}

/** A line that was printed for a person to paste, pasted. */
export function paste(line: string, options: CliOptions = {}): Running {
  return follow(spawn('sh', ['-c', line], { cwd: root, env: environmentOf(options), stdio: ['ignore', 'pipe', 'pipe'] }));
}

function follow(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    until: async (text) => {
      const there = (): boolean => [stdout, stderr].some((said) => (typeof text === 'string' ? said.includes(text) : text.test(said)));
      await eventually(`"${String(text)}" to be said`, () => {
        if (!there() && child.exitCode !== null) throw new Error(`it ended (${child.exitCode}) before it said ${String(text)}:\n${stdout}\n${stderr}`);
        return Promise.resolve(there());
      }, 60_000);
    },
  };
}

export async function cli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return await start(args, options).ended;
}

/** Runs a command that must succeed. */
export async function done(...args: string[]): Promise<string> {
  const ended = await cli(args);
  if (ended.code !== 0) throw new Error(`holdfast ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`);
  expect(ended.stderr).toBe('');
  return ended.stdout;
}

/** What a refusal looks like: one line what happened, one line what to do, and no stack trace. */
export function expectRefusal({ code, stdout, stderr }: Ended, what: string | RegExp, remedy: string | RegExp): void {
  const [first, second, ...rest] = stderr.split('\n');
  expect({ code, stdout, rest }).toEqual({ code: 1, stdout: '', rest: [''] });
  expect(first).toMatch(/^✖ /);
  expect(first).toMatch(what);
  expect(second).toMatch(/^ {2}\S/);
  expect(second).toMatch(remedy);
  expect(stderr).not.toMatch(stackTrace);
}

export const stackTrace = /^\s+at .+(:\d+:\d+|node:internal)/m;

// oxlint-disable-next-line no-control-regex -- the point of the expression
export const controlCharacters = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u;
