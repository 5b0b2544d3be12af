/** One history of each way an import can go. */
import { newImportId } from '../../client/index.ts';
import { importWorkflowId } from '../../contracts/flows.ts';
import { importMessages } from '../../contracts/imports/flow.ts';
import { policies } from '../../contracts/task-queues.ts';
import type { NewImport } from '../../services/database/imports/create.ts';
import { findImport } from '../../services/database/imports/queries.ts';
import { eventually } from '../support/http.ts';
import { openImportFiles, type Hold } from '../support/import-files.ts';
import { startWorld } from '../support/world.ts';
import { writerOf } from './write.ts';

const header = 'external_id,email\n';
const rows = (count: number): string => header + Array.from({ length: count }, (_, at) => `u-${String(at).padStart(40, '0')},p${at}@example.org\n`).join('');
/** A run goes on as another after fewer than two thousand events. */
const manyEvents = 1_900;
const attempts = policies.loadChunk.retry?.maximumAttempts ?? 0;

export async function recordImports(): Promise<void> {
  const files = await openImportFiles();
  const world = await startWorld('histories', { storage: files.storage, importLoader: files.loader });
  const write = writerOf(world.client);
  const { imports } = world.holdfast;
  const waiting = async (held: Hold): Promise<void> => void (await eventually('something to wait', () => Promise.resolve(held.waiting() > 0)));
  const became = async (id: string, status: string): Promise<void> => void (await eventually(`${id} to be ${status}`, async () => (await findImport(world.databases.write, world.tenantId, id))?.status === status));

  const record = async (name: string, csv: string, { before, then, from = Infinity, ...options }: Partial<NewImport> & { from?: number; before?: (id: string) => void; then?: (id: string, held: Hold) => Promise<unknown> } = {}): Promise<void> => {
    const id = newImportId();
    const held = files.hold(id, from);
    before?.(id);
    await files.begin(world, csv, options, id);
    await then?.(id, held);
    await write(`import-${name}`, importWorkflowId(id));
  };

  await record('completed', `${rows(30)}no-address,here\n`, { requestedBy: 'ada' });
  await record('failed', 'external_id,city\n1,Rome\n');
  await record('cancelled', rows(40), {
    from: 3,
    then: async (id, held) => {
      await waiting(held);
      await imports.cancel(id);
    },
  });
  await record('paused-then-completed-with-another-file', rows(40), {
    from: 4,
    then: async (id, held) => {
      await waiting(held);
      await imports.pause(id);
      held.letGo();
      await became(id, 'paused');
      await files.add(world, id, rows(3));
      await imports.resume(id);
    },
  });
  await record('continued', rows(30), {
    from: 5,
    then: async (id, held) => {
      const handle = world.client.workflow.getHandle(importWorkflowId(id));
      await waiting(held);
      while ((await handle.describe()).historyLength < manyEvents) await Promise.all(Array.from({ length: 200 }, async () => await handle.signal(importMessages.filesAdded)));
      held.letGo();
    },
  });

  // Whatever is heard of nobody is begun again, but not for ever: the first chunk is loaded by the seventh attempt, the second is given up after eighteen.
  await record('silent-then-begun-again', rows(8), {
    before: (id) => {
      files.silence(id, 1, attempts);
      files.silence(id, 2, 3 * attempts);
    },
  });

  // Its files are gone, so no chunk can be loaded.
  const id = await files.write(world, rows(8), { stopOnFailure: true });
  const held = files.hold(id, 1);
  await imports.begin(id, { dataset: 'users' });
  await waiting(held);
  const stored = await world.databases.write.selectFrom('import_files').select('key').where('import_id', '=', id).executeTakeFirstOrThrow();
  await files.storage.remove(stored.key);
  held.letGo();
  await write('import-stopped-on-failure', importWorkflowId(id));
  await imports.retry(id);
  await write('import-retried', importWorkflowId(id));

  await world.close();
  await files.close();
}
