import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ExportView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, shop, type Answer, type Shop } from '../support/http.ts';
import { csvOf } from '../support/readers.ts';

const city = `City of exports ${process.pid}`;

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
let ready: ExportView;
let file: Buffer;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
  await databases.write
    .insertInto('users')
    .values(['a', 'b', 'c'].map((name) => ({ tenant_id: 'shop-a', external_id: `${name}-${process.pid}`, email: `${name}@example.org`, city, credit_minor: 1_050, import_no: 1, import_position: 1 })))
    .execute();
  ready = await written({ dataset: 'users', format: 'csv', filters: { city }, requestedBy: 'olga' });
  file = Buffer.from(await (await fetch(ready.downloadUrl ?? '')).arrayBuffer());
});
afterAll(async () => {
  await databases.write.deleteFrom('users').where('city', '=', city).execute();
  await databases.close();
});

const ask = async (body: unknown, from = shopA, headers: Record<string, string> = {}): Promise<Answer> => await from.call('POST', '/v1/exports', body, headers);
const look = async (id: string): Promise<ExportView> => (await shopA.call('GET', `/v1/exports/${id}`)).body as unknown as ExportView;

async function written(request: object): Promise<ExportView> {
  const { status, body } = await ask(request);
  expect([status, body]).toEqual([202, expect.objectContaining({ id: expect.stringMatching(/^exp_/) })]);
  return await eventually('the export to be ready', async () => {
    const view = await look(body['id'] as string);
    return view.status === 'ready' && view;
  });
}

describe('POST /v1/exports', () => {
  test('answers at once, and gives a link as soon as the file is there', async () => {
    const { status, headers, body } = await ask({ dataset: 'users', format: 'csv', filters: { city } });
    expect([status, headers.get('location')]).toEqual([202, `/v1/exports/${String(body['id'])}`]);
    expect(body).toMatchObject({ dataset: 'users', format: 'csv', filters: { city }, progress: expect.any(Number), fileName: expect.stringMatching(/^users-\d{4}-\d\d-\d\d\.csv$/), createdAt: expect.any(String) });
    expect(ready).toMatchObject({ status: 'ready', progress: 100, rows: 3, requestedBy: 'olga', downloadUrl: expect.stringContaining(`/v1/files/shop-a/exports/${ready.id}/1.csv?`), expiresAt: expect.any(String) });
    expect([file.byteLength, createHash('sha256').update(file).digest('hex')]).toEqual([ready.bytes, ready.sha256]);
    expect(csvOf(file.toString()).map(([id, email, , , where, , credit]) => [id, email, where, credit])).toEqual([
      ['external_id', 'email', 'city', 'credit'],
      ...['a', 'b', 'c'].map((name) => [`${name}-${process.pid}`, `${name}@example.org`, city, '10.50']),
    ]);
    const life = Date.parse(ready.expiresAt ?? '') - Date.parse(ready.endedAt ?? '');
    expect(Math.round(life / 60_000)).toBe(7 * 24 * 60);
  });

  test('exports once under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': `export-${process.pid}` };
    const [first, again] = [await ask({ dataset: 'users', format: 'ndjson' }, shopA, key), await ask({ dataset: 'users', format: 'ndjson' }, shopA, key)];
    expect(again.body).toEqual(first.body);
    expect(await ask({ dataset: 'users', format: 'csv' }, shopA, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  const refusals: readonly [string, unknown, string, unknown][] = [
    ['a dataset that does not exist', { dataset: 'secrets', format: 'csv' }, 'unknown_dataset', { detail: 'There is no dataset secrets to export. Choose from: attendees, users, bookings, payments, orders.' }],
    ['a format that does not exist', { dataset: 'users', format: 'docx' }, 'unknown_format', { detail: 'There is no format docx. Choose from: csv, ndjson, xlsx, pdf.' }],
    ['a dataset by a name that every object has', { dataset: 'constructor', format: 'csv' }, 'unknown_dataset', {}],
    ['a filter of another dataset', { dataset: 'users', format: 'csv', filters: { gateway: 'stripe' } }, 'invalid_request', { errors: [{ path: 'filters.gateway', message: 'is not known here' }] }],
    ['a filter that is no text', { dataset: 'users', format: 'csv', filters: { city: 7 } }, 'invalid_request', { errors: [{ path: 'filters.city' }] }],
    ['a state that does not exist', { dataset: 'bookings', format: 'csv', filters: { status: "held' OR 1=1" } }, 'invalid_request', { errors: [{ path: 'filters.status' }] }],
    ['a date that is none', { dataset: 'orders', format: 'csv', filters: { createdFrom: 'yesterday' } }, 'invalid_request', { errors: [{ path: 'filters.createdFrom' }] }],
    ['a week and a day', { dataset: 'users', format: 'csv', expiresInDays: 8 }, 'invalid_request', { errors: [{ path: 'expiresInDays' }] }],
    ['no time at all', { dataset: 'users', format: 'csv', expiresInDays: 0 }, 'invalid_request', { errors: [{ path: 'expiresInDays' }] }],
    ['a file name that leads elsewhere', { dataset: 'users', format: 'csv', fileName: '..\\..\\a' }, 'invalid_request', { errors: [{ path: 'fileName' }] }],
    ['a byte order mark in a PDF', { dataset: 'users', format: 'pdf', bom: true }, 'invalid_request', { errors: [{ path: 'bom' }] }],
    ['nothing', {}, 'invalid_request', {}],
    ['a field that is not known', { dataset: 'users', format: 'csv', limit: 5 }, 'invalid_request', { errors: [{ path: 'limit' }] }],
  ];
  test.each(refusals)('refuses %s', async (_, body, code, more) => {
    expect(await ask(body)).toMatchObject({ status: 422, body: { code, ...(more as object) } });
  });
});

describe('GET /v1/exports', () => {
  test('lists by state and dataset, page by page, and nothing of another tenant', async () => {
    const list = async (from: Shop, query: string): Promise<{ items: ExportView[]; nextCursor?: string }> => (await from.call('GET', `/v1/exports?${query}`)).body as unknown as { items: ExportView[]; nextCursor?: string };
    await written({ dataset: 'orders', format: 'ndjson' });
    expect((await list(shopA, 'status=ready&dataset=users')).items).toContainEqual(expect.objectContaining({ id: ready.id, downloadUrl: expect.any(String) }));
    expect((await list(shopA, 'dataset=orders')).items.map(({ dataset }) => dataset)).not.toContain('users');
    expect((await list(shopA, 'status=failed&dataset=attendees')).items).toEqual([]);
    const first = await list(shopA, 'limit=1');
    const second = await list(shopA, `limit=1&cursor=${first.nextCursor ?? ''}`);
    expect((first.items[0]?.id ?? '') > (second.items[0]?.id ?? '')).toBe(true);
    expect((await list(shopB, '')).items.map(({ id }) => id)).not.toContain(ready.id);
    expect(await shopB.call('GET', `/v1/exports/${ready.id}`)).toMatchObject({ status: 404, body: { code: 'export_not_found' } });
    expect(await shopA.call('GET', '/v1/exports/exp_none')).toMatchObject({ status: 404, body: { code: 'export_not_found' } });
    expect(await shopA.call('GET', '/v1/exports?status=gone')).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });
});

describe('POST /v1/exports/{id}/cancel', () => {
  test('stops one that is being written, at once, and answers the same again', async () => {
    // Drawing as many takes some seconds.
    await sql`INSERT INTO users (tenant_id, external_id, email, city, import_no, import_position) SELECT 'shop-a', 'many-' || n, 'x@example.org', ${city}, 1, n FROM generate_series(1, 19000) AS n`.execute(databases.write);
    const { body } = await ask({ dataset: 'users', format: 'pdf', filters: { city } });
    const id = body['id'] as string;
    await eventually('it to run', async () => (await look(id)).status === 'running');
    const began = Date.now();
    await shopA.call('POST', `/v1/exports/${id}/cancel`);
    const cancelled = await eventually('it to be cancelled', async () => {
      const view = await look(id);
      return view.status === 'cancelled' && view;
    });
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(cancelled.downloadUrl).toBeUndefined();
    expect(await shopA.call('POST', `/v1/exports/${id}/cancel`)).toMatchObject({ status: 202, body: { id, status: 'cancelled' } });
  });

  test('is refused for one that is ready, and for another tenant', async () => {
    expect(await shopA.call('POST', `/v1/exports/${ready.id}/cancel`)).toMatchObject({ status: 409, body: { code: 'not_cancellable' } });
    expect(await shopB.call('POST', `/v1/exports/${ready.id}/cancel`)).toMatchObject({ status: 404, body: { code: 'export_not_found' } });
  });
});

describe('the link of an export', () => {
  const codeOf = async (url: string): Promise<[number, unknown]> => {
    const response = await fetch(url);
    const text = await response.text();
    return [response.status, response.status === 200 ? 'file' : (JSON.parse(text) as { code: unknown }).code];
  };

  test('saves the file under its name', async () => {
    const named = await written({ dataset: 'users', format: 'ndjson', filters: { city }, fileName: 'Müller & Söhne' });
    const { status, headers } = await fetch(named.downloadUrl ?? '');
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="M_ller _ S_hne.ndjson"; filename*=UTF-8''M%C3%BCller%20%26%20S%C3%B6hne.ndjson`);
    expect(headers.get('content-length')).toBe(String(named.bytes));
  });

  test('is refused when any character of it is another', async () => {
    const whole = ready.downloadUrl ?? '';
    for (let at = whole.indexOf('/v1/files/') + '/v1/files/'.length; at < whole.length; at += 1) {
      const changed = `${whole.slice(0, at)}${whole[at] === 'a' ? 'b' : 'a'}${whole.slice(at + 1)}`;
      expect([changed, ...(await codeOf(changed))]).toEqual([changed, 403, 'link_invalid']);
    }
  });

  test('stops working when its time is over, and there is none after that', async () => {
    const brief = await written({ dataset: 'users', format: 'csv', filters: { city: 'none' }, expiresInDays: 6 / 86_400 });
    expect((await codeOf(brief.downloadUrl ?? ''))[0]).toBe(200);
    const expired = await eventually('it to expire', async () => {
      const view = await look(brief.id);
      return view.status === 'expired' && view;
    });
    expect(expired.downloadUrl).toBeUndefined();
    expect(await codeOf(brief.downloadUrl ?? '')).toEqual([410, 'link_expired']);
  });
});
