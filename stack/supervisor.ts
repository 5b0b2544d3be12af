/** All parts of one home together: leftovers of an earlier run, the order of stopping, and what is said about it. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { signalProcess, waitUntilGone, isAlive } from './identity.ts';
import { readJson } from './files.ts';
import type { Home } from './home.ts';
import { partNames, SupervisedProcess, runRecord, type PartName, type ProcessEvents, type ProcessSpec, type ReadyMessage } from './process.ts';

/**
 * Who stops when, counted from the first Ctrl-C. First the door, then the work, then what the work stands on. The
 * workers' own force time (contracts/task-queues.ts) is 8 s; everything together ends within 15 s.
 */
const killedAfterMs: Readonly<Record<PartName, number>> = { api: 2_000, workers: 10_500, sandbox: 10_700, ui: 11_000, temporal: 13_000, postgres: 14_300 };
const stopOrder = partNames.toSorted((one, other) => killedAfterMs[one] - killedAfterMs[other]);

export class Supervisor {
  readonly #home: Home;
  readonly #events: ProcessEvents;
  readonly #parts = new Map<PartName, SupervisedProcess>();
  #stopping: Promise<void> | undefined;

  constructor(home: Home, events: ProcessEvents) {
    this.#home = home;
    this.#events = events;
  }

  async start(spec: ProcessSpec): Promise<ReadyMessage> {
    if (this.#stopping !== undefined) throw new Error('The stack is stopping.');
    const part = new SupervisedProcess(spec, this.#home.run, this.#events);
    this.#parts.set(spec.name, part);
    return await part.start();
  }

  pid(name: PartName): number | null {
    return this.#parts.get(name)?.pid ?? null;
  }

  /** Stops every part, in order, within 15 s. Calling it again waits for the same stop. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    await this.#stopping;
  }

  async #stopInOrder(): Promise<void> {
    const began = Date.now();
    for (const part of stopOrder) {
      const process = this.#parts.get(part);
      if (process === undefined) continue;
      const partBegan = Date.now();
      const killed = await process.stop(began + killedAfterMs[part]);
      process.spec.log.event('stopped', { ms: Date.now() - partBegan, killed });
      if (killed) this.#events.onLine(`${part} did not stop in time and was killed`);
    }
  }

  killAll(): void {
    for (const part of this.#parts.values()) part.killNow();
  }
}

/**
 * Stops what an earlier run left behind when it was killed itself. Only a process whose start time is the recorded one
 * is touched; a pid that went to someone else is left alone.
 */
export async function stopLeftovers(home: Home, onLine: (line: string) => void): Promise<void> {
  const files = readdirSync(home.run).filter((file) => file.endsWith('.json')).map((file) => join(home.run, file));
  const records = files.map((file) => readJson(file, runRecord)).filter((record) => record !== undefined).filter((record) => isAlive(record));
  const stopOne = async (record: (typeof records)[number]): Promise<void> => {
    onLine(`stopping ${record.part} (pid ${record.pid}), left over from a run that was killed`);
    signalProcess(record, record.stopSignal);
    if (await waitUntilGone(record, 4_000)) return;
    signalProcess(record, 'SIGKILL');
    await waitUntilGone(record, 4_000);
  };
  // The database goes last: what still runs on it may want to finish writing.
  await Promise.all(records.filter((record) => record.part !== 'postgres').map(stopOne));
  await Promise.all(records.filter((record) => record.part === 'postgres').map(stopOne));
  for (const file of files) rmSync(file, { force: true });
}
