import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { sql } from 'kysely';
import { createOperationsActivities } from '../../activities/operations.ts';
import { newImportId, type FlowView, type ImportView } from '../../client/index.ts';
import { importWorkflowId } from '../../contracts/flows.ts';
import { importMessages } from '../../contracts/imports/flow.ts';
import { addFile, type NewImport } from '../../services/database/imports/create.ts';
import { findImport } from '../../services/database/imports/queries.ts';
import { startImportThrough } from '../../workers/tell.ts';
import { eventually } from '../support/http.ts';
import { openImportFiles, type ImportFiles } from '../support/import-files.ts';
import { startWorld, type World } from '../support/world.ts';

const header = 'external_id,email,first_name\n';

let world: World;
let files: ImportFiles;
beforeAll(async () => {
  files = await openImportFiles();
  world = await startWorld('import-flows', { storage: files.storage, importLoader: files.loader });
  await installRule();
});
beforeEach(() => files.cutInto(200));
// What a test has held must not keep the next one waiting.
afterEach(() => files.letAllGo());
afterAll(async () => {
  await sql`DROP TRIGGER IF EXISTS test_forbidden ON users`.execute(world.databases.write);
  await world.close();
  await files.close();
});

/** What the table does not take, whatever the dataset says of it: a rule that somebody added, say. */
async function installRule(): Promise<void> {
  const db = world.databases.write;
  await sql`CREATE TABLE IF NOT EXISTS test_forbidden (first_name text PRIMARY KEY)`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION test_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM test_forbidden WHERE first_name = NEW.first_name) THEN RAISE EXCEPTION 'a test asked for this: %', NEW.email USING ERRCODE = 'check_violation'; END IF;
      RETURN NEW;
    END $$`.execute(db);
  await sql`CREATE OR REPLACE TRIGGER test_forbidden BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION test_forbidden()`.execute(db);
}

async function forbid(firstName: string): Promise<() => Promise<void>> {
  await sql`INSERT INTO test_forbidden VALUES (${firstName})`.execute(world.databases.write);
  return async () => void (await sql`DELETE FROM test_forbidden WHERE first_name = ${firstName}`.execute(world.databases.write));
}

interface Batch {
  readonly name: string;
  readonly csv: string;
  /** How many of them are in the table. */
  stored(): Promise<number>;
}

/** A little over 50 bytes a row, so four or so are a chunk of 200. */
function people(count: number, firstName = (_index: number) => 'Ada'): Batch {
  const name = randomUUID().slice(0, 13);
  const rows = Array.from({ length: count }, (_, at) => `${name}-${String(at).padStart(6, '0')},p${at}@example.org,${firstName(at)}\n`);
  return {
    name,
    csv: header + rows.join(''),
    stored: async () => {
      const { count: stored } = await world.databases.write.selectFrom('users').select(({ fn }) => fn.countAll<number>().as('count')).where('tenant_id', '=', world.tenantId).where('external_id', 'like', `${name}-%`).executeTakeFirstOrThrow();
      return stored;
    },
  };
}

const begin = async (csv: string, options: Partial<NewImport> = {}, importId = newImportId()): Promise<string> => await files.begin(world, csv, options, importId);

const look = async (id: string): Promise<ImportView> => {
  const view = await findImport(world.databases.write, world.tenantId, id);
  if (view === undefined) throw new Error(`there is no ${id}`);
  return view;
};
const stands = async (id: string, status: ImportView['status'], patienceMs = 60_000): Promise<ImportView> => await eventually(`${id} to be ${status}`, async () => await look(id).then((view) => (view.status === status ? view : undefined)), patienceMs);
const completed = async (id: string): Promise<ImportView> => await stands(id, 'completed');
const flow = async (id: string): Promise<FlowView> => await world.holdfast.flows.get(importWorkflowId(id));
/** Its row is written first; the flow says so a moment later. */
const flowThatIs = async (id: string, status: string, businessStatus: string): Promise<FlowView> =>
  await eventually(`the flow of ${id} to be ${status}, ${businessStatus}`, async () => {
    const found = await flow(id);
    return found.status === status && found.businessStatus === businessStatus && found;
  });
const notices = async (id: string): Promise<{ template: string; audience: string; customer_id: string; data: unknown }[]> =>
  await world.databases.write.selectFrom('notifications').select(['template', 'audience', 'customer_id', 'data']).where('tenant_id', '=', world.tenantId).where('subject_id', '=', id).orderBy('template').execute();

describe('an import', () => {
  test('loads every row once, and tells that it is complete and that it has ended', async () => {
    const batch = people(40);
    const id = await begin(batch.csv, { requestedBy: 'ada' });
    const view = await completed(id);
    expect(view).toMatchObject({ progress: 100, rows: { total: 40, processed: 40, inserted: 40, updated: 0, rejected: 0 }, chunks: { pending: 0, failed: 0 } });
    expect(view.chunks.total).toBeGreaterThan(5);
    expect(await batch.stored()).toBe(40);
    const told = { audience: 'customer', customer_id: 'ada', data: expect.objectContaining({ status: 'completed', inserted: 40, summary: '40 rows: 40 inserted, 0 updated, 0 rejected.' }) };
    expect(await notices(id)).toEqual([{ ...told, template: 'import_completed' }, { ...told, template: 'import_ended' }]);
    expect(await flowThatIs(id, 'completed', 'completed')).toMatchObject({ summary: 'people.csv → users', progress: 100, step: 'Completed: 40 of 40 rows' });
  });

  test('leaves nothing of the rows in its history, rejected ones included', async () => {
    const id = await begin(`${header}secret-1,hidden@example.org,Zenobia\nsecret-2,not-an-address,Zenobia\n`);
    expect(await completed(id)).toMatchObject({ rows: { inserted: 1, rejected: 1 } });
    const history = historyToJSON(await world.client.workflow.getHandle(importWorkflowId(id)).fetchHistory());
    const text = history + [...history.matchAll(/"data":\s*"([^"]+)"/g)].map(([, data]) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
    expect(text).toContain(id);
    for (const secret of ['secret-', 'hidden', 'Zenobia', 'not-an-address']) expect(text).not.toContain(secret);
  });

  test('goes on as another run before its history gets long, and loads each row once', async () => {
    const batch = people(60);
    const id = newImportId();
    const held = files.hold(id, 5, 8);
    await begin(batch.csv, {}, id);
    const handle = world.client.workflow.getHandle(importWorkflowId(id));
    const first = (await handle.describe()).runId;
    await eventually('chunks to wait', () => Promise.resolve(held.waiting() === 4));
    // Each is an event; as many as hundreds of chunks have.
    while ((await handle.describe()).historyLength < 1_900) await Promise.all(Array.from({ length: 200 }, async () => await handle.signal(importMessages.filesAdded)));
    await world.holdfast.imports.pause(id);
    held.letGo();
    await eventually('another run', async () => (await handle.describe()).runId !== first);
    await stands(id, 'paused');
    await world.holdfast.imports.resume(id);
    expect(await completed(id)).toMatchObject({ rows: { total: 60, inserted: 60, updated: 0 } });
    expect(await batch.stored()).toBe(60);
    expect((await notices(id)).map(({ template }) => template)).toEqual(['import_completed', 'import_ended']);
    expect((await world.client.workflow.getHandle(importWorkflowId(id), first).describe()).status.name).toBe('CONTINUED_AS_NEW');
    expect(await flowThatIs(id, 'completed', 'completed')).toMatchObject({ progress: 100 });
  });

  test('picks up where it was when its flow was ended by force', async () => {
    const batch = people(60);
    const id = newImportId();
    const held = files.hold(id, 6);
    await begin(batch.csv, {}, id);
    await eventually('some chunks to be done', async () => (await look(id)).rows.processed > 0 && held.waiting() > 0);
    await world.client.workflow.getHandle(importWorkflowId(id)).terminate();
    held.letGo();
    await world.holdfast.imports.resume(id);
    expect(await completed(id)).toMatchObject({ rows: { total: 60, inserted: 60, updated: 0 } });
    expect(await batch.stored()).toBe(60);
  });

  test('whose flow was never started is started by the sweep', async () => {
    const batch = people(5);
    const id = await files.write(world, batch.csv);
    const sweep = createOperationsActivities({ databases: world.databases, startImport: startImportThrough(world.client) });
    expect(await look(id)).toMatchObject({ status: 'pending', progress: 0 });
    await sweep.startUnbegunImports();
    expect(await look(id)).toMatchObject({ status: 'pending' });
    await world.databases.write.updateTable('imports').set({ created_at: new Date(Date.now() - 120_000) }).where('id', '=', id).execute();
    expect(await sweep.startUnbegunImports()).toBeGreaterThan(0);
    expect(await completed(id)).toMatchObject({ rows: { inserted: 5 } });
  });

  test('of another tenant cannot be steered', async () => {
    const id = await begin(people(2).csv);
    const stranger = world.holdfast.forTenant('another-shop');
    for (const act of ['pause', 'resume', 'cancel', 'retry', 'filesAdded', 'get'] as const) await expect(stranger.imports[act](id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await completed(id);
  });
});

describe('pause', () => {
  test('begins no more chunks, waits for those that are being loaded, and lasts until resume', async () => {
    const batch = people(80);
    const id = newImportId();
    const held = files.hold(id, 4);
    await begin(batch.csv, {}, id);
    await eventually('four chunks to wait', () => Promise.resolve(held.waiting() === 4));
    await world.holdfast.flows.act(importWorkflowId(id), 'pause');
    const letGoAt = Date.now();
    held.letGo();
    const paused = await stands(id, 'paused');
    expect(Date.now() - letGoAt).toBeLessThan(10_000);
    const begun = held.begun();
    expect(paused.rate).toBeUndefined();
    await sleep(1_000);
    expect([held.begun(), await look(id)]).toEqual([begun, paused]);
    expect(await flowThatIs(id, 'running', 'paused')).toMatchObject({ step: expect.stringContaining('Paused') });
    await world.holdfast.flows.act(importWorkflowId(id), 'resume');
    expect(await completed(id)).toMatchObject({ rows: { inserted: 80 } });
    expect(await batch.stored()).toBe(80);
  });

  test('while the file is being inspected holds as well; what is in the file is found out all the same', async () => {
    const id = newImportId();
    const held = files.hold(id, 0);
    await begin(people(10).csv, {}, id);
    await eventually('the inspection to begin', () => Promise.resolve(held.waiting() === 1));
    await world.holdfast.imports.pause(id);
    await stands(id, 'paused', 10_000);
    held.letGo();
    const paused = await eventually('the plan', async () => await look(id).then((view) => (view.rows.total === 10 ? view : undefined)));
    expect(paused).toMatchObject({ status: 'paused', rows: { processed: 0 } });
    await world.holdfast.imports.resume(id);
    await completed(id);
  });

  test('of an import that has ended is refused', async () => {
    const id = await begin(people(2).csv);
    await completed(id);
    await world.client.workflow.getHandle(importWorkflowId(id)).result();
    for (const action of ['pause', 'resume', 'cancel'] as const) await expect(world.holdfast.flows.act(importWorkflowId(id), action)).rejects.toMatchObject({ code: 'import_closed' });
    await expect(world.holdfast.flows.act(importWorkflowId(id), 'retry')).rejects.toMatchObject({ code: 'nothing_to_resume' });
  });
});

describe('cancel', () => {
  test('ends within five seconds, also while the database keeps a chunk waiting, and says what is kept', async () => {
    files.cutInto(1_000);
    const batch = people(400);
    const [blocked = ''] = batch.csv.split('\n').slice(150, 151).map((row) => row.split(',')[0] ?? '');
    const db = world.databases.write;
    await db.insertInto('users').values({ tenant_id: world.tenantId, external_id: blocked, email: 'x@example.org', import_no: 0, import_position: 0 }).execute();
    const cancelled = await db.transaction().execute(async (tx) => {
      await sql`SET LOCAL idle_in_transaction_session_timeout = 0`.execute(tx);
      await tx.selectFrom('users').select('email').where('tenant_id', '=', world.tenantId).where('external_id', '=', blocked).forUpdate().execute();
      const id = await begin(batch.csv, { requestedBy: 'ada' });
      await eventually('all but one chunk to be done', async () => (await look(id)).chunks.pending === 1);
      const from = Date.now();
      await world.holdfast.flows.act(importWorkflowId(id), 'cancel');
      const view = await stands(id, 'cancelled');
      expect(Date.now() - from).toBeLessThan(5_000);
      return view;
    });
    const done = cancelled.chunks.total - 1;
    const kept = cancelled.rows.inserted;
    expect(cancelled).toMatchObject({ reason: 'cancelled', chunks: { pending: 1, failed: 0 }, report: { kept: { rows: kept, chunks: done }, summary: `Cancelled. ${kept} rows of ${done} chunks stay imported.` } });
    expect(cancelled.progress).toBeLessThan(100);
    // The row that stood in the way was there before.
    expect(await batch.stored()).toBe(kept + 1);
    expect(await notices(cancelled.id)).toEqual([{ template: 'import_ended', audience: 'customer', customer_id: 'ada', data: expect.objectContaining({ status: 'cancelled', keptRows: kept, keptChunks: done, summary: cancelled.report?.summary }) }]);
    await expect(world.holdfast.flows.act(importWorkflowId(cancelled.id), 'retry')).rejects.toMatchObject({ code: 'nothing_to_resume' });
  });

  test.each<[string, number, (id: string) => Promise<unknown>]>([
    ['before anything is loaded', 0, async (id) => await world.holdfast.imports.cancel(id)],
    ['as a workflow, in the middle', 3, async (id) => await world.client.workflow.getHandle(importWorkflowId(id)).cancel()],
  ])('%s ends it, too', async (_, from, cancel) => {
    const batch = people(60);
    const id = newImportId();
    const held = files.hold(id, from);
    await begin(batch.csv, {}, id);
    await eventually('something to wait', () => Promise.resolve(held.waiting() > 0));
    await cancel(id);
    const view = await stands(id, 'cancelled', 5_000);
    held.letGo();
    await sleep(300);
    expect(await look(id)).toEqual(view);
    expect(await batch.stored()).toBe(view.rows.inserted);
    expect(await world.client.workflow.getHandle(importWorkflowId(id)).result()).toMatchObject({ status: 'cancelled' });
  });

  test('while it is paused ends it', async () => {
    const id = newImportId();
    const held = files.hold(id, 1);
    await begin(people(60).csv, {}, id);
    await eventually('chunks to wait', () => Promise.resolve(held.waiting() > 0));
    await world.holdfast.imports.pause(id);
    held.letGo();
    await stands(id, 'paused');
    await world.holdfast.imports.cancel(id);
    await stands(id, 'cancelled', 5_000);
  });
});

describe('more files', () => {
  test('are taken in while it runs, and the progress never goes back', async () => {
    const [first, second, third] = [people(60), people(200), people(30)];
    const id = newImportId();
    const held = files.hold(id, 8, 8);
    await begin(first.csv, {}, id);
    const seen: number[] = [];
    const watched = new AbortController();
    const watching = (async () => {
      while (!watched.signal.aborted) {
        seen.push((await look(id)).progress);
        await sleep(10);
      }
    })();
    await eventually('some chunks to be done', async () => (await look(id)).rows.processed >= 20);
    await files.add(world, id, second.csv);
    await eventually('the second file to be known', async () => (await look(id)).rows.total === 260);
    const late = files.hold(id, 50);
    held.letGo();
    await eventually('most of it to be done', async () => (await look(id)).rows.processed > 150);
    expect(await files.add(world, id, third.csv)).toBe(true);
    late.letGo();
    const view = await completed(id);
    watched.abort();
    await watching;
    expect(view).toMatchObject({ rows: { total: 290, inserted: 290 }, files: [{ name: 'people.csv', rows: 60 }, { name: 'more.csv', rows: 200 }, { name: 'more.csv', rows: 30 }] });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(3);
    expect([await first.stored(), await second.stored(), await third.stored()]).toEqual([60, 200, 30]);
  });

  test('are refused when it has ended', async () => {
    const id = await begin(people(2).csv);
    await completed(id);
    const more = people(1);
    expect(await addFile(world.databases.write, { tenantId: world.tenantId, importId: id }, { key: `${world.tenantId}/imports/late`, bytes: 1 })).toMatchObject({ refused: 'import_closed' });
    expect(await files.add(world, id, more.csv)).toBe(false);
    expect((await look(id)).files).toHaveLength(1);
  });

  test('that come in the moment of its end are either taken in or refused, and never lost', async () => {
    for (let round = 0; round < 8; round += 1) {
      const more = people(3);
      const id = await begin(people(2).csv);
      await eventually('it to be nearly done', async () => (await look(id)).rows.processed === 2);
      const taken = await files.add(world, id, more.csv);
      expect(await completed(id)).toMatchObject({ rows: { total: taken ? 5 : 2 } });
      expect(await more.stored()).toBe(taken ? 3 : 0);
    }
  });

  test('of which one cannot be read do not stop the others, unless that is wished', async () => {
    for (const stopOnFailure of [false, true]) {
      const batch = people(40);
      const id = newImportId();
      const held = files.hold(id, 3, 3);
      await begin(batch.csv, { stopOnFailure }, id);
      await eventually('chunks to wait', () => Promise.resolve(held.waiting() > 0));
      await files.add(world, id, 'external_id,city\n1,Rome\n');
      await eventually('the second file to be refused', async () => (await look(id)).files[1]?.status === 'failed');
      if (!stopOnFailure) held.letGo();
      const view = await stands(id, stopOnFailure ? 'failed' : 'completed');
      expect(view.files[1]).toMatchObject({ status: 'failed', reason: 'header_invalid', line: 1, detail: expect.stringContaining('email') });
      if (stopOnFailure) expect(view).toMatchObject({ reason: 'header_invalid', line: 1 });
      else expect(view).toMatchObject({ rows: { total: 40, inserted: 40 } });
      expect((await notices(id)).map(({ template }) => template)).toContain('import_trouble');
    }
  });
});

describe('a chunk that cannot be loaded', () => {
  test('does not stop the others; retry loads just what is left', async () => {
    const allow = await forbid('Mallory');
    const batch = people(40, (at) => (at === 17 || at === 31 ? 'Mallory' : 'Ada'));
    const id = await begin(batch.csv);
    const view = await completed(id);
    expect(view).toMatchObject({ chunks: { pending: 0, failed: 2 }, progress: 100 });
    const lost = 40 - view.rows.processed;
    expect(await batch.stored()).toBe(40 - lost);
    expect(view.report).toMatchObject({ kept: { rows: 40 - lost, chunks: view.chunks.total - 2 }, failedChunks: [{ file: 1, reason: 'chunks_failed' }, { file: 1, reason: 'chunks_failed' }], summary: expect.stringContaining(`2 of ${view.chunks.total} chunks (${lost} rows) could not be loaded`) });
    expect(await notices(id)).toEqual([
      expect.objectContaining({ template: 'import_completed' }),
      expect.objectContaining({ template: 'import_ended' }),
      { template: 'import_trouble', audience: 'administrators', customer_id: id, data: { dataset: 'users', part: 'chunk', reason: 'chunks_failed', number: expect.any(Number) } },
    ]);
    await allow();
    const loadedBefore = view.chunks.total - 2;
    await world.holdfast.flows.act(importWorkflowId(id), 'retry');
    const whole = await eventually('the retry to end', async () => await look(id).then((found) => (found.status === 'completed' && found.chunks.failed === 0 ? found : undefined)));
    expect(whole).toMatchObject({ rows: { total: 40, processed: 40, inserted: 40, updated: 0 }, chunks: { total: loadedBefore + 2, failed: 0 }, report: { failedChunks: [] } });
    expect(await batch.stored()).toBe(40);
    expect(await flow(id)).toMatchObject({ summary: 'people.csv → users' });
    await expect(world.holdfast.flows.act(importWorkflowId(id), 'retry')).rejects.toMatchObject({ code: 'nothing_to_resume' });
  });

  test('stops the import if that is wished; retry goes on where it stopped', async () => {
    const allow = await forbid('Trudy');
    const batch = people(400, (at) => (at === 9 ? 'Trudy' : 'Ada'));
    const id = await begin(batch.csv, { stopOnFailure: true });
    const view = await stands(id, 'failed');
    expect(view).toMatchObject({ reason: 'chunks_failed', chunks: { failed: 1 } });
    expect(view.chunks.pending).toBeGreaterThan(50);
    expect(await batch.stored()).toBe(view.rows.inserted);
    await flowThatIs(id, 'failed', 'failed');
    await allow();
    await world.holdfast.imports.retry(id);
    expect(await completed(id)).toMatchObject({ rows: { inserted: 400, updated: 0 } });
    expect(await batch.stored()).toBe(400);
  });

  test('fails the import when there is no other', async () => {
    const allow = await forbid('Eve');
    const id = await begin(people(20, () => 'Eve').csv);
    expect(await stands(id, 'failed')).toMatchObject({ reason: 'chunks_failed', rows: { processed: 0 }, report: { kept: { rows: 0, chunks: 0 } } });
    await allow();
  });
});
