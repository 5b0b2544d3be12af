/**
 * How much memory is in use. What the collector has not come to yet is no use, and when it comes is its own affair: it is
 * made to come first, so the number says what the code holds on to and nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Objects and buffers of this process. Takes a few hundredths of a second. */
export function aliveBytes(): number {
  collect();
  // What a buffer had is given back by the collection after the one that found it dead.
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export interface Watched<Result> {
  readonly result: Result;
  /** Over what there was before. */
  readonly mostBytes: number;
  /** How often somebody looked while it went on. */
  readonly looks: number;
}

/** What is short is looked at soon, and what takes long is not held up. */
const shortestPauseMs = 20;
const longestPauseMs = 200;

/** The most that is alive while something goes on: looked at whenever it leaves this thread, with a short pause in between. */
export async function mostAlive<Result>(work: () => Promise<Result>): Promise<Watched<Result>> {
  const before = aliveBytes();
  let most = before;
  let looks = 0;
  const done = new AbortController();
  const looking = (async () => {
    while (!done.signal.aborted) {
      await sleep(Math.min(shortestPauseMs * (looks + 1), longestPauseMs));
      most = Math.max(most, aliveBytes());
      looks += 1;
    }
  })();
  try {
    const result = await work();
    most = Math.max(most, aliveBytes());
    looks += 1;
    return { result, mostBytes: most - before, looks };
  } finally {
    done.abort();
    await looking;
  }
}
