import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OrderView } from '../../client/index.ts';
import type { PutProduct } from '../../contracts/products.ts';
import type { Databases } from '../../services/database/connection.ts';
import { putProduct } from '../../services/database/products.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually, request, shop, type Answer, type Shop } from '../support/http.ts';

const shipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
const mug: PutProduct = { sellerId: 'own', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 };
const song: PutProduct = { sellerId: 'own', name: 'Song', kind: 'digital', price: 900, currency: 'EUR' };

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
});
afterAll(async () => await databases.close());

async function product(body: PutProduct): Promise<string> {
  const id = `${body.kind}-${randomUUID()}`;
  await putProduct(databases.write, 'shop-a', id, body);
  return id;
}

const view = (answer: Answer): OrderView => answer.body as OrderView;
const place = async (wanted: object, headers: Record<string, string> = {}): Promise<Answer> => await shopA.call('POST', '/v1/orders', { customerId: 'ada', gateway: 'stripe', method: 'pm_card_visa', ...wanted }, headers);
const read = async (id: string): Promise<OrderView> => view(await shopA.call('GET', `/v1/orders/${id}`));
const completed = async (id: string): Promise<OrderView> => await eventually('the order to be completed', async () => await read(id).then((order) => (order.status === 'completed' ? order : undefined)));

describe('POST /v1/orders', () => {
  test('orders what is sent: paid, labelled, and with the warehouse', async () => {
    const productId = await product(mug);
    const answer = await place({ items: [{ productId, quantity: 2 }], shipTo, amount: 3_590, currency: 'EUR' });
    expect(answer).toMatchObject({ status: 202, body: { amount: 3_590, shipping: 590, currency: 'EUR', items: [{ productId, quantity: 2, unitPrice: 1_500, amount: 3_000, ships: true }] } });
    expect(view(answer).id).toMatch(/^ord_/);
    expect(answer.headers.get('location')).toBe(`/v1/orders/${view(answer).id}`);
    const order = await completed(view(answer).id);
    expect(order).toMatchObject({ step: 'warehouse', paymentId: view(answer).id.replace('ord_', 'pay_'), payment: { status: 'settled' }, shipment: { status: 'labelled', tracking: expect.stringMatching(/^HF\d{20}$/) } });
    expect(JSON.stringify(order)).not.toContain(shipTo.line1);
  });

  test('hands out links to what is digital, which open until all of the money is given back', async () => {
    const [songId, mugId] = [await product(song), await product(mug)];
    const bytes = new Uint8Array([1, 2, 3]);
    await shopA.call('PUT', `/v1/products/${songId}/file?name=song.flac`, bytes, { 'content-type': 'application/octet-stream' });
    const { id } = view(await place({ items: [{ productId: songId, quantity: 2 }, { productId: mugId }], shipTo }));
    const { downloads = [], paymentId } = await completed(id);
    expect(downloads).toMatchObject([{ productId: songId, downloadsLeft: 5, url: expect.stringContaining('/v1/downloads/dl_') }]);
    const file = await fetch(downloads[0]?.url ?? '');
    expect([file.status, file.headers.get('content-disposition'), Buffer.from(await file.arrayBuffer()).equals(bytes)]).toEqual([200, expect.stringContaining('song.flac'), true]);
    expect(((await shopA.call('GET', '/v1/orders?limit=200')).body['items'] as OrderView[]).find((order) => order.id === id)?.downloads).toMatchObject([{ downloadsLeft: 4, url: expect.any(String) }]);
    await shopA.call('POST', `/v1/payments/${paymentId}/refund`, {});
    await eventually('the refund', async () => (await read(id)).payment?.status === 'refunded');
    expect(await request(downloads[0]?.url ?? '', {})).toMatchObject({ status: 410, body: { code: 'download_withdrawn' } });
    expect(await read(id)).not.toHaveProperty('downloads');
  });

  test('answers where the payer has to go, and nothing is taken until he has been there', async () => {
    const answer = await place({ items: [{ productId: await product(song) }], method: 'pm_card_authenticationRequired' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', step: 'payment', payment: { status: 'created', redirectUrl: expect.stringContaining('http') } } });
    expect(await shopA.call('POST', `/v1/orders/${view(answer).id}/cancel`, {})).toMatchObject({ status: 202 });
    await eventually('the order to be cancelled', async () => (await read(view(answer).id)).status === 'cancelled');
    expect(await shopA.call('POST', `/v1/orders/${view(answer).id}/cancel`, {})).toMatchObject({ status: 202, body: { status: 'cancelled', reason: 'cancelled' } });
  });

  test('answers a declined card with the failed order', async () => {
    const answer = await place({ items: [{ productId: await product(song) }], method: 'pm_card_chargeDeclinedInsufficientFunds' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'failed', step: 'payment', reason: 'insufficient_funds', payment: { status: 'failed', failure: { code: 'insufficient_funds' } } } });
  });

  test('with an Idempotency-Key orders once', async () => {
    const wanted = { items: [{ productId: await product(mug), quantity: 1 }], shipTo };
    const headers = { 'idempotency-key': randomUUID() };
    const [first, second] = [await place(wanted, headers), await place(wanted, headers)];
    expect(second.body).toEqual(first.body);
    expect(await place({ ...wanted, customerId: 'bob' }, headers)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  test.each<[string, number, () => object | Promise<object>]>([
    ['product_not_found', 404, () => ({ items: [{ productId: 'nothing' }] })],
    ['out_of_stock', 409, async () => ({ items: [{ productId: await product(mug), quantity: 11 }], shipTo })],
    ['mixed_currencies', 409, async () => ({ items: [{ productId: await product(song) }, { productId: await product({ ...song, currency: 'USD' }) }] })],
    ['shipping_unavailable', 409, async () => ({ items: [{ productId: await product({ ...mug, weightGrams: 4_000 }), quantity: 10 }], shipTo })],
    ['amount_mismatch', 422, async () => ({ items: [{ productId: await product(mug) }], shipTo, amount: 1_500 })],
    ['nothing_to_pay', 409, async () => ({ items: [{ productId: await product({ ...song, price: 0 }) }] })],
    ['invalid_request', 422, async () => ({ items: [{ productId: await product(mug) }] })],
    ['invalid_request', 422, async () => ({ items: [{ productId: await product(mug) }], shipTo: { ...shipTo, country: 'XX' } })],
    ['invalid_request', 422, async () => ({ items: [{ productId: await product(mug) }], shipTo: { ...shipTo, line1: 'a\u0000b' } })],
    ['invalid_request', 422, () => ({ items: [] })],
    ['invalid_request', 422, async () => { const productId = await product(song); return { items: [{ productId }, { productId, quantity: 2 }] }; }],
    ['invalid_request', 422, () => ({ items: Array.from({ length: 101 }, (_, index) => ({ productId: `p-${index}` })) })],
    ['invalid_request', 422, async () => ({ items: [{ productId: await product(song), quantity: 0 }] })],
    ['invalid_request', 422, async () => ({ items: [{ productId: await product(song) }], gateway: 'cash' })],
  ])('refuses: %s (%i)', async (code, status, wanted) => {
    expect(await place(await wanted())).toMatchObject({ status, body: { code } });
  });
});

describe('an order', () => {
  test('is listed by customer and status, newest first, page by page', async () => {
    const customerId = `c-${randomUUID()}`;
    const items = [{ productId: await product(song) }];
    const ids = [];
    for (let made = 0; made < 3; made += 1) ids.unshift(view(await place({ customerId, items })).id);
    for (const id of ids) await completed(id);
    const first = await shopA.call('GET', `/v1/orders?customerId=${customerId}&status=completed&limit=2`);
    expect((first.body['items'] as OrderView[]).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = await shopA.call('GET', `/v1/orders?customerId=${customerId}&limit=2&cursor=${String(first.body['nextCursor'])}`);
    expect((second.body['items'] as OrderView[]).map(({ id }) => id)).toEqual(ids.slice(2));
    expect(await shopA.call('GET', `/v1/orders?customerId=${customerId}&status=failed`)).toMatchObject({ body: { items: [] } });
  });

  test('that the warehouse has cannot be cancelled, and nothing of it waits to be resumed', async () => {
    const { id } = await completed(view(await place({ items: [{ productId: await product(mug) }], shipTo })).id);
    expect(await shopA.call('POST', `/v1/orders/${id}/cancel`, {})).toMatchObject({ status: 409, body: { code: 'not_cancellable' } });
    expect(await shopA.call('POST', `/v1/orders/${id}/resume`, {})).toMatchObject({ status: 409, body: { code: 'nothing_to_resume' } });
  });

  test('of another tenant does not exist', async () => {
    const { id } = view(await place({ items: [{ productId: await product(song) }] }));
    for (const [method, path] of [['GET', ''], ['POST', '/cancel'], ['POST', '/resume']] as const) {
      expect(await shopB.call(method, `/v1/orders/${id}${path}`, method === 'POST' ? {} : undefined)).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
    }
    expect(((await shopB.call('GET', '/v1/orders')).body['items'] as OrderView[]).map((order) => order.id)).not.toContain(id);
    // Its products are no one else's either.
    expect(await shopB.call('POST', '/v1/orders', { customerId: 'ada', gateway: 'stripe', items: [{ productId: await product(song) }] })).toMatchObject({ status: 404, body: { code: 'product_not_found' } });
  });
});
