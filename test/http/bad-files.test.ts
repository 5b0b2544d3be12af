/** Files that are not what they should be, sent as people send them: each ends in a code, with the line where there is one, and nothing of it is kept. */
import '../support/realm.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ImportView } from '../../client/index.ts';
import type { ProductView } from '../../contracts/products.ts';
import type { UploadView } from '../../contracts/uploads/schemas.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, shop, type Shop } from '../support/http.ts';
import { aBomb, anImage } from '../support/images.ts';
import { makeWorkbook, makeZip } from '../support/workbook.ts';

let databases: Databases;
let shopA: Shop;
beforeAll(async () => {
  [databases, shopA] = await Promise.all([openTestDatabase(), shop('shop-a')]);
});
afterAll(async () => await databases.close());

const header = 'external_id,email\n';
const mebibyte = 1024 * 1024;
/** Good rows before what is wrong; more than one chunk of them, so that the first could be loaded before the last is read. */
const goodRows = 60_000;
const good = (batch: string): string => header + Array.from({ length: goodRows }, (_, at) => `${batch}-${at},ada.lovelace.${at}@example.org\n`).join('');
const cell = (text: string): string => `<c t="inlineStr"><is><t>${text}</t></is></c>`;

async function ended(path: string): Promise<Record<string, unknown>> {
  return await eventually(`${path} to end`, async () => {
    const { body } = await shopA.call('GET', path);
    return body['endedAt'] !== undefined && body;
  });
}

describe('an import of', () => {
  test.each<[string, (batch: string) => Uint8Array | Promise<Uint8Array>, string, number | undefined]>([
    ['blank lines and nothing else', () => Buffer.from('\r\n\r\n'), 'file_empty', undefined],
    ['a header and nothing else', () => Buffer.from(header), 'file_empty', undefined],
    ['a file without a column that is needed', (batch) => Buffer.from(good(batch).replace('email', 'shoe size')), 'header_invalid', 1],
    ['a file that has a column twice', (batch) => Buffer.from(good(batch).replace('email', 'email,e-mail')), 'header_invalid', 1],
    ['10,000 columns', () => Buffer.from(`${Array.from({ length: 10_000 }, (_, at) => `c${at}`).join(',')}\n${','.repeat(9_999)}\n`), 'header_invalid', 1],
    ['a field of 100 MB', (batch) => Buffer.concat([Buffer.from(`${good(batch)}last,`), Buffer.alloc(100 * mebibyte, 'x'), Buffer.from('\n')]), 'file_too_large', goodRows + 2],
    ['a field of 100 MB in quotes', (batch) => Buffer.concat([Buffer.from(`${good(batch)}last,"`), Buffer.alloc(100 * mebibyte, 'x'), Buffer.from('"\n')]), 'file_too_large', goodRows + 2],
    ['a quote that is never closed', (batch) => Buffer.from(`${good(batch)}last,"ada@example.org\n${'x,y\n'.repeat(1_000)}`), 'file_unreadable', goodRows + 2],
    ['a NUL byte', (batch) => Buffer.from(`${good(batch)}last,a\u0000da@example.org\n`), 'file_unreadable', goodRows + 2],
    ['text in an encoding that it does not say', (batch) => Buffer.from(`${good(batch)}last,zoë@example.org\n`, 'latin1'), 'file_unreadable', goodRows + 2],
    ['UTF-16 that is cut off in the middle of a character', (batch) => Buffer.from(`\ufeff${good(batch)}last,ada@example.org`, 'utf16le').subarray(0, -1), 'file_unreadable', goodRows + 2],
    ['a zip that is called csv', async (batch) => await makeZip({ 'users.csv': good(batch) }), 'file_unreadable', undefined],
    ['a workbook that unpacks to a hundred times what it is', async () => await makeWorkbook({ rows: Buffer.alloc(80 * mebibyte, `<row>${' '.repeat(2_000)}</row>`) }), 'file_too_large', undefined],
    ['a workbook that asks for a file of the server', async () => await makeZip({ '_rels/.rels': '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Relationships>&a;</Relationships>' }), 'file_unreadable', undefined],
    ['a workbook that is cut off', async (batch) => (await makeWorkbook({ rows: `<row>${cell('external_id')}${cell('email')}</row><row>${cell(batch)}${cell('ada@example.org')}</row>` })).subarray(0, -200), 'file_unreadable', undefined],
  ])('%s fails with its code, and nothing of it is loaded', async (_, file, reason, line) => {
    const batch = randomUUID();
    const sent = await shopA.call('POST', '/v1/imports?dataset=users&fileName=users.csv', await file(batch), { 'content-type': 'text/csv' });
    expect(sent.status).toBe(202);
    const found = (await ended(`/v1/imports/${String(sent.body['id'])}`)) as unknown as ImportView;
    expect(found).toMatchObject({ status: 'failed', reason, rows: { total: 0, processed: 0, rejected: 0 }, chunks: { total: 0 }, files: [{ status: 'failed', reason }], report: { kept: { rows: 0, chunks: 0 } } });
    expect([found.line, found.files[0]?.line]).toEqual([line, line]);
    expect(found.detail?.length).toBeGreaterThan(10);
    expect(found.detail).not.toContain(batch);
    const { rows } = await sql`SELECT FROM users WHERE tenant_id = 'shop-a' AND starts_with(external_id, ${batch}) LIMIT 1`.execute(databases.write);
    expect(rows).toEqual([]);
    // What was sent is known to the clean-up.
    const { rows: kept } = await sql<{ key: string }>`SELECT key FROM import_files WHERE import_id = ${found.id} AND NOT EXISTS (SELECT FROM stored_files AS s WHERE s.key = import_files.key)`.execute(databases.write);
    expect(kept).toEqual([]);
  });

  test('nothing, into nothing, or into what does not exist is refused at once', async () => {
    expect(await shopA.call('POST', '/v1/imports?dataset=users', '', { 'content-type': 'text/csv' })).toMatchObject({ status: 422, body: { code: 'file_empty' } });
    expect(await shopA.call('POST', '/v1/imports?dataset=__proto__', 'a\n1\n', { 'content-type': 'text/csv' })).toMatchObject({ status: 422, body: { code: 'unknown_dataset' } });
    expect(await shopA.call('POST', '/v1/exports', { dataset: 'boats', format: 'csv' })).toMatchObject({ status: 422, body: { code: 'unknown_dataset' } });
    expect(await shopA.call('POST', '/v1/exports', { dataset: 'users', format: 'docx' })).toMatchObject({ status: 422, body: { code: 'unknown_format' } });
  });
});

describe('an image that is', () => {
  const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';

  test.each<[string, () => Promise<Buffer>, string]>([
    ['a bomb of 64 megapixels in a few hundred kilobytes', async () => await aBomb(8_000, 8_000), 'image_too_large'],
    ['truncated', async () => (await anImage({ width: 600, height: 400, noise: true })).subarray(0, 5_000), 'image_damaged'],
    ['a drawing that can carry a script', async () => await Promise.resolve(Buffer.from(svg)), 'image_unsupported'],
    ['a web page', async () => await Promise.resolve(Buffer.from('<!doctype html><script>alert(1)</script>')), 'image_unsupported'],
    ['a workbook', async () => await makeWorkbook({ rows: '' }), 'image_unsupported'],
  ])('%s is named, whatever it is called, and the product stays as it is', async (_, image, reason) => {
    const productId = `bad-image-${randomUUID()}`;
    await shopA.call('PUT', `/v1/products/${productId}`, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 100, currency: 'EUR', weightGrams: 1 });
    const sent = await shopA.call('POST', `/v1/uploads?productId=${productId}`, await image(), { 'content-type': 'image/png' });
    expect(sent.status).toBe(202);
    const upload = (await ended(`/v1/uploads/${String(sent.body['id'])}`)) as unknown as UploadView;
    expect(upload).toMatchObject({ status: 'failed', reason, items: [{ no: 1, status: 'failed', reason }] });
    expect(upload.items[0]?.image).toBeUndefined();
    expect(((await shopA.call('GET', `/v1/products/${productId}`)).body as unknown as ProductView).images).toEqual([]);
  });
});

test('what is downloaded is saved, not shown, and only as what it is; a part of it is not promised', async () => {
  const productId = `download-${randomUUID()}`;
  await shopA.call('PUT', `/v1/products/${productId}`, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 100, currency: 'EUR', weightGrams: 1 });
  // A picture to a decoder, a page to whoever guesses by what is in it.
  const image = Buffer.concat([await anImage({ width: 40, height: 30, format: 'png' }), Buffer.from('<html><script>alert(1)</script>')]);
  const sent = await shopA.call('POST', `/v1/uploads?productId=${productId}`, image, { 'content-type': 'text/html' });
  const upload = (await ended(`/v1/uploads/${String(sent.body['id'])}`)) as unknown as UploadView;
  for (const { url, format, bytes } of upload.items[0]?.image?.variants ?? []) {
    const file = await fetch(url, { headers: { range: 'bytes=10-19', accept: 'text/html' } });
    expect([file.status, file.headers.get('accept-ranges'), file.headers.get('content-range')]).toEqual([200, null, null]);
    expect(file.headers.get('content-type')).toBe(`image/${format}`);
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; /);
    expect(file.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    const contents = Buffer.from(await file.arrayBuffer());
    expect([contents.length, contents.includes('<script>')]).toEqual([bytes, false]);
  }
  expect(upload.items[0]?.image?.variants).toHaveLength(2);
});
