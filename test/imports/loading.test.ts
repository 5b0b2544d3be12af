import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { isUnavailable } from '../../services/database/errors.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createImportLoader, type ImportLoader } from '../../services/imports/load/index.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { chunksOf, openDesk, rejectsOf, writeImport, type Desk, type WrittenImport } from '../support/imports.ts';

// Of this run: what the one before left in a stack that goes on is none of its affair.
const tenantId = `import-loading-${randomUUID()}`;
const otherTenant = `${tenantId}-b`;
const applicationName = tenantId.slice(0, 60);
const header = 'external_id,email,first_name,last_name,city,birth_date,credit';

let databases: Databases;
let desk: Desk;
let databaseUrl: string;
let loader: ImportLoader;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
  await createTenant(databases, otherTenant);
  desk = await openDesk(databases);
  const url = new URL((await testStack()).databaseUrl);
  // So that its sessions can be told from those of other tests.
  url.searchParams.set('application_name', applicationName);
  databaseUrl = url.href;
  loader = createImportLoader({ databaseUrl, storageUrl: desk.storageUrl, threads: 2 });
});
afterAll(async () => {
  await loader.close();
  await databases.close();
});

let made = 0;
const prefix = (): string => `k${(made++).toString(36)}-`;
const ada = (id: string, credit = '12.50', city = 'London'): string => `${id},ada@example.com,Ada,Lovelace,${city},1985-12-10,${credit}`;
const load = async (importId: string, seq: number, of = tenantId) => await loader.load({ tenantId: of, importId, seq });
const written = async (chunks: readonly (readonly string[])[], rest: Partial<WrittenImport> = {}): Promise<string> => await writeImport(desk, { tenantId, dataset: 'users', header, chunks, ...rest });
const loaded = (inserted: number, updated: number, rejected = 0) => ({ outcome: 'loaded', inserted, updated, rejected });

async function usersOf(keys: string, of = tenantId) {
  const { rows } = await sql<{ id: string; email: string; first_name: string | null; last_name: string | null; city: string | null; birth_date: string | null; credit_minor: number | null }>`
    SELECT external_id AS id, email, first_name, last_name, city, birth_date::text, credit_minor FROM users
    WHERE tenant_id = ${of} AND starts_with(external_id, ${keys}) ORDER BY external_id`.execute(databases.write);
  return rows;
}
const creditsOf = async (keys: string, of = tenantId) => Object.fromEntries((await usersOf(keys, of)).map(({ id, credit_minor }) => [id.slice(keys.length), credit_minor]));

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Sessions of the loader that wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = ${applicationName} AND wait_event_type = 'Lock'`.execute(databases.write);
  return rows[0]?.n ?? 0;
}

describe('a chunk', () => {
  test('becomes rows of its table, with every value as it was meant', async () => {
    const k = prefix();
    const importId = await written([[`${k}1,ada@example.com,Ada,Lovelace,London,1985-12-10,12.5`, `${k}2,back\\slash@example.com,,Tab \\t O'Neill,"São, ""Paulo""",,`, `${k}3,grace@example.com, Grace ,"",,2000-02-29,0`]]);
    expect(await load(importId, 1)).toEqual(loaded(2, 0, 1));
    expect(await usersOf(k)).toEqual([
      { id: `${k}1`, email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace', city: 'London', birth_date: '1985-12-10', credit_minor: 1250 },
      { id: `${k}3`, email: 'grace@example.com', first_name: 'Grace', last_name: null, city: null, birth_date: '2000-02-29', credit_minor: 0 },
    ]);
    const again = await written([[`${k}2,b@example.com,Back\\slash,Tab \\t O'Neill,"São, ""Paulo""",,`]]);
    await load(again, 1);
    expect((await usersOf(`${k}2`))[0]).toMatchObject({ first_name: 'Back\\slash', last_name: "Tab \\t O'Neill", city: 'São, "Paulo"', birth_date: null, credit_minor: null });
  });

  test('that is loaded twice, one after the other or at once, counts once', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}1`), ada(`${k}2`), 'x,not an address,,,,,']]);
    const answers = await Promise.all([load(importId, 1), load(importId, 1)]);
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(['already', 'loaded']);
    expect(await load(importId, 1)).toEqual({ outcome: 'already', inserted: 2, updated: 0, rejected: 1 });
    expect(await chunksOf(desk, tenantId, importId)).toEqual([{ seq: 1, status: 'done', inserted: 2, updated: 0, rejected: 1 }]);
    expect(await rejectsOf(desk, tenantId, importId)).toHaveLength(1);
  });

  test.each(['new', 'stored'])('that is stopped while it writes %s rows leaves nothing, and can be loaded after that', async (kind) => {
    const k = prefix();
    if (kind === 'stored') await load(await written([[ada(`${k}1`, '1'), ada(`${k}2`, '1')]]), 1);
    const before = await creditsOf(k);
    const importId = await written([[ada(`${k}1`, '5'), ada(`${k}2`, '5'), 'bad,row,,,,,']]);
    const stop = new AbortController();
    const reason = new Error('cancelled by the test');
    await databases.write.transaction().execute(async (tx) => {
      await (kind === 'new'
        ? sql`INSERT INTO users (tenant_id, external_id, email, import_no, import_position) VALUES (${tenantId}, ${`${k}2`}, 'held@example.com', 0, 0)`.execute(tx)
        : sql`SELECT FROM users WHERE tenant_id = ${tenantId} AND external_id = ${`${k}2`} FOR UPDATE`.execute(tx));
      const loading = loader.load({ tenantId, importId, seq: 1 }, { signal: stop.signal });
      const refused = expect(loading).rejects.toBe(reason);
      await until(async () => (await waiting()) === 1);
      const at = performance.now();
      stop.abort(reason);
      await refused;
      expect(performance.now() - at).toBeLessThan(5_000);
      await until(async () => (await waiting()) === 0);
      if (kind === 'new') await sql`DELETE FROM users WHERE tenant_id = ${tenantId} AND external_id = ${`${k}2`}`.execute(tx);
    });
    expect(await creditsOf(k)).toEqual(before);
    expect(await rejectsOf(desk, tenantId, importId)).toEqual([]);
    expect(await chunksOf(desk, tenantId, importId)).toMatchObject([{ status: 'pending' }]);
    expect(await load(importId, 1)).toEqual(kind === 'new' ? loaded(2, 0, 1) : loaded(0, 2, 1));
    expect(await creditsOf(k)).toEqual({ 1: 500, 2: 500 });
  });

  test('whose thread is killed while it writes leaves nothing', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}1`), ada(`${k}2`), 'bad,row,,,,,']]);
    const doomed = createImportLoader({ databaseUrl, storageUrl: desk.storageUrl, threads: 1 });
    await databases.write.transaction().execute(async (tx) => {
      await sql`INSERT INTO users (tenant_id, external_id, email, import_no, import_position) VALUES (${tenantId}, ${`${k}2`}, 'held@example.com', 0, 0)`.execute(tx);
      const refused = expect(doomed.load({ tenantId, importId, seq: 1 })).rejects.toThrow();
      await until(async () => (await waiting()) === 1);
      await doomed.close();
      await refused;
      await until(async () => (await waiting()) === 0);
      await sql`DELETE FROM users WHERE tenant_id = ${tenantId} AND external_id = ${`${k}2`}`.execute(tx);
    });
    expect(await usersOf(k)).toEqual([]);
    expect(await rejectsOf(desk, tenantId, importId)).toEqual([]);
    expect(await load(importId, 1)).toEqual(loaded(2, 0, 1));
  });

  test('that is stopped leaves the others of its thread alone', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}held`)], [ada(`${k}1`)]]);
    const one = createImportLoader({ databaseUrl, storageUrl: desk.storageUrl, threads: 1 });
    const stop = new AbortController();
    await databases.write.transaction().execute(async (tx) => {
      await tx.selectFrom('import_chunks').select('seq').where('import_id', '=', importId).forUpdate().execute();
      const [stopped, other] = [one.load({ tenantId, importId, seq: 1 }, { signal: stop.signal }), one.load({ tenantId, importId, seq: 2 })];
      const refused = expect(stopped).rejects.toThrow('enough');
      await until(async () => (await waiting()) === 2);
      stop.abort(new Error('enough'));
      await refused;
      await until(async () => (await waiting()) === 1);
      return { other };
    }).then(async ({ other }) => expect(await other).toEqual(loaded(1, 0)));
    await one.close();
    expect((await usersOf(k)).map(({ id }) => id)).toEqual([`${k}1`]);
  });

  test('is not loaded any more once its import has ended or it was given up', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}1`)], [ada(`${k}2`)]]);
    await databases.write.updateTable('import_chunks').set({ status: 'failed', error: 'internal_error' }).where('import_id', '=', importId).where('seq', '=', 1).execute();
    await databases.write.updateTable('imports').set({ status: 'cancelled', ended_at: new Date() }).where('id', '=', importId).execute();
    const closed = { outcome: 'closed', inserted: 0, updated: 0, rejected: 0 };
    expect([await load(importId, 1), await load(importId, 2)]).toEqual([closed, closed]);
    expect(await usersOf(k)).toEqual([]);
  });

  test('that waits while its import ends is not loaded', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}1`)]]);
    const loading = await databases.write.transaction().execute(async (tx) => {
      await tx.selectFrom('import_chunks').select('seq').where('import_id', '=', importId).forUpdate().execute();
      const loading = load(importId, 1);
      await until(async () => (await waiting()) === 1);
      await tx.updateTable('imports').set({ status: 'cancelled', ended_at: new Date() }).where('id', '=', importId).execute();
      return { loading };
    });
    expect(await loading.loading).toMatchObject({ outcome: 'closed' });
    expect(await usersOf(k)).toEqual([]);
  });

  test('that meets somebody in a deadlock is loaded all the same', async () => {
    const k = prefix();
    await load(await written([[ada(`${k}a`, '1'), ada(`${k}b`, '1')]]), 1);
    const importId = await written([[ada(`${k}a`, '2'), ada(`${k}b`, '2')]]);
    const touch = (id: string) => sql`UPDATE users SET city = 'Paris' WHERE tenant_id = ${tenantId} AND external_id = ${k + id}`;
    const { loading } = await databases.write.transaction().execute(async (tx) => {
      await touch('b').execute(tx);
      const loading = load(importId, 1);
      await until(async () => (await waiting()) === 1);
      await touch('a').execute(tx);
      return { loading };
    });
    expect(await loading).toEqual(loaded(0, 2));
    expect(await creditsOf(k)).toEqual({ a: 200, b: 200 });
  });

  test('says what kept it from being loaded: the file is gone, the database is away', async () => {
    const importId = await written([[ada(prefix())]]);
    await desk.storage.remove(`${tenantId}/imports/${importId}-1`);
    await expect(load(importId, 1)).rejects.toMatchObject({ name: 'MissingFile' });
    const elsewhere = createImportLoader({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', storageUrl: desk.storageUrl, threads: 1 });
    const error: unknown = await elsewhere.load({ tenantId, importId, seq: 1 }).catch((error: unknown) => error);
    await elsewhere.close();
    expect(isUnavailable(error)).toBe(true);
  });
});

describe('rejected rows', () => {
  test('are kept with their line, the reason for each field, and the fields as they were', async () => {
    const k = prefix();
    const importId = await written([
      [ada(`${k}1`), `${k}2, ,Ada,,,1985-02-30,1.234`, `,ada@example.com,${'x'.repeat(101)},,,2999-01-01,-1`],
      [`${k}4,ada@example.com,"two\nlines",,,,`, `${k}5,ada@example.com`, `${k}6,"a"b,,,,,`],
    ]);
    expect([await load(importId, 2), await load(importId, 1)]).toEqual([loaded(0, 0, 3), loaded(1, 0, 2)]);
    expect(await rejectsOf(desk, tenantId, importId)).toEqual([
      { file_no: 1, line: 3, reason: 'email: is missing; birth_date: is no date like 1990-12-31; credit: is no amount like 12.50, zero or more', fields: [`${k}2`, ' ', 'Ada', '', '', '1985-02-30', '1.234'] },
      { file_no: 1, line: 4, reason: 'external_id: is missing; first_name: is longer than 100 characters; birth_date: is in the future; credit: is no amount like 12.50, zero or more', fields: ['', 'ada@example.com', 'x'.repeat(101), '', '', '2999-01-01', '-1'] },
      { file_no: 1, line: 5, reason: 'first_name: must not contain control characters', fields: [`${k}4`, 'ada@example.com', 'two\nlines', '', '', '', ''] },
      { file_no: 1, line: 7, reason: expect.stringContaining('2 fields'), fields: [`${k}5`, 'ada@example.com'] },
      { file_no: 1, line: 8, reason: expect.stringContaining('quote'), fields: expect.anything() },
    ]);
  });

  test('keep what PostgreSQL cannot: NUL, tabs and backslashes', async () => {
    const importId = await written([['a\u0000b,\t,\\N,,,,']]);
    expect(await load(importId, 1)).toEqual(loaded(0, 0, 1));
    expect(await rejectsOf(desk, tenantId, importId)).toMatchObject([{ line: 2, fields: ['a\u0000b', '\t', '\\N', '', '', '', ''] }]);
  });
});

describe('rows of one key', () => {
  test('in one chunk: the later line wins, the others count as updates', async () => {
    const k = prefix();
    expect(await load(await written([[ada(`${k}b`, '1'), ada(`${k}a`, '2'), ada(`${k}b`, '3'), ada(`${k}b`, '4')]]), 1)).toEqual(loaded(2, 2));
    expect(await creditsOf(k)).toEqual({ a: 200, b: 400 });
    expect(await load(await written([[ada(`${k}b`, '5'), ada(`${k}a`, '6'), ada(`${k}b`, '7')]]), 1)).toEqual(loaded(0, 3));
    expect(await creditsOf(k)).toEqual({ a: 600, b: 700 });
  });

  test('in two chunks: the later line wins although it is loaded first', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}a`, '1'), ada(`${k}b`, '1')], [ada(`${k}b`, '2'), ada(`${k}c`, '2')]]);
    expect([await load(importId, 2), await load(importId, 1)]).toEqual([loaded(2, 0), loaded(1, 1)]);
    expect(await creditsOf(k)).toEqual({ a: 100, b: 200, c: 200 });
  });

  test('in two files: the later file wins, at whatever line', async () => {
    const k = prefix();
    const importId = await written([[ada('x-filler'), ada('x-filler'), ada(`${k}a`, '1')]]);
    await written([[ada(`${k}a`, '2')]], { importId, fileNo: 2 });
    await load(importId, 2);
    await load(importId, 1);
    expect(await creditsOf(k)).toEqual({ a: 200 });
  });

  test('in two imports: the later import wins, though an earlier one is tried again', async () => {
    const k = prefix();
    const earlier = await written([[ada(`${k}a`, '1')]]);
    const later = await written([[ada(`${k}a`, '2')]]);
    expect([await load(later, 1), await load(earlier, 1)]).toEqual([loaded(1, 0), loaded(0, 1)]);
    expect(await creditsOf(k)).toEqual({ a: 200 });
  });

  test('in a chunk that is not sorted by key, and in the sorted one after it', async () => {
    const k = prefix();
    const importId = await written([[ada(`${k}c`, '1'), ada(`${k}a`, '1'), ada(`${k}b`, '1'), ada(`${k}a`, '2')], [ada(`${k}d`, '3'), ada(`${k}e`, '3')]]);
    expect([await load(importId, 1), await load(importId, 2)]).toEqual([loaded(3, 1), loaded(2, 0)]);
    expect(await creditsOf(k)).toEqual({ a: 200, b: 100, c: 100, d: 300, e: 300 });
  });

  test('in many chunks that are loaded at once, in opposite orders, make no row too many', async () => {
    const k = prefix();
    const ids = Array.from({ length: 300 }, (_, n) => `${k}${n}`);
    const chunks = Array.from({ length: 6 }, (_, chunk) => (chunk % 2 === 0 ? ids : ids.toReversed()).map((id) => ada(id, String(chunk))));
    const importId = await written(chunks);
    const answers = await Promise.all(chunks.map(async (_, at) => await load(importId, at + 1)));
    expect(answers.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(300);
    expect(answers.reduce((sum, { updated }) => sum + updated, 0)).toBe(1_500);
    expect([...new Set(Object.values(await creditsOf(k)))]).toEqual([500]);
  });

  test('of two tenants have nothing to do with each other', async () => {
    const k = prefix();
    await load(await written([[ada(`${k}a`, '1')]], { tenantId: otherTenant }), 1, otherTenant);
    expect(await load(await written([[ada(`${k}a`, '2')]]), 1)).toEqual(loaded(1, 0));
    expect(await load(await written([[ada(`${k}a`, '3')]]), 1)).toEqual(loaded(0, 1));
    expect([await creditsOf(k), await creditsOf(k, otherTenant)]).toEqual([{ a: 300 }, { a: 100 }]);
  });
});

test('an update leaves what the file has no column for, and clears what it has an empty field for', async () => {
  const k = prefix();
  await load(await written([[ada(`${k}1`, '5'), ada(`${k}2`, '5')]]), 1);
  const importId = await written([[`,new@example.com,${k}1`, `Prague,new@example.com,${k}2`, `Oslo,new@example.com,${k}3`]], { header: 'Town,E-Mail,External ID' });
  expect(await load(importId, 1)).toEqual(loaded(1, 2));
  expect(await usersOf(k)).toMatchObject([
    { email: 'new@example.com', first_name: 'Ada', city: null, credit_minor: 500 },
    { email: 'new@example.com', first_name: 'Ada', city: 'Prague', credit_minor: 500 },
    { email: 'new@example.com', first_name: null, city: 'Oslo', credit_minor: null },
  ]);
});

describe('a dry run', () => {
  test('counts like the real one, keys that come again in another chunk included, and changes nothing', async () => {
    const k = prefix();
    await load(await written([[ada(`${k}a`, '1')]]), 1);
    const chunks = [[ada(`${k}a`, '2'), ada(`${k}b`), 'no,good,,,,,'], [ada(`${k}b`), ada(`${k}c`), ada(`${k}c`)]];
    const dry = await written(chunks, { dryRun: true });
    const counted = [await load(dry, 1), await load(dry, 2)];
    expect(await creditsOf(k)).toEqual({ a: 100 });
    expect(await rejectsOf(desk, tenantId, dry)).toMatchObject([{ line: 4, fields: ['no', 'good', '', '', '', '', ''] }]);
    const real = await written(chunks);
    expect(counted).toEqual([await load(real, 1), await load(real, 2)]);
    expect(counted).toEqual([loaded(1, 1, 1), loaded(1, 2)]);
  });
});

describe('any table of rows', () => {
  const row = fc.record({ key: fc.integer({ min: 0, max: 7 }), credit: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 99 }) }, { weight: 1, arbitrary: fc.constant('many') }) });
  const table = fc.array(fc.array(row, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 });

  test('is loaded like a plain list is, cut into chunks and loaded in whatever order, at once, or twice', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.array(row, { maxLength: 4 }), fc.array(fc.nat(), { minLength: 10, maxLength: 10 }), async (chunks, before, ranks) => {
        const k = prefix();
        const expected = new Map<number, number>();
        for (const { key, credit } of before) if (typeof credit === 'number') expected.set(key, credit * 100);
        if (before.length > 0) await load(await written([before.map(({ key, credit }) => ada(`${k}${key}`, String(credit)))]), 1);
        const known = expected.size;
        const valid = chunks.flat().filter(({ credit }) => typeof credit === 'number').length;
        for (const { key, credit } of chunks.flat()) if (typeof credit === 'number') expected.set(key, credit * 100);

        const importId = await written(chunks.map((rows) => rows.map(({ key, credit }) => ada(`${k}${key}`, String(credit)))));
        const order = [...chunks.keys(), ...chunks.keys()].map((at, turn) => ({ at, rank: ranks[turn] ?? 0 })).toSorted((a, b) => a.rank - b.rank);
        await Promise.all(order.map(async ({ at }) => await load(importId, at + 1)));

        expect(await creditsOf(k)).toEqual(Object.fromEntries(expected));
        const done = await chunksOf(desk, tenantId, importId);
        const sum = (field: 'inserted' | 'updated' | 'rejected'): number => done.reduce((total, chunk) => total + chunk[field], 0);
        const inserted = expected.size - known;
        expect([sum('inserted'), sum('updated'), sum('rejected')]).toEqual([inserted, valid - inserted, chunks.flat().length - valid]);
      }),
      { numRuns: 40 },
    );
  });
});
