/** Kills the workers again and again, at a certain moment after they were up each time, and counts what that hit. */
import { eventually } from './http.ts';
import type { Product } from './product.ts';

export interface Killer {
  readonly kills: number;
  /** Kills at a moment at which something was under way. */
  readonly hits: number;
  /** Resolves when the workers that were killed last are up again. */
  stop(): Promise<void>;
}

const restartPatienceMs = 120_000;

export interface KillerOptions {
  readonly product: Product;
  /** Called when they are up; they are killed when it resolves. */
  readonly moment: () => Promise<unknown>;
  /** No more kills after so many that hit something. */
  readonly hitsAtMost: number;
  /** How much is under way. */
  readonly inFlight: () => Promise<number>;
  /** Called after each kill, e.g. to kill something else, too. */
  readonly between?: (kills: number) => Promise<void>;
}

export function startKiller({ product, moment, hitsAtMost, inFlight, between }: KillerOptions): Killer {
  const counts = { kills: 0, hits: 0 };
  const stopped = new AbortController();
  // The pid is written when they are ready, so another one means that they are up again.
  const upAgain = async (killed: number | null): Promise<number> =>
    await eventually('the workers to be up again', async () => {
      const { workers } = (await product.info()).pids;
      return workers !== killed && workers !== null && workers;
    }, restartPatienceMs);
  const running = (async () => {
    let workers = await upAgain(null);
    while (!stopped.signal.aborted && counts.hits < hitsAtMost) {
      await moment();
      if (stopped.signal.aborted) return;
      const hit = (await inFlight()) > 0;
      process.kill(workers, 'SIGKILL');
      counts.kills += 1;
      if (hit) counts.hits += 1;
      await between?.(counts.kills);
      workers = await upAgain(workers);
    }
  })();
  running.catch(() => undefined);
  return {
    get kills() {
      return counts.kills;
    },
    get hits() {
      return counts.hits;
    },
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
