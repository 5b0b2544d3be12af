import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InvoiceView } from '../../contracts/invoices/schemas.ts';
import type { Subject } from '../../contracts/payments/flow.ts';
import { maxLogoBytes } from '../../contracts/shop.ts';
import type { Databases } from '../../services/database/connection.ts';
import { testHome } from '../support/cli.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, shop, type Shop } from '../support/http.ts';
import { anImage } from '../support/images.ts';
import { heldBooking, paidBooking, paidOrder, paidPurchase } from '../support/sales.ts';

const items = [{ name: 'Poster', quantity: 2, unitPriceMinor: 1_500, vatBasisPoints: 1_900 }];

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
let subject: Subject;
let invoice: InvoiceView;
let file: Buffer;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
  subject = await paidBooking(databases, 'shop-a');
  invoice = await stored(subject);
  file = Buffer.from(await (await fetch(urlOf(invoice))).arrayBuffer());
});
afterAll(async () => await databases.close());

const ask = async (from: Shop, subjectId: string) => await from.call('POST', '/v1/invoices', { subjectId });
const look = async (id: string, query = ''): Promise<InvoiceView> => (await shopA.call('GET', `/v1/invoices/${id}${query}`)).body as unknown as InvoiceView;
const urlOf = ({ downloadUrl }: InvoiceView): string => downloadUrl ?? '';

async function stored({ id }: Subject): Promise<InvoiceView> {
  const { status, body } = await ask(shopA, id);
  expect([status, body]).toEqual([202, expect.objectContaining({ number: expect.any(String) })]);
  return await eventually(`the invoice for ${id} to be stored`, async () => {
    const view = await look(body['id'] as string);
    return view.status === 'stored' && view;
  });
}

describe('POST /v1/invoices', () => {
  test('answers the number at once, and the link as soon as the PDF is stored', async () => {
    const { status, headers, body } = await ask(shopA, (await paidBooking(databases, 'shop-a')).id);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/invoices/${String(body['id'])}`);
    expect(invoice).toMatchObject({ number: expect.stringMatching(/^INV-\d{4}-\d{6}$/), subject, customerId: 'ada', amount: 27_000, currency: 'EUR', status: 'stored' });
    expect([file.byteLength, createHash('sha256').update(file).digest('hex')]).toEqual([invoice.bytes, invoice.sha256]);
    expect(file.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('answers the same invoice to whoever asks again, with a link right away', async () => {
    const again = await Promise.all(Array.from({ length: 20 }, async () => await ask(shopA, subject.id)));
    for (const { status, body } of again) expect([status, body]).toEqual([202, expect.objectContaining({ id: invoice.id, number: invoice.number, status: 'stored', downloadUrl: expect.stringContaining('/v1/files/shop-a/invoices/') })]);
  });

  test('makes them for purchases and orders, too', async () => {
    const purchase = await stored(await paidPurchase(databases, 'shop-a', items));
    const order = await stored(await paidOrder(databases, 'shop-a', items, 500));
    expect([purchase.amount, order.amount]).toEqual([3_000, 3_500]);
  });

  const refusals: readonly [string, () => Promise<string>, number, string][] = [
    ['what nobody has paid', async () => (await heldBooking(databases, 'shop-a')).id, 404, 'payment_not_found'],
    ['what is paid but not completed', async () => (await paidPurchase(databases, 'shop-a', items, 'pending')).id, 404, 'payment_not_found'],
    ['what another tenant paid', async () => (await paidBooking(databases, 'shop-b')).id, 404, 'payment_not_found'],
    ['what is not there', async () => await Promise.resolve('bkg_none'), 404, 'payment_not_found'],
    ['no id', async () => await Promise.resolve(''), 422, 'invalid_request'],
    ['an id with a null character', async () => await Promise.resolve('bkg_\u0000'), 422, 'invalid_request'],
  ];
  test.each(refusals)('refuses %s', async (_, subjectId, status, code) => {
    expect(await ask(shopA, await subjectId())).toMatchObject({ status, body: { code } });
  });
});

describe('GET /v1/invoices', () => {
  test('lists by subject, customer and year, page by page, and nothing of another tenant', async () => {
    const list = async (from: Shop, query: string): Promise<{ items: InvoiceView[]; nextCursor?: string }> => (await from.call('GET', `/v1/invoices?${query}`)).body as unknown as { items: InvoiceView[]; nextCursor?: string };
    expect((await list(shopA, `subjectId=${subject.id}`)).items).toEqual([expect.objectContaining({ id: invoice.id, downloadUrl: expect.any(String) })]);
    expect((await list(shopA, 'customerId=nobody')).items).toEqual([]);
    expect((await list(shopA, 'year=2001')).items).toEqual([]);
    const year = invoice.issuedAt.slice(0, 4);
    const first = await list(shopA, `customerId=ada&year=${year}&limit=1`);
    const second = await list(shopA, `customerId=ada&year=${year}&limit=1&cursor=${first.nextCursor ?? ''}`);
    expect([first.items.length, second.items.length]).toEqual([1, 1]);
    expect((first.items[0]?.id ?? '') > (second.items[0]?.id ?? '')).toBe(true);
    expect((await list(shopB, `subjectId=${subject.id}`)).items).toEqual([]);
    expect(await shopB.call('GET', `/v1/invoices/${invoice.id}`)).toMatchObject({ status: 404, body: { code: 'invoice_not_found' } });
    expect(await shopA.call('GET', '/v1/invoices?cursor=%00')).toMatchObject({ status: 422, body: { code: 'invalid_cursor' } });
  });

  test('gives links for an hour, or for as long as was asked for, at most seven days', async () => {
    const life = (view: InvoiceView): number => Math.round((Date.parse(view.downloadExpiresAt ?? '') - Date.now()) / 60_000);
    expect(life(await look(invoice.id))).toBe(60);
    expect(life(await look(invoice.id, '?linkSeconds=604800'))).toBe(7 * 24 * 60);
    expect(await shopA.call('GET', `/v1/invoices/${invoice.id}?linkSeconds=604801`)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });
});

describe('a link', () => {
  const codeOf = async (url: string, init: RequestInit = {}): Promise<[number, unknown]> => {
    const response = await fetch(url, init);
    const text = await response.text();
    return [response.status, response.status === 200 ? 'file' : (JSON.parse(text) as { code: unknown }).code];
  };

  test('opens the PDF without an API key, to be saved under its number and kept by nobody on the way', async () => {
    const { status, headers } = await fetch(urlOf(invoice));
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(invoice.bytes),
      'content-disposition': `attachment; filename="${invoice.number}.pdf"; filename*=UTF-8''${invoice.number}.pdf`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': expect.stringMatching(/^private, max-age=\d+$/),
    });
  });

  test('answers HEAD like GET, without the file', async () => {
    const response = await fetch(urlOf(invoice), { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), (await response.arrayBuffer()).byteLength]).toEqual([200, String(invoice.bytes), 0]);
    expect((await fetch(`${urlOf(invoice)}x`, { method: 'HEAD' })).status).toBe(403);
  });

  test('is refused when any character of it is another, or missing', async () => {
    const whole = urlOf(invoice);
    const begins = whole.indexOf('/v1/files/') + '/v1/files/'.length;
    for (let at = begins; at < whole.length; at += 1) {
      const other = whole[at] === 'a' ? 'b' : 'a';
      const changed = `${whole.slice(0, at)}${other}${whole.slice(at + 1)}`;
      expect([changed, ...(await codeOf(changed))]).toEqual([changed, 403, 'link_invalid']);
    }
    for (const broken of [whole.slice(0, -1), `${whole}&a=b`, whole.split('?')[0] ?? '', `${whole.slice(0, begins)}../../secrets?${whole.split('?')[1] ?? ''}`]) {
      expect((await codeOf(broken))[0]).toBeGreaterThanOrEqual(403);
      expect((await codeOf(broken))[1]).toMatch(/^(link_invalid|not_found|unauthorized)$/);
    }
  });

  test('is over when its time is over', async () => {
    const brief = urlOf(await look(invoice.id, '?linkSeconds=1'));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await codeOf(brief)).toEqual([410, 'link_expired']);
  });

  test('is for reading only, and says so when the file is gone', async () => {
    expect((await codeOf(urlOf(invoice), { method: 'PUT', body: 'other' }))[0]).toBeGreaterThanOrEqual(401);
    const gone = await stored(await paidBooking(databases, 'shop-a'));
    await rm(path.join(testHome(), 'storage/shop-a/invoices', gone.issuedAt.slice(0, 4), `${gone.id}.pdf`));
    expect(await codeOf(urlOf(gone))).toEqual([404, 'file_not_found']);
  });
});

describe('/v1/shop', () => {
  const profile = { legalName: 'Seaview Hotels GmbH', address: ['Hafenstraße 1', '20457 Hamburg'], country: 'DE', taxId: 'DE123456789', vatBasisPoints: 1_900, invoicePrefix: 'SEA-1', locale: 'de-DE' };

  test('begins with the name alone, is replaced as a whole, and is each tenant\'s own', async () => {
    const before = (await shopA.call('GET', '/v1/shop')).body;
    expect(before).toMatchObject({ legalName: expect.any(String), invoicePrefix: 'INV', locale: 'en' });
    expect(await shopB.call('PUT', '/v1/shop', { ...profile, email: 'office@example.org' })).toMatchObject({ status: 200, body: { ...profile, email: 'office@example.org' } });
    expect((await shopB.call('PUT', '/v1/shop', profile)).body).toEqual(profile);
    expect((await shopB.call('GET', '/v1/shop')).body).toEqual(profile);
    expect((await shopA.call('GET', '/v1/shop')).body).toEqual(before);
    const { body } = await ask(shopB, (await paidBooking(databases, 'shop-b')).id);
    expect(body).toMatchObject({ number: expect.stringMatching(/^SEA-1-\d{4}-\d{6}$/) });
  });

  test('has a logo when a PNG is uploaded, keeps it when it is changed, and takes no other file for one', async () => {
    const png = { 'content-type': 'image/png' };
    const squarePng = await anImage({ width: 20, height: 20, format: 'png' });
    const put = async (body: unknown, headers: Record<string, string>) => await shopB.call('PUT', '/v1/shop/logo', body, headers);
    const answer = await put(squarePng, png);
    expect(answer).toMatchObject({ status: 200, body: { logoUrl: expect.stringContaining('/v1/files/shop-b/logos/') } });
    const picture = await fetch(answer.body['logoUrl'] as string);
    expect([picture.status, Buffer.from(await picture.arrayBuffer()).equals(squarePng)]).toEqual([200, true]);
    expect((await shopB.call('PUT', '/v1/shop', profile)).body).toEqual({ ...profile, logoUrl: answer.body['logoUrl'] });
    expect((await shopA.call('GET', '/v1/shop')).body).not.toHaveProperty('logoUrl');
    expect(await put(Buffer.from('<svg/>'), png)).toMatchObject({ status: 422, body: { code: 'image_unsupported', detail: expect.stringContaining('not interlaced') } });
    expect(await put(squarePng.subarray(0, 40), png)).toMatchObject({ status: 422, body: { code: 'image_unsupported' } });
    expect(await put(new Uint8Array(), png)).toMatchObject({ status: 422, body: { code: 'file_empty' } });
    expect(await put(Buffer.alloc(maxLogoBytes + 1), png)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    expect(await put(squarePng, { 'content-type': 'image/gif' })).toMatchObject({ status: 415 });
    expect((await shopB.call('GET', '/v1/shop')).body['logoUrl']).toBe(answer.body['logoUrl']);
  });

  test.each([
    ['a prefix that could be taken for another part of the number', { invoicePrefix: 'sea/1' }],
    ['a country that is none', { country: 'XX' }],
    ['a locale that is none', { locale: 'en-a1' }],
    ['a VAT rate above all', { vatBasisPoints: 10_001 }],
    ['an address without a line', { address: [] }],
    ['a name with a line break', { legalName: 'Sea\nview' }],
    ['a field that is not known', { iban: 'DE00' }],
  ])('refuses %s', async (_, wrong) => {
    expect(await shopB.call('PUT', '/v1/shop', { ...profile, ...wrong })).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path: expect.stringContaining(Object.keys(wrong)[0] ?? '') }] } });
  });
});
