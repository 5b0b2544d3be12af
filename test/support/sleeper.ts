/** Harmless processes of a test's own, to be stopped or left alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Sleeper {
  readonly pid: number;
  /** The signal that ended it, if any has. */
  readonly endedBy: () => NodeJS.Signals | null;
  readonly ended: Promise<unknown>;
}

const ends: (() => Promise<void>)[] = [];

export async function sleeper(): Promise<Sleeper> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  ends.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { pid: child.pid ?? 0, endedBy: () => child.signalCode, ended };
}

/** For `afterEach`: none stays behind. */
export async function endSleepers(): Promise<void> {
  await Promise.all(ends.splice(0).map(async (end) => await end()));
}
