import '../support/realm.ts';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { Holdfast, newExportId, type ExportState, type StartExportRequest } from '../../client/index.ts';
import { exportFormats, exportMessages, type ExportFormat } from '../../contracts/exports/flow.ts';
import { exportWorkflowId } from '../../contracts/flows.ts';
import { beginAttempt, finishAttempt, noteProgress } from '../../services/database/exports/attempts.ts';
import { createExport } from '../../services/database/exports/create.ts';
import { findExport } from '../../services/database/exports/queries.ts';
import { openSnapshot } from '../../services/exports/snapshot.ts';
import { selectCount, selectRows } from '../../services/exports/select.ts';
import { readRows } from '../../services/exports/rows.ts';
import { createTenant } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually } from '../support/http.ts';
import { csvOf, pagesOf, sheetsOf } from '../support/readers.ts';
import { startWorld, type World } from '../support/world.ts';

const tenantId = `export-flows-${process.pid}`;
const stranger = `${tenantId}-stranger`;

let world: World;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-exports-'));
  world = await startWorld(tenantId);
  await createTenant(world.databases, stranger);
  await addUsers(tenantId, people);
  await addUsers(stranger, [{ external_id: 'theirs', email: 'theirs@example.org', city: 'Praha' }]);
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

interface Person {
  readonly external_id: string;
  readonly email: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly city?: string;
  readonly birth_date?: string;
  readonly credit_minor?: number;
}

/** In the order of their ids. What a spreadsheet would take for a formula, what other programs trip over, and people. */
const people: readonly Person[] = [
  { external_id: '+u', email: '@SUM(1+1)*cmd', first_name: '=HYPERLINK("http://example.org")', last_name: '-2+3', city: '\tTab' },
  { external_id: 'a', email: 'ada@example.org', first_name: 'Ada', last_name: 'Lovelace', city: 'London', birth_date: '1815-12-10', credit_minor: 123_456_789 },
  { external_id: 'b', email: 'b@example.org', first_name: 'Zhāng 张伟', last_name: 'محمد', city: 'กรุงเทพ', birth_date: '2000-02-29', credit_minor: 5 },
  { external_id: 'c', email: 'c@example.org', first_name: 'a "quoted", comma', last_name: 'back\\slash \\N', city: 'two\nlines', birth_date: '1999-12-31', credit_minor: 0 },
  { external_id: 'd', email: 'd@example.org', first_name: '<b>&amp;</b>', last_name: '_x0041_', city: '\rReturn', credit_minor: 100 },
  { external_id: 'e', email: 'e@example.org', first_name: '', last_name: '＝1+1', city: ' Prague ' },
];

const headers = ['external_id', 'email', 'first_name', 'last_name', 'city', 'birth_date', 'credit', 'created_at', 'updated_at'];
const at = '2027-05-01T14:03:22.125Z';

async function addUsers(tenant: string, users: readonly Person[]): Promise<void> {
  await world.databases.write.insertInto('users').values(users.map((user) => ({ ...user, tenant_id: tenant, import_no: 1, import_position: 1, created_at: at, updated_at: at }))).execute();
}

const handle = (id: string) => world.client.workflow.getHandle(exportWorkflowId(id));
const ended = async ({ id }: { readonly id: string }): Promise<ExportState> => (await handle(id).result()) as ExportState;
const exported = async (request: StartExportRequest): Promise<ExportState> => await ended(await world.holdfast.exports.start(request));
const keyOf = async (id: string): Promise<string | undefined> => (await findExport(world.databases.write, tenantId, id))?.storageKey;

async function fileOf(state: ExportState): Promise<Buffer> {
  const file = await buffer(await world.storage.get((await keyOf(state.id)) ?? ''));
  expect([file.byteLength, createHash('sha256').update(file).digest('hex')]).toEqual([state.bytes, state.sha256]);
  return file;
}
const usersAs = async (format: ExportFormat, more: Partial<StartExportRequest> = {}): Promise<Buffer> => await fileOf(await exported({ dataset: 'users', format, ...more }));
const noticesOf = async (id: string): Promise<unknown[]> =>
  await world.databases.write.selectFrom('notifications').select(['audience', 'customer_id', 'template', 'data']).where('tenant_id', '=', tenantId).where('subject_id', '=', id).execute();
const expiryOf = async (key: string): Promise<Date | undefined> =>
  (await world.databases.write.selectFrom('stored_files').select('expires_at').where('tenant_id', '=', tenantId).where('key', '=', key).executeTakeFirst())?.expires_at;

describe('an export', () => {
  test('is written down at once, then written, and announced to whoever asked for it', async () => {
    const begun = await world.holdfast.exports.start({ dataset: 'users', format: 'csv', requestedBy: 'olga', fileName: 'People of today' });
    expect(begun).toMatchObject({ id: expect.stringMatching(/^exp_/), status: 'pending', progress: 0, rows: 0, fileName: 'People of today.csv', requestedBy: 'olga' });
    const ready = await ended(begun);
    expect(ready).toMatchObject({ id: begun.id, status: 'ready', progress: 100, rows: people.length, bytes: expect.any(Number), startedAt: expect.any(String), endedAt: expect.any(String) });
    expect(Date.parse(ready.expiresAt ?? '') - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    expect(await keyOf(begun.id)).toBe(`${tenantId}/exports/${begun.id}/1.csv`);
    expect(await noticesOf(begun.id)).toEqual([{ audience: 'customer', customer_id: 'olga', template: 'export_ready', data: { dataset: 'users', format: 'csv', fileName: 'People of today.csv', rows: people.length, expiresAt: ready.expiresAt } }]);
    expect(await world.holdfast.exports.get(begun.id)).toEqual(ready);
    expect(await handle(begun.id).query(exportMessages.progress)).toEqual({ percent: 100, step: `Ready: ${people.length} rows as csv` });
  });

  test('has the same rows in all four formats, of the right types, and nothing that is a formula', async () => {
    const iso = (person: Person): (string | number | null)[] => [person.external_id, person.email, person.first_name ?? null, person.last_name ?? null, person.city ?? null, person.birth_date ?? null, person.credit_minor === undefined ? null : person.credit_minor / 100, at, at];

    const json = (await usersAs('ndjson')).toString().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(json.map((row) => Object.keys(row))).toEqual(people.map(() => headers));
    expect(json.map((row) => Object.values(row))).toEqual(people.map(iso));

    const [head, ...csv] = csvOf((await usersAs('csv')).toString());
    const neutral = (text: unknown): unknown => (typeof text === 'string' && /^[=+\-@\t\r＝]/.test(text) ? `'${text}` : text);
    expect(head).toEqual(headers);
    expect(csv).toEqual(people.map((person) => iso(person).map((value, column) => (value === null ? '' : column === 6 ? Number(value).toFixed(2) : column > 6 ? '2027-05-01 14:03:22.125' : neutral(value)))));
    expect(csv.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);

    const [sheet, ...others] = (await sheetsOf(await usersAs('xlsx'), folder)) ?? [];
    if (sheet !== undefined) {
      expect(others).toEqual([]);
      expect(sheet).toMatchObject({ name: 'Users', frozen: 'A2', boldHeader: true });
      expect(sheet.rows[0]?.map(([, value]) => value)).toEqual(headers);
      const shown = (value: string | number | null, column: number): unknown => {
        if (value === null || value === '') return ['NoneType', null];
        if (column === 6) return ['float', value];
        // Excel knows no day before 1900.
        if (column === 5 && String(value) >= '1900-03-01') return ['datetime', `${String(value)}T00:00:00`];
        // It gives the letters of ECMA-376's escape as they are; Excel and LibreOffice read it.
        return column > 6 ? ['datetime', '2027-05-01T14:03:22.125000'] : ['str', String(value).replace('_x0041_', '_x005F_x0041_').replace('\r', '_x000D_')];
      };
      expect(sheet.rows.slice(1).map((row) => row.map(([type, value]) => [type, value]))).toEqual(people.map((person) => iso(person).map(shown)));
      expect(sheet.rows[2]?.slice(6, 8).map(([, , format]) => format)).toEqual(['#,##0.00', 'yyyy\\-mm\\-dd\\ hh:mm:ss']);
    }

    const pages = await pagesOf(await usersAs('pdf'), folder);
    if (pages !== undefined) {
      const text = pages.join('\n');
      for (const words of [...headers, 'ada@example.org', '1,234,567.89', '1815-12-10', '0.05', '张伟', 'กรุงเทพ', 'a "quoted", comma', '<b>&amp;</b>', '=HYPERLINK("http://example.org")', '2027-05-01 14:03:22', 'Page 1', '6 rows']) expect(text).toContain(words);
    }
  });

  test.each(exportFormats)('of nothing as %s is a file without rows', async (format) => {
    const state = await exported({ dataset: 'users', format, filters: { city: 'Nowhere' } });
    const file = await fileOf(state);
    expect(state.rows).toBe(0);
    if (format === 'csv') expect(file.toString()).toBe(`${headers.join(',')}\n`);
    if (format === 'ndjson') expect(file.byteLength).toBe(0);
    if (format === 'xlsx') expect((await sheetsOf(file, folder))?.map(({ rows }) => rows.length) ?? [1]).toEqual([1]);
    if (format === 'pdf') expect((await pagesOf(file, folder))?.join('') ?? 'email, 0 rows').toMatch(/email[\s\S]*0 rows|0 rows[\s\S]*email/);
  });

  test('begins with a byte order mark if that is wanted', async () => {
    expect((await usersAs('csv', { bom: true })).subarray(0, 15).toString()).toBe('\ufeffexternal_id,');
    await expect(world.holdfast.exports.start({ dataset: 'users', format: 'xlsx', bom: true })).rejects.toMatchObject({ code: 'invalid_request', message: 'bom: is only for csv' });
  });

  test('has the rows that its filters let through, whatever the values are made of', async () => {
    const idsOf = async (filters: Record<string, string>): Promise<string[]> => csvOf((await usersAs('csv', { filters })).toString()).slice(1).map(([id = '']) => id);
    expect(await idsOf({ city: 'London' })).toEqual(['a']);
    expect(await idsOf({ createdFrom: '2027-05-01', createdTo: '2027-05-02' })).toHaveLength(people.length);
    expect(await idsOf({ createdTo: '2027-05-01' })).toEqual([]);
    expect(await idsOf({ city: "' OR '1'='1" })).toEqual([]);
    expect(await idsOf({ city: "\\'; DROP TABLE users; --" })).toEqual([]);
    expect(await idsOf({ city: 'London', updatedFrom: '2028-01-01' })).toEqual([]);
  });

  test('is made of each dataset', async () => {
    for (const dataset of ['attendees', 'bookings', 'payments', 'orders'] as const) {
      const file = await fileOf(await exported({ dataset, format: 'csv', filters: { createdFrom: '2020-01-01' } }));
      expect(csvOf(file.toString())).toHaveLength(1);
    }
  });

  test('never has a row of another tenant, and does not exist for one', async () => {
    expect((await usersAs('csv')).toString()).not.toContain('theirs');
    const theirs = Holdfast.over(world.client, { tenantId: stranger });
    const { id } = await exported({ dataset: 'users', format: 'csv' });
    await expect(theirs.exports.get(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(theirs.exports.cancel(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(theirs.exports.start({ id, dataset: 'users', format: 'csv' })).rejects.toMatchObject({ code: 'export_not_found' });
    expect(await findExport(world.databases.write, stranger, id)).toBeUndefined();
    const running = await world.holdfast.exports.start({ dataset: 'users', format: 'csv' });
    await expect(handle(running.id).executeUpdate(exportMessages.begin, { args: [{ tenantId: stranger }] })).rejects.toThrow();
    await ended(running);
  });

  test('is made once under one id, however often it is asked for', async () => {
    const id = newExportId();
    const asked = await Promise.all(Array.from({ length: 5 }, async () => await world.holdfast.exports.start({ id, dataset: 'users', format: 'csv' })));
    expect(new Set(asked.map((state) => state.id))).toEqual(new Set([id]));
    const first = await ended({ id });
    expect(await exported({ id, dataset: 'users', format: 'csv' })).toEqual(first);
    expect(await noticesOf(id)).toHaveLength(1);
  });

  test.each([
    [{ dataset: 'secrets', format: 'csv' }, { code: 'unknown_dataset', message: 'There is no dataset secrets to export. Choose from: attendees, users, bookings, payments, orders.' }],
    [{ dataset: 'users', format: 'docx' }, { code: 'unknown_format', message: 'There is no format docx. Choose from: csv, ndjson, xlsx, pdf.' }],
    [{ dataset: 'users', format: 'csv', filters: { password: 'x' } }, { code: 'invalid_request', message: expect.stringContaining('filters') }],
    [{ dataset: 'bookings', format: 'csv', filters: { status: 'maybe' } }, { code: 'invalid_request', message: expect.stringContaining('filters.status') }],
    [{ dataset: 'users', format: 'csv', expiresInDays: 7.01 }, { code: 'invalid_request', message: expect.stringContaining('expiresInDays') }],
    [{ dataset: 'users', format: 'csv', fileName: '../../etc/passwd' }, { code: 'invalid_request', message: expect.stringContaining('fileName') }],
  ])('is refused for %j', async (request, refusal) => {
    await expect(world.holdfast.exports.start(request)).rejects.toMatchObject(refusal);
  });

  test('has expired when its time is over, and its file is for the clean-up from that moment', async () => {
    const state = await exported({ dataset: 'users', format: 'csv', expiresInDays: 1 / 86_400 });
    const key = (await keyOf(state.id)) ?? '';
    expect((await expiryOf(key))?.toISOString()).toBe(state.expiresAt);
    const expired = await eventually('it to expire', async () => {
      const found = await findExport(world.databases.write, tenantId, state.id);
      return found?.state.status === 'expired' && found;
    });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(state.expiresAt ?? ''));
    expect(expired.state).toMatchObject({ rows: people.length, progress: 100 });
  });
});

describe('a long export', () => {
  const many = `${tenantId}-many`;
  // Drawing as many takes some seconds.
  const rows = 20_000;
  let holdfast: Holdfast;
  beforeAll(async () => {
    await createTenant(world.databases, many);
    holdfast = Holdfast.over(world.client, { tenantId: many });
    await sql`INSERT INTO users (tenant_id, external_id, email, city, import_no, import_position) SELECT ${many}, 'u-' || n, 'u' || n || '@example.org', 'Praha', 1, n FROM generate_series(1, ${rows}::integer) AS n`.execute(world.databases.write);
  });

  test('tells how far it is, and is cancelled within five seconds without leaving anything', async () => {
    const { id } = await holdfast.exports.start({ dataset: 'users', format: 'pdf' });
    const seen: number[] = [];
    for await (const { percent, rows: soFar } of holdfast.exports.watch(id)) {
      seen.push(percent);
      if (soFar > 0) break;
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const began = Date.now();
    await holdfast.exports.cancel(id);
    expect(await ended({ id })).toMatchObject({ id, status: 'cancelled' });
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await world.storage.stat(`${many}/exports/${id}/1.pdf`)).toBeUndefined();
    expect((await findExport(world.databases.write, many, id))?.storageKey).toBeUndefined();
  });
});

describe('attempts at an export', () => {
  const request = { dataset: 'users', format: 'csv', filters: {}, keepSeconds: 60, bom: false } as const;
  const file = { rows: 1, bytes: 1, sha256: '0'.repeat(64) };

  test('that are late change nothing, and what they wrote is for the clean-up', async () => {
    const ref = { tenantId, exportId: newExportId() };
    await createExport(world.databases.write, ref, request, new Date());
    const [late, latest] = [await beginAttempt(world.databases.write, ref), await beginAttempt(world.databases.write, ref)];
    if (!('key' in late) || !('key' in latest)) throw new Error('there was nothing to begin');
    expect([late.key, latest.key]).toEqual([`${tenantId}/exports/${ref.exportId}/1.csv`, `${tenantId}/exports/${ref.exportId}/2.csv`]);
    // Whatever happens to them, the clean-up knows of both before there is a file.
    for (const { key } of [late, latest]) expect((await expiryOf(key))?.getTime()).toBeGreaterThan(Date.now() + 3_600_000);

    await noteProgress(world.databases.write, ref, latest.number, { rows: 50, total: 100 });
    await noteProgress(world.databases.write, ref, late.number, { rows: 90, total: 100 });
    await noteProgress(world.databases.write, ref, latest.number, { rows: 10, total: 100 });
    expect((await findExport(world.databases.write, tenantId, ref.exportId))?.state).toMatchObject({ status: 'running', progress: 50, rows: 50 });

    expect(await finishAttempt(world.databases.write, ref, late, file)).toMatchObject({ status: 'running', storage_key: null });
    expect((await expiryOf(late.key))?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await finishAttempt(world.databases.write, ref, latest, file)).toMatchObject({ status: 'ready', storage_key: latest.key });
    expect(await finishAttempt(world.databases.write, ref, late, { ...file, bytes: 2 })).toMatchObject({ status: 'ready', storage_key: latest.key, bytes: 1 });
    expect(await noticesOf(ref.exportId)).toHaveLength(1);
    expect(await beginAttempt(world.databases.write, ref)).toEqual({ row: expect.objectContaining({ status: 'ready' }) });
  });
});

describe('text in a csv', () => {
  const tenant = `${tenantId}-text`;
  // Each of these signs in ASCII and in full width, and whatever an arithmetic with code points could take for one.
  const dangerous = new Set(['\t', '\n', '\r', '+', '-', '=', '@', '＋', '－', '＝', '＠']);
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
  const beginnings = [...range(1, 0x180), ...range(0xfe00, 0x10000), ...range(0x1fd00, 0x1fe80), ...range(0x2fc00, 0x2fd00)].map((code) => String.fromCodePoint(code));

  test('has an apostrophe in front exactly where a spreadsheet would run it, whatever character it begins with', async () => {
    const { databaseUrl } = await testStack();
    await addUsers(tenant, beginnings.map((beginning, at) => ({ external_id: `u-${String(at).padStart(5, '0')}`, email: beginning, first_name: `${beginning}1+1`, last_name: `a${beginning}` })));
    const snapshot = await openSnapshot(databaseUrl);
    const rows: string[][] = [];
    for await (const some of readRows(snapshot.copy(selectRows({ tenantId: tenant, dataset: 'users', filters: {} }, 'csv'), 'FORMAT text'))) rows.push(...some.map((row) => row.slice(1, 4).map(String)));
    await snapshot.close();
    expect(rows).toEqual(beginnings.map((beginning) => [dangerous.has(beginning) ? `'${beginning}` : beginning, `${dangerous.has(beginning) ? "'" : ''}${beginning}1+1`, `a${beginning}`]));
  });
});

describe('a snapshot', () => {
  test('stands still while others write, and nothing can be written over it', async () => {
    const { databaseUrl } = await testStack();
    const selection = { tenantId: stranger, dataset: 'users', filters: {} } as const;
    const snapshot = await openSnapshot(databaseUrl);
    expect(await snapshot.count(selectCount(selection))).toBe(1);
    await addUsers(stranger, [{ external_id: 'later', email: 'later@example.org' }]);
    const seen: string[] = [];
    for await (const rows of readRows(snapshot.copy(selectRows(selection, 'cells'), 'FORMAT text'))) seen.push(...rows.map(([id]) => id ?? ''));
    expect(seen).toEqual(['theirs']);
    await expect(snapshot.count('UPDATE users SET city = NULL RETURNING 1 AS count')).rejects.toThrow(/read-only/);
    await snapshot.close();
  });
});
