/** Runs a program to its end. */
import { execFile } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  /** Both streams, for a person to read. */
  readonly said: string;
  readonly stdout: string;
}

export async function run(program: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Outcome> {
  return await new Promise((resolve) => {
    execFile(program, args, { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, said: `${stdout}\n${stderr}`.trim(), stdout });
    });
  });
}

/** @throws with everything the program said, so that a failing test shows the reason. */
export async function runWell(program: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<string> {
  const { code, said, stdout } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${said}`);
  return stdout;
}
