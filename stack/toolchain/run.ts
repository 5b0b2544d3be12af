/** Runs a tool that takes a while, so that its output drives the progress line and Ctrl-C ends it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '../errors.ts';

export interface ToolResult {
  readonly ok: boolean;
  /** The last lines it said, for a message about why it failed. */
  readonly tail: readonly string[];
  readonly output: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: (line: string) => void;
}

export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  return await new Promise((resolve) => {
    const lines: string[] = [];
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.signal !== undefined && { signal: options.signal }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > 200) lines.shift();
        options.onLine?.(line);
      });
    }
    const finish = (ok: boolean): void => { resolve({ ok, tail: lines.slice(-8), output: lines.join('\n') }); };
    child.once('error', (error) => {
      lines.push(messageOf(error));
      finish(false);
    });
    child.once('close', (code) => { finish(code === 0); });
  });
}

/** The program's full path, if the PATH has it. */
export function findOnPath(program: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of names) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}
