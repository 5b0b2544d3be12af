import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Databases } from '../../services/database/connection.ts';
import { newImportId, type ImportView } from '../../client/index.ts';
import { createImport } from '../../services/database/imports/create.ts';
import { openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually, shop, type Answer, type Shop } from '../support/http.ts';

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
});
afterAll(async () => await databases.close());

const view = (answer: Answer): ImportView => answer.body as ImportView;
const header = 'external_id,email,first_name,last_name,city,birth_date,credit\n';
const person = (id: string, email = `${id}@example.org`): string => `${id},${email},Ada,Lovelace,London,1985-12-10,12.50\n`;
/** Ids that no other test has. */
const people = (count: number): string[] => {
  const batch = randomUUID();
  return Array.from({ length: count }, (_, index) => `${batch}-${index}`);
};
const csv = (ids: readonly string[]): string => header + ids.map((id) => person(id)).join('');

const send = async (body: string | Uint8Array, query = '', headers: Record<string, string> = {}): Promise<Answer> => await shopA.call('POST', `/v1/imports?dataset=users${query}`, body, { 'content-type': 'text/csv', ...headers });
const look = async (id: string): Promise<ImportView> => view(await shopA.call('GET', `/v1/imports/${id}`));
/** The row is written first; the flow says so a moment later. */
const flowThatIs = async (id: string, businessStatus: string): Promise<Answer> =>
  await eventually(`the flow of ${id} to be ${businessStatus}`, async () => {
    const answer = await shopA.call('GET', `/v1/flows/import:${id}`);
    return answer.body['businessStatus'] === businessStatus && answer;
  });
const ended = async (id: string, patienceMs = 60_000): Promise<ImportView> => await eventually(`${id} to end`, async () => await look(id).then((found) => (found.endedAt === undefined ? undefined : found)), patienceMs);
const imported = async (body: string | Uint8Array, query = ''): Promise<ImportView> => {
  const answer = await send(body, query);
  expect(answer).toMatchObject({ status: 202 });
  return await ended(view(answer).id);
};
const download = async ({ rejectsUrl = '' }: ImportView): Promise<Response> => await fetch(rejectsUrl, { headers: { authorization: `Bearer ${(await testStack()).apiKeys['shop-a'] ?? ''}` } });
const rejectsOf = async (found: ImportView): Promise<string> => await (await download(found)).text();
const usersLike = async (batch: string): Promise<number> => Number((await databases.write.selectFrom('users').select(({ fn }) => fn.countAll().as('count')).where('tenant_id', '=', 'shop-a').where('external_id', 'like', `${batch}%`).executeTakeFirstOrThrow()).count);

describe('POST /v1/imports', () => {
  test('imports a file: 202 with its id, then inserted, updated and rejected rows', async () => {
    const ids = people(3);
    const answer = await send(csv(ids), '&fileName=people.csv');
    expect(answer).toMatchObject({ status: 202, body: { id: expect.stringMatching(/^imp_\w{26}$/), dataset: 'users', dryRun: false, files: [{ name: 'people.csv' }] } });
    expect(answer.headers.get('location')).toBe(`/v1/imports/${view(answer).id}`);
    const first = await ended(view(answer).id);
    expect(first).toMatchObject({ status: 'completed', progress: 100, rows: { total: 3, processed: 3, inserted: 3, updated: 0, rejected: 0 }, chunks: { total: 1, pending: 0, failed: 0 } });
    expect(first.files).toEqual([
      {
        name: 'people.csv',
        bytes: Buffer.byteLength(csv(ids)),
        status: 'inspected',
        format: 'csv',
        encoding: 'utf-8',
        delimiter: ',',
        rows: 3,
        columns: ['external_id', 'email', 'first_name', 'last_name', 'city', 'birth_date', 'credit'].map((name) => ({ header: name, column: name })),
      },
    ]);
    expect(first.report).toMatchObject({ summary: '3 rows: 3 inserted, 0 updated, 0 rejected.', kept: { rows: 3, chunks: 1 }, failedChunks: [] });
    const again = await imported(csv(ids) + 'no-email,,A,B,C,,\n');
    expect(again).toMatchObject({ status: 'completed', rows: { total: 4, processed: 4, inserted: 0, updated: 3, rejected: 1 }, rejectsUrl: expect.stringMatching(new RegExp(`/v1/imports/${again.id}/rejects$`)) });
  });

  test('reads the header by its names, by a mapping, and leaves out what it is told to', async () => {
    const [id = ''] = people(1);
    const mapping = encodeURIComponent(JSON.stringify({ Kontakt: 'email', City: null }));
    const found = await imported(`External ID;Kontakt;City;shoe size\n${id};ada@example.org;Prague;38\n`, `&mapping=${mapping}`);
    expect(found).toMatchObject({ status: 'completed', rows: { inserted: 1 } });
    expect(found.files[0]).toMatchObject({
      delimiter: ';',
      columns: [
        { header: 'External ID', column: 'external_id' },
        { header: 'Kontakt', column: 'email' },
        { header: 'City', column: null },
        { header: 'shoe size', column: null },
      ],
    });
    expect(await databases.write.selectFrom('users').select(['email', 'city']).where('external_id', '=', id).executeTakeFirst()).toEqual({ email: 'ada@example.org', city: null });
  });

  test('as a dry run counts, and writes nothing', async () => {
    const ids = people(5);
    const found = await imported(`${csv(ids)}${person(ids[0] ?? '')}x,not an address,,,,,\n`, '&dryRun=true');
    expect(found).toMatchObject({ status: 'completed', dryRun: true, rows: { total: 7, processed: 7, inserted: 5, updated: 1, rejected: 1 }, report: { kept: { rows: 0, chunks: 0 } } });
    expect(found.report?.summary).toBe('Dry run: 5 would be inserted, 1 updated, 1 rejected; nothing was written.');
    expect(await usersLike((ids[0] ?? '').slice(0, 36))).toBe(0);
  });

  test('with an Idempotency-Key imports once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = csv(people(2));
    const [first, second] = [await send(body, '', headers), await send(body, '', headers)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await send(csv(people(2)), '', headers)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await send(body, '&dryRun=true', headers)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  test.each<[string, string, string, string]>([
    ['unknown_dataset', '/v1/imports?dataset=boats', 'a,b\n1,2\n', 'users, vehicles, products, attendees'],
    ['invalid_request', '/v1/imports', 'a,b\n1,2\n', ''],
    ['file_empty', '/v1/imports?dataset=users', '', ''],
    ['invalid_request', '/v1/imports?dataset=users&mapping=%7B', 'a,b\n1,2\n', ''],
    ['invalid_request', `/v1/imports?dataset=users&mapping=${encodeURIComponent('{"a":"shoe_size"}')}`, 'a,b\n1,2\n', ''],
    ['invalid_request', `/v1/imports?dataset=users&mapping=${encodeURIComponent('{"a":"email","b":"email"}')}`, 'a,b\n1,2\n', ''],
    ['invalid_request', '/v1/imports?dataset=users&delimiter=x', 'a,b\n1,2\n', ''],
    ['invalid_request', '/v1/imports?dataset=users&encoding=utf-7', 'a,b\n1,2\n', ''],
    ['invalid_request', '/v1/imports?dataset=users&dryRun=perhaps', 'a,b\n1,2\n', ''],
    ['invalid_request', '/v1/imports?dataset=users&fileName=a%00b', 'a,b\n1,2\n', ''],
    ['invalid_request', '/v1/imports?dataset=users&colour=red', 'a,b\n1,2\n', ''],
  ])('refuses at once what is %s (%s)', async (code, path, body, detail) => {
    const answer = await shopA.call('POST', path, body, { 'content-type': 'text/csv' });
    expect(answer).toMatchObject({ status: 422, body: { code, detail: expect.stringContaining(detail) } });
  });

  test.each<[string, string | Uint8Array, object]>([
    ['a header and nothing else', header, { reason: 'file_empty' }],
    ['a column too few', 'external_id,city\n1,Rome\n', { reason: 'header_invalid', line: 1, detail: expect.stringContaining('email') }],
    ['a column twice', 'external_id,email,E-Mail\n1,a@b.cz,c@d.cz\n', { reason: 'header_invalid', line: 1, detail: expect.stringContaining('2 times') }],
    ['a quote that is never closed', `${header}1,"ada@example.org,Ada\n${'x,y\n'.repeat(3)}`, { reason: 'file_unreadable', line: 2 }],
    ['bytes that are no UTF-8', Buffer.concat([Buffer.from(`${header}1,ada@example.org,`), Buffer.from([0xc3, 0x28]), Buffer.from(',,,,\n')]), { reason: 'file_unreadable', line: 2 }],
    ['a zip', Buffer.concat([Buffer.from([0x50, 0x4b, 0x03, 0x04]), Buffer.alloc(400)]), { reason: 'file_unreadable' }],
    ['a picture', Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(400)]), { reason: 'file_unreadable' }],
    ['ten thousand columns', `${Array.from({ length: 10_000 }, (_, at) => `c${at}`).join(',')}\n1\n`, { reason: 'header_invalid' }],
  ])('takes %s, and fails with a reason', async (_, body, problem) => {
    const found = await imported(body);
    expect(found).toMatchObject({ status: 'failed', ...problem, rows: { processed: 0 }, report: { kept: { rows: 0, chunks: 0 } }, files: [{ status: 'failed', ...problem }] });
    expect(found.detail?.length).toBeGreaterThan(10);
  });
});

describe('rejected rows', () => {
  test('come as a csv that, once corrected, is imported as it is', async () => {
    const ids = people(4);
    const [good = '', bad = '', worse = '', short = ''] = ids;
    const found = await imported(`${header}${person(good)}${person(bad, 'no address')}${worse},worse@example.org,"Ada, ""Countess""",=1+1,London,1985-02-30,1\n${short},short@example.org\n`, '&fileName=people.csv');
    expect(found).toMatchObject({ status: 'completed', rows: { total: 4, inserted: 1, rejected: 3 } });
    const response = await download(found);
    expect([response.status, response.headers.get('content-type'), response.headers.get('content-disposition')]).toEqual([200, 'text/csv; charset=utf-8', expect.stringContaining('people-rejects.csv')]);
    const file = await response.text();
    const lines = file.trimEnd().split('\r\n');
    expect(lines[0]).toBe('_line,_reason,external_id,email,first_name,last_name,city,birth_date,credit');
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['3', '4', '5']);
    expect(lines[1]).toContain('email');
    expect(lines[2]).toContain('"Ada, ""Countess"""');
    // No formula in a spreadsheet, and in the table what was sent.
    expect(lines[2]).toContain(",'=1+1,");
    const corrected = file.replace('no address', `${bad}@example.org`).replace('1985-02-30', '1985-02-20').replace(`${short},short@example.org`, `${short},short@example.org,,,,,`);
    // As it is, a row is rejected again, and nothing is lost of it.
    const asItIs = await imported(file);
    expect(asItIs).toMatchObject({ status: 'completed', rows: { total: 3, rejected: 3 } });
    expect((await rejectsOf(asItIs)).replaceAll(/^\d+,("[^"]*"|[^,]*),/gm, '')).toBe(file.replaceAll(/^\d+,("[^"]*"|[^,]*),/gm, ''));
    expect(await imported(corrected)).toMatchObject({ status: 'completed', rows: { total: 3, inserted: 3, updated: 0, rejected: 0 } });
    expect(await usersLike(good.slice(0, 36))).toBe(4);
    expect(await databases.write.selectFrom('users').select('last_name').where('tenant_id', '=', 'shop-a').where('external_id', '=', worse).executeTakeFirst()).toEqual({ last_name: '=1+1' });
  });

  test('are none when there are none', async () => {
    const found = await imported(csv(people(1)));
    expect(found.rejectsUrl).toBeUndefined();
    expect(await shopA.call('GET', `/v1/imports/${found.id}/rejects`)).toMatchObject({ status: 404, body: { code: 'file_not_found' } });
  });
});

describe('an import that is on its way', () => {
  /** Whoever loads one of these rows waits until it is let go. */
  async function held(id: string): Promise<() => Promise<void>> {
    let letGo = (): void => undefined;
    const asked = new Promise<void>((resolve) => (letGo = resolve));
    await databases.write.insertInto('users').values({ tenant_id: 'shop-a', external_id: id, email: 'held@example.org', import_no: 0, import_position: 0 }).execute();
    let isHeld = (): void => undefined;
    const holding = new Promise<void>((resolve) => (isHeld = resolve));
    const transaction = databases.write.transaction().execute(async (tx) => {
      await tx.selectFrom('users').select('email').where('tenant_id', '=', 'shop-a').where('external_id', '=', id).forUpdate().execute();
      isHeld();
      await asked;
    });
    await holding;
    return async () => {
      letGo();
      await transaction;
    };
  }

  test('is paused when its chunks are done, takes more files, and goes on when it is resumed', async () => {
    const ids = people(3);
    const letGo = await held(ids[0] ?? '');
    const { id } = view(await send(csv([ids[0] ?? '']), '&fileName=first.csv'));
    await eventually('its chunk to be known', async () => (await look(id)).chunks.total === 1);
    // It is answered within two seconds, and paused when the chunk is done.
    const pausing = shopA.call('POST', `/v1/imports/${id}/pause`, {});
    expect(await shopA.call('POST', `/v1/imports/${id}/files?fileName=second.csv`, csv(ids.slice(1)), { 'content-type': 'text/csv' })).toMatchObject({ status: 202, body: { id, files: [{ name: 'first.csv' }, { name: 'second.csv' }] } });
    expect(await pausing).toMatchObject({ status: 202, body: { id, status: 'running' } });
    await letGo();
    const paused = await eventually('the pause', async () => await look(id).then((found) => (found.status === 'paused' && found.rows.total === 3 ? found : undefined)));
    expect(paused).toMatchObject({ rows: { processed: 1, updated: 1 }, chunks: { total: 2, pending: 1 } });
    expect(await shopA.call('POST', `/v1/imports/${id}/pause`, {})).toMatchObject({ status: 202, body: { status: 'paused' } });
    expect((await shopA.call('GET', '/v1/imports?status=paused&dataset=users')).body['items']).toContainEqual(expect.objectContaining({ id, status: 'paused' }));
    expect(await flowThatIs(id, 'paused')).toMatchObject({ status: 200, body: { type: 'import', summary: 'first.csv → users' } });
    expect(await shopA.call('POST', `/v1/imports/${id}/resume`, {})).toMatchObject({ status: 202 });
    expect(await ended(id)).toMatchObject({ status: 'completed', progress: 100, rows: { total: 3, inserted: 2, updated: 1 } });
    for (const action of ['pause', 'resume', 'cancel']) expect(await shopA.call('POST', `/v1/imports/${id}/${action}`, {})).toMatchObject({ status: 409, body: { code: 'import_closed' } });
    expect(await shopA.call('POST', `/v1/imports/${id}/files`, csv(people(1)), { 'content-type': 'text/csv' })).toMatchObject({ status: 409, body: { code: 'import_closed' } });
    expect(await shopA.call('POST', `/v1/flows/import:${id}/retry`, {})).toMatchObject({ status: 409, body: { code: 'nothing_to_resume' } });
    // What is refused does not stand in front of how it went.
    expect(await flowThatIs(id, 'completed')).toMatchObject({ body: { resource: 'users', step: 'Completed: 3 of 3 rows' } });
  });

  test('whose file is no good has to be imported anew, and goes on telling why', async () => {
    const failed = await imported('external_id,city\n1,Rome\n');
    expect(failed).toMatchObject({ status: 'failed', reason: 'header_invalid' });
    expect(await shopA.call('POST', `/v1/flows/import:${failed.id}/retry`, {})).toMatchObject({ status: 409, body: { code: 'nothing_to_resume', detail: expect.stringContaining('corrected') } });
    await flowThatIs(failed.id, 'failed');
  });

  test('is cancelled while a chunk waits; what is loaded stays, and a repeat is answered alike', async () => {
    const [id = ''] = people(1);
    const letGo = await held(id);
    const begun = view(await send(csv([id])));
    await eventually('its chunk to be known', async () => (await look(begun.id)).chunks.total === 1);
    const from = Date.now();
    await shopA.call('POST', `/v1/flows/import:${begun.id}/cancel`, {});
    const found = await ended(begun.id);
    expect(Date.now() - from).toBeLessThan(5_000);
    expect(found).toMatchObject({ status: 'cancelled', chunks: { total: 1, pending: 1 }, report: { kept: { rows: 0, chunks: 0 }, summary: 'Cancelled. Nothing was imported.' } });
    expect(await shopA.call('POST', `/v1/imports/${begun.id}/cancel`, {})).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    await letGo();
    expect(await look(begun.id)).toEqual(found);
  });

  test('and whose flow has not begun, because Temporal was away, is steered all the same', async () => {
    const importId = newImportId();
    const sent = await imported(csv(people(2)));
    const { key } = await databases.write.selectFrom('import_files').select('key').where('import_id', '=', sent.id).executeTakeFirstOrThrow();
    await createImport(databases.write, { tenantId: 'shop-a', importId, dataset: 'users', mapping: undefined, dryRun: false, stopOnFailure: false, requestedBy: undefined, file: { key, bytes: 1, name: 'late.csv' } });
    expect(await look(importId)).toMatchObject({ status: 'pending', progress: 0 });
    expect(await shopA.call('POST', `/v1/imports/${importId}/resume`, {})).toMatchObject({ status: 202 });
    // Long before the sweep would begin it.
    expect(await ended(importId, 20_000)).toMatchObject({ status: 'completed', rows: { total: 2, updated: 2 } });
    expect(await shopA.call('GET', `/v1/flows/import:${importId}`)).toMatchObject({ status: 200, body: { summary: 'late.csv → users' } });
  });

  test('of fifty thousand rows loads each once, and its progress only grows', async () => {
    const ids = people(50_000);
    const { id } = view(await send(csv(ids), '&fileName=many.csv&requestedBy=ada'));
    const seen: ImportView[] = [];
    const done = await eventually('the import to end', async () => {
      const found = await look(id);
      seen.push(found);
      return found.endedAt === undefined ? undefined : found;
    });
    expect(done).toMatchObject({ status: 'completed', requestedBy: 'ada', rows: { total: 50_000, processed: 50_000, inserted: 50_000, updated: 0, rejected: 0 } });
    expect(done.chunks.total).toBeGreaterThan(1);
    expect(await usersLike((ids[0] ?? '').slice(0, 36))).toBe(50_000);
    const progress = seen.map((found) => found.progress);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect((await shopA.call('GET', '/v1/notifications?customerId=ada&limit=50')).body['items']).toContainEqual(expect.objectContaining({ template: 'import_completed', subjectId: id, data: expect.objectContaining({ inserted: 50_000 }) }));
  });
});

describe('of another tenant', () => {
  test('an import is none', async () => {
    const { id } = view(await send(csv(people(1))));
    for (const [method, path] of [['GET', ''], ['GET', '/rejects'], ['POST', '/pause'], ['POST', '/resume'], ['POST', '/cancel']] as const) {
      expect(await shopB.call(method, `/v1/imports/${id}${path}`, method === 'POST' ? {} : undefined)).toMatchObject({ status: 404, body: { code: 'import_not_found' } });
    }
    expect(await shopB.call('POST', `/v1/imports/${id}/files`, csv(people(1)), { 'content-type': 'text/csv' })).toMatchObject({ status: 404, body: { code: 'import_not_found' } });
    expect(await shopB.call('POST', `/v1/flows/import:${id}/retry`, {})).toMatchObject({ status: 404, body: { code: 'flow_not_found' } });
    expect((await shopB.call('GET', '/v1/imports?limit=200')).body['items']).not.toContainEqual(expect.objectContaining({ id }));
    await ended(id);
  });
});
