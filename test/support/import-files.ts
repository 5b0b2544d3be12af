/** Files to be imported, cut into chunks as small as a test wants, and chunks that wait until a test lets them go. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { newImportId } from '../../client/index.ts';
import { addFile, createImport, type NewImport } from '../../services/database/imports/create.ts';
import { createImportLoader, type ImportLoader } from '../../services/imports/load/index.ts';
import { inspectFile } from '../../services/imports/reading/index.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';
import { testStack } from './environment.ts';
import type { World } from './world.ts';

export interface Hold {
  letGo(): void;
  /** Chunks that have been begun, and have not been let go. */
  waiting(): number;
  begun(): number;
}

export interface ImportFiles {
  readonly storage: Storage;
  /** The real one, but that files are cut small and that it waits where a test holds it. */
  readonly loader: ImportLoader;
  /** Of the files that are inspected from now on. */
  cutInto(chunkBytes: number): void;
  /** These chunks wait; 0 is a file that is inspected. */
  hold(importId: string, from: number, to?: number): Hold;
  letAllGo(): void;
  /** Of so many attempts at this chunk nothing is heard any more, as if their worker had been killed. */
  silence(importId: string, seq: number, attempts: number): void;
  /** As the HTTP API does it: the file, then the rows. */
  write(world: World, csv: string, options?: Partial<NewImport>, importId?: string): Promise<string>;
  /** With its flow. */
  begin(world: World, csv: string, options?: Partial<NewImport>, importId?: string): Promise<string>;
  /** @returns whether it was taken in. */
  add(world: World, importId: string, csv: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function openImportFiles(): Promise<ImportFiles> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-imports-'));
  const storage = openStorage(`file:${folder}`);
  const real = createImportLoader({ databaseUrl: (await testStack()).databaseUrl, storageUrl: `file:${folder}`, threads: 2 });
  const held = new Map<string, { isHeld: (seq: number) => boolean; waiting: number; begun: number }>();
  const silent = new Map<string, number>();
  let chunkBytes = 200;

  const whileHeld = async (importId: string, seq: number, signal: AbortSignal | undefined): Promise<void> => {
    const hold = held.get(importId);
    if (hold === undefined) return;
    hold.begun += 1;
    hold.waiting += 1;
    try {
      while (hold.isHeld(seq)) await sleep(20, undefined, { ...(signal !== undefined && { signal }) });
    } finally {
      hold.waiting -= 1;
    }
  };

  const stored = async (world: World, csv: string): Promise<{ key: string; bytes: number }> => {
    const key = `${world.tenantId}/imports/file_${randomUUID()}`;
    const bytes = Buffer.from(csv);
    await storage.put(key, bytes, { contentType: 'text/csv' });
    return { key, bytes: bytes.length };
  };

  const files: ImportFiles = {
    storage,
    loader: {
      inspect: async (task, { signal } = {}) => {
        await whileHeld(task.copyKey.split('/')[2] ?? '', 0, signal);
        return await inspectFile({ ...task, storage, chunkBytes, signal });
      },
      load: async (task, options = {}) => {
        const chunk = `${task.importId} ${task.seq}`;
        const left = silent.get(chunk) ?? 0;
        if (left > 0) {
          silent.set(chunk, left - 1);
          await fallSilent();
        }
        await whileHeld(task.importId, task.seq, options.signal);
        return await real.load(task, options);
      },
      close: async () => await Promise.resolve(),
    },
    cutInto: (bytes) => void (chunkBytes = bytes),
    hold: (importId, from, to = Infinity) => {
      const hold = { isHeld: (seq: number) => seq >= from && seq <= to, waiting: 0, begun: 0 };
      held.set(importId, hold);
      return { letGo: () => void (hold.isHeld = () => false), waiting: () => hold.waiting, begun: () => hold.begun };
    },
    silence: (importId, seq, attempts) => void silent.set(`${importId} ${seq}`, attempts),
    letAllGo: () => {
      for (const hold of held.values()) hold.isHeld = () => false;
    },
    write: async (world, csv, options = {}, importId = newImportId()) => {
      const file = { ...(await stored(world, csv)), name: 'people.csv' };
      await createImport(world.databases.write, { tenantId: world.tenantId, importId, dataset: 'users', mapping: undefined, dryRun: false, stopOnFailure: false, requestedBy: undefined, file, ...options });
      return importId;
    },
    begin: async (world, csv, options = {}, importId = newImportId()) => {
      await files.write(world, csv, options, importId);
      await world.holdfast.imports.begin(importId, { dataset: 'users', fileName: 'people.csv', requestedBy: options.requestedBy });
      return importId;
    },
    add: async (world, importId, csv) => {
      const refusal = await addFile(world.databases.write, { tenantId: world.tenantId, importId }, { ...(await stored(world, csv)), name: 'more.csv' });
      if (refusal !== undefined) return false;
      await world.holdfast.imports.filesAdded(importId);
      return true;
    },
    close: async () => {
      files.letAllGo();
      await real.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return files;
}

/** Until long after it was given up; what it says then, nobody hears. */
async function fallSilent(): Promise<never> {
  const context = Context.current();
  Object.defineProperty(context, 'heartbeat', { value: () => undefined });
  // Until its worker stops, at most.
  await sleep(2 * (context.info.heartbeatTimeoutMs ?? 0), undefined, { signal: context.cancellationSignal });
  throw new Error('nobody hears this');
}
