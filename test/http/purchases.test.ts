import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { newPurchaseId, type PurchaseView } from '../../client/index.ts';
import { purchaseWorkflowId } from '../../contracts/flows.ts';
import { maxProductFileBytes } from '../../contracts/products.ts';
import type { Databases } from '../../services/database/connection.ts';
import { beginUndo } from '../../services/database/purchases/undo.ts';
import { createResource, openTestDatabase, someCar } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually, request, shop, type Answer, type Shop } from '../support/http.ts';

const visa = { gateway: 'stripe', method: 'pm_card_visa' };
const declined = { gateway: 'stripe', method: 'pm_card_visa_chargeDeclined' };
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' };
const binary = { 'content-type': 'application/octet-stream' };

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
let apiUrl: string;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
  ({ apiUrl } = await testStack());
});
afterAll(async () => await databases.close());

let made = 0;
const fresh = (name: string): string => `${name}-${process.pid}-${Date.now().toString(36)}-${(made += 1)}`;

async function product(more: object = {}): Promise<string> {
  const id = fresh('product');
  const answer = await shopA.call('PUT', `/v1/products/${id}`, { sellerId: fresh('seller'), name: 'Night sky photographs', kind: 'digital', price: 1_900, currency: 'EUR', ...more });
  expect(answer.status).toBe(201);
  return id;
}

async function basketOf(...products: string[]): Promise<string> {
  const customerId = fresh('customer');
  for (const id of products) expect((await shopA.call('PUT', `/v1/baskets/${customerId}/items/${id}`, { quantity: 1 })).status).toBe(200);
  return customerId;
}

async function heldCar(customerId: string): Promise<string> {
  const { status, body } = await shopA.call('POST', '/v1/bookings', { resourceId: await createResource(databases, 'shop-a', someCar), customerId });
  expect(status).toBe(201);
  return String(body['id']);
}

const view = ({ body }: Answer): PurchaseView => body as PurchaseView;
const buy = async (wanted: object, headers?: Record<string, string>): Promise<Answer> => await shopA.call('POST', '/v1/purchases', wanted, headers);

describe('products', () => {
  test('are created, replaced, found and listed by seller and kind', async () => {
    const sellerId = fresh('seller');
    const digital = await product({ sellerId, stock: 3, vatBasisPoints: 2_000 });
    const mug = await product({ sellerId, kind: 'physical', weightGrams: 300 });
    expect((await shopA.call('GET', `/v1/products/${digital}`)).body).toMatchObject({ id: digital, sellerId, stock: 3, vatBasisPoints: 2_000, sold: 0 });
    const replaced = await shopA.call('PUT', `/v1/products/${digital}`, { sellerId, name: 'New name', kind: 'digital', price: 5, currency: 'EUR' });
    expect(replaced).toMatchObject({ status: 200, body: { name: 'New name', price: 5 } });
    expect(replaced.body).not.toHaveProperty('stock');
    const listed = async (query: string): Promise<unknown[]> => ((await shopA.call('GET', `/v1/products?sellerId=${sellerId}${query}`)).body['items'] as { id: string }[]).map(({ id }) => id);
    expect(await listed('')).toEqual([digital, mug].toSorted());
    expect(await listed('&kind=physical')).toEqual([mug]);
  });

  test.each([
    ['what is shipped and has no weight', { kind: 'physical' }],
    ['a negative price', { price: -1 }],
    ['half a cent', { price: 0.5 }],
    ['a price beyond what can be charged', { price: 1e13 }],
    ['no currency of ISO 4217', { currency: 'XQX' }],
    ['a field that is not known', { fee: 0 }],
  ])('are refused with %s', async (_, wrong) => {
    expect(await shopA.call('PUT', `/v1/products/${fresh('product')}`, { sellerId: 's', name: 'n', kind: 'digital', price: 1, currency: 'EUR', ...wrong })).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });

  test('of another tenant do not exist', async () => {
    const id = await product();
    expect(await shopB.call('GET', `/v1/products/${id}`)).toMatchObject({ status: 404, body: { code: 'product_not_found' } });
    expect(await shopB.call('PUT', `/v1/products/${id}/file`, new Uint8Array(3), binary)).toMatchObject({ status: 404 });
    expect(await shopB.call('PUT', `/v1/baskets/ada/items/${id}`, { quantity: 1 })).toMatchObject({ status: 404 });
  });
});

describe('the file of a product', () => {
  test('is taken as it comes, and nothing but a file is', async () => {
    const id = await product();
    expect(await shopA.call('PUT', `/v1/products/${id}/file?name=photographs.zip`, new Uint8Array([0, 255, 10]), binary)).toMatchObject({ status: 200, body: { fileName: 'photographs.zip' } });
    expect(await shopA.call('PUT', `/v1/products/${id}/file`, { a: 1 })).toMatchObject({ status: 415 });
    expect(await shopA.call('PUT', `/v1/products/${id}/file`, new Uint8Array(), binary)).toMatchObject({ status: 422 });
    expect(await shopA.call('PUT', `/v1/products/${id}/file?name=..%2Fetc`, new Uint8Array(3), binary)).toMatchObject({ status: 422 });
    expect(await shopA.call('PUT', `/v1/products/${fresh('none')}/file`, new Uint8Array(3), binary)).toMatchObject({ status: 404 });
    expect(await shopA.call('PUT', `/v1/products/${await product({ kind: 'physical', weightGrams: 1 })}/file`, new Uint8Array(3), binary)).toMatchObject({ status: 422 });
    // Everywhere else it is JSON or nothing, as before.
    expect(await shopA.call('PUT', `/v1/products/${id}`, new Uint8Array(3), binary)).toMatchObject({ status: 415 });
  });

  test('that is larger than it may be is refused, whether its size was announced or not, and the one before stays', async () => {
    const id = await product();
    await shopA.call('PUT', `/v1/products/${id}/file?name=small`, new Uint8Array(3), binary);
    expect(await shopA.call('PUT', `/v1/products/${id}/file?name=large`, new Uint8Array(maxProductFileBytes + 1), binary)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    const chunk = new Uint8Array(1024 * 1024);
    let left = maxProductFileBytes / chunk.length + 1;
    const body = new ReadableStream({ pull: (stream) => (left-- > 0 ? stream.enqueue(chunk) : stream.close()) });
    const { apiKeys } = await testStack();
    const streamed = await fetch(`${apiUrl}/v1/products/${id}/file?name=large`, { method: 'PUT', headers: { authorization: `Bearer ${apiKeys['shop-a'] ?? ''}`, ...binary }, body, duplex: 'half' });
    expect(streamed.status).toBe(413);
    expect((await shopA.call('GET', `/v1/products/${id}`)).body).toMatchObject({ fileName: 'small' });
  });
});

describe('a basket', () => {
  test('is priced as things are now, warns of what is in the way, and loses what has a quantity of 0', async () => {
    const [one, scarce, foreign] = [await product({ price: 250 }), await product({ stock: 0 }), await product({ currency: 'USD' })];
    const customerId = await basketOf(one, one);
    expect((await shopA.call('PUT', `/v1/baskets/${customerId}/items/${one}`, { quantity: 4 })).body).toMatchObject({ customerId, total: { amount: 1_000, currency: 'EUR' }, items: [{ productId: one, quantity: 4, amount: 1_000, warnings: [] }] });
    await shopA.call('PUT', `/v1/baskets/${customerId}/items/${scarce}`, { quantity: 1 });
    await shopA.call('PUT', `/v1/baskets/${customerId}/items/${foreign}`, { quantity: 1 });
    const { body } = await shopA.call('GET', `/v1/baskets/${customerId}`);
    expect((body['items'] as { warnings: string[] }[]).flatMap(({ warnings }) => warnings)).toEqual(['out_of_stock', 'other_currency']);
    expect(body).not.toHaveProperty('total');
    for (const id of [scarce, foreign, one]) await shopA.call('PUT', `/v1/baskets/${customerId}/items/${id}`, { quantity: 0 });
    expect((await shopA.call('GET', `/v1/baskets/${customerId}`)).body).toEqual({ customerId, items: [] });
    for (const quantity of [-1, 1_001, 0.5]) expect((await shopA.call('PUT', `/v1/baskets/${customerId}/items/${one}`, { quantity })).status).toBe(422);
  });
});

describe('POST /v1/purchases', () => {
  test('buys a basket, pays the seller, and hands out a link that opens five times without a key', async () => {
    const sellerId = fresh('seller');
    const id = await product({ sellerId });
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    await shopA.call('PUT', `/v1/products/${id}/file?name=${encodeURIComponent('Nächte "1".zip')}`, bytes, binary);
    const bought = await buy({ customerId: await basketOf(id), ...visa });
    expect(bought).toMatchObject({ status: 202, body: { status: 'completed', amount: 1_900, currency: 'EUR', payment: { status: 'settled' }, items: [{ productId: id, fee: 190 }] } });
    expect(bought.headers.get('location')).toBe(`/v1/purchases/${view(bought).id}`);
    expect((await shopA.call('GET', `/v1/sellers/${sellerId}/balance`)).body).toEqual({ sellerId, balances: [{ currency: 'EUR', amount: 1_710 }] });

    const url = view(bought).downloads?.[0]?.url ?? '';
    expect((await fetch(url, { method: 'HEAD' })).status).not.toBe(200);
    for (let time = 1; time <= 5; time += 1) {
      const file = await fetch(url);
      expect([time, file.status]).toEqual([time, 200]);
      expect(file.headers.get('content-type')).toBe('application/octet-stream');
      expect(file.headers.get('x-content-type-options')).toBe('nosniff');
      expect(file.headers.get('content-disposition')).toBe(`attachment; filename="N_chte _1_.zip"; filename*=UTF-8''N%C3%A4chte%20%221%22.zip`);
      expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
    }
    expect(await request(url, {})).toMatchObject({ status: 410, body: { code: 'download_limit_reached' } });
    const [download] = view(await shopA.call('GET', `/v1/purchases/${view(bought).id}`)).downloads ?? [];
    expect(download).toMatchObject({ downloadsLeft: 0 });
    expect(download).not.toHaveProperty('url');
  });

  test('counts the last download once, however many ask for it at a time', async () => {
    const id = await product();
    await shopA.call('PUT', `/v1/products/${id}/file`, new Uint8Array(10), binary);
    const url = view(await buy({ customerId: await basketOf(id), ...visa })).downloads?.[0]?.url ?? '';
    const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await fetch(url)).status));
    expect([200, 410].map((wanted) => statuses.filter((status) => status === wanted).length)).toEqual([5, 7]);
  });

  test('hands out links that nobody else can make, and that end', async () => {
    const id = await product();
    const url = view(await buy({ customerId: await basketOf(id), ...visa })).downloads?.[0]?.url ?? '';
    // The file was never uploaded: that is no download.
    expect(await request(url, {})).toMatchObject({ status: 404, body: { code: 'file_not_found' } });
    await shopA.call('PUT', `/v1/products/${id}/file`, new Uint8Array(10), binary);
    for (const forged of [url.replace(/expires=\d/, 'expires=9'), url.replace(/signature=./, (found) => `signature=${found.endsWith('A') ? 'B' : 'A'}`), url.replace('/dl_', '/dl_0'), url.split('?')[0] ?? '', `${url}&x=1`]) {
      expect(await request(forged, {})).toMatchObject({ status: 403, body: { code: 'link_invalid' } });
    }
    await databases.write.updateTable('downloads').set({ expires_at: new Date(Date.now() - 1_000) }).where('product_id', '=', id).execute();
    expect(await request(url, {})).toMatchObject({ status: 410, body: { code: 'link_expired' } });
  });

  test('closes its links when all of the money is given back, and not for a part of it', async () => {
    const id = await product();
    await shopA.call('PUT', `/v1/products/${id}/file`, new Uint8Array(10), binary);
    const purchase = view(await buy({ customerId: await basketOf(id), ...visa }));
    const url = purchase.downloads?.[0]?.url ?? '';
    const refunded = async (body: object, amount: number): Promise<void> => {
      expect((await shopA.call('POST', `/v1/payments/${purchase.paymentId}/refund`, body)).status).toBe(202);
      await eventually('the refund', async () => (await shopA.call('GET', `/v1/payments/${purchase.paymentId}`)).body['refunded'] === amount);
    };
    await refunded({ amount: 100 }, 100);
    expect((await fetch(url)).status).toBe(200);
    await refunded({}, 1_900);
    expect(await request(url, {})).toMatchObject({ status: 410, body: { code: 'download_withdrawn' } });
    expect(view(await shopA.call('GET', `/v1/purchases/${purchase.id}`))).not.toHaveProperty('downloads');
  });

  test('keeps the booking of a vehicle that is sold from being cancelled, until all of its money is given back', async () => {
    const bookingId = await heldCar('ada');
    const { paymentId } = view(await buy({ customerId: 'ada', bookingId, ...visa }));
    const cancelled = async (path = `/v1/bookings/${bookingId}/cancel`): Promise<Answer> => await shopA.call('POST', path, {});
    const refunded = async (body: object, amount: number): Promise<void> => {
      expect((await shopA.call('POST', `/v1/payments/${paymentId}/refund`, body)).status).toBe(202);
      await eventually('the refund', async () => (await shopA.call('GET', `/v1/payments/${paymentId}`)).body['refunded'] === amount);
    };
    const refusal = { status: 409, body: { code: 'not_cancellable', detail: expect.stringContaining(paymentId) } };
    expect(await cancelled()).toMatchObject(refusal);
    expect(await cancelled(`/v1/flows/booking:${bookingId}/cancel`)).toMatchObject(refusal);
    await refunded({ amount: 1_199_999 }, 1_199_999);
    expect(await cancelled()).toMatchObject(refusal);
    const { resourceId } = (await shopA.call('GET', `/v1/bookings/${bookingId}`)).body as { resourceId: string };
    expect((await shopA.call('GET', `/v1/resources/${resourceId}`)).body).toMatchObject({ ownerId: 'ada' });
    await refunded({}, 1_200_000);
    expect((await cancelled()).status).toBe(202);
    await eventually('the release', async () => (await shopA.call('GET', `/v1/bookings/${bookingId}`)).body['status'] === 'released');
    expect((await shopA.call('GET', `/v1/resources/${resourceId}`)).body).not.toHaveProperty('ownerId');
  });

  test('buys a held vehicle for its holder, and for nobody else', async () => {
    const bookingId = await heldCar('ada');
    expect(await buy({ customerId: 'eve', bookingId, ...visa })).toMatchObject({ status: 403, body: { code: 'not_the_holder' } });
    expect(await buy({ customerId: 'ada', bookingId, ...visa, amount: 1_200_000, currency: 'EUR' })).toMatchObject({ status: 202, body: { kind: 'vehicle', bookingId, status: 'completed', amount: 1_200_000 } });
    expect((await shopA.call('GET', `/v1/bookings/${bookingId}`)).body).toMatchObject({ status: 'confirmed' });
    await eventually('the statistics', async () => ((await shopA.call('GET', '/v1/inventory/statistics')).body['items'] as { kind: string; sold: number }[]).some(({ kind, sold }) => kind === 'vehicle' && sold > 0));
  });

  test('answers a decline with the purchase and its reason', async () => {
    const bookingId = await heldCar('ada');
    const answer = await buy({ customerId: 'ada', bookingId, ...declined });
    expect(answer).toMatchObject({ status: 202, body: { status: 'failed', reason: 'card_declined', payment: { status: 'failed', failure: { code: 'card_declined' } } } });
    expect((await shopA.call('GET', `/v1/bookings/${bookingId}`)).body).toMatchObject({ status: 'released', reason: 'payment_failed' });
  });

  test('sends the payer to a page, and cancels on wish', async () => {
    const bookingId = await heldCar('ada');
    const answer = await buy({ customerId: 'ada', bookingId, ...strong });
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', payment: { status: 'created', redirectUrl: expect.stringContaining('http') } } });
    const cancelled = async (): Promise<Answer> => await shopA.call('POST', `/v1/purchases/${view(answer).id}/cancel`);
    expect(await cancelled()).toMatchObject({ status: 202 });
    await eventually('the end', async () => view(await shopA.call('GET', `/v1/purchases/${view(answer).id}`)).status === 'cancelled');
    expect(await cancelled()).toMatchObject({ status: 202, body: { status: 'cancelled' } });
  });

  test('cancels one whose flow was lost while it was being undone', async () => {
    const purchase = view(await buy({ customerId: await basketOf(await product()), ...strong }));
    const { temporalAddress, temporalNamespace } = await testStack();
    const connection = await Connection.connect({ address: temporalAddress });
    try {
      await new Client({ connection, namespace: temporalNamespace }).workflow.getHandle(purchaseWorkflowId(purchase.id)).terminate('lost');
    } finally {
      await connection.close();
    }
    await beginUndo(databases.write, { tenantId: 'shop-a', purchaseId: purchase.id }, 'cancelled');
    expect((await shopA.call('POST', `/v1/purchases/${purchase.id}/cancel`)).status).toBe(202);
    await eventually('the end', async () => view(await shopA.call('GET', `/v1/purchases/${purchase.id}`)).status === 'cancelled');
  });

  test('refuses to cancel what is completed', async () => {
    const { id } = view(await buy({ customerId: await basketOf(await product()), ...visa }));
    expect(await shopA.call('POST', `/v1/purchases/${id}/cancel`)).toMatchObject({ status: 409, body: { code: 'not_cancellable' } });
  });

  test.each([
    ['an empty basket', {}, 409, 'basket_empty'],
    ['an unknown booking', { bookingId: 'bkg_nothing' }, 404, 'booking_not_found'],
    ['an unknown gateway', { gateway: 'cash' }, 422, 'invalid_request'],
    ['a negative amount', { amount: -1 }, 422, 'invalid_request'],
    ['a price of its own', { price: 1 }, 422, 'invalid_request'],
  ])('refuses %s', async (_, wrong, status, code) => {
    expect(await buy({ customerId: fresh('customer'), ...visa, ...wrong })).toMatchObject({ status, body: { code } });
  });

  test('refuses another amount than the basket costs, and a gateway that does not take its currency, and buys nothing', async () => {
    const customerId = await basketOf(await product());
    expect(await buy({ customerId, ...visa, amount: 1_899 })).toMatchObject({ status: 422, body: { code: 'amount_mismatch' } });
    expect(await buy({ customerId, gateway: 'paytm' })).toMatchObject({ status: 422, body: { code: 'currency_not_supported' } });
    expect((await shopA.call('GET', `/v1/baskets/${customerId}`)).body).toMatchObject({ total: { amount: 1_900 } });
  });

  test('under one Idempotency-Key buys once and answers the same', async () => {
    const customerId = await basketOf(await product());
    const key = { 'idempotency-key': fresh('key') };
    const [first, second] = await Promise.all([buy({ customerId, ...visa }, key), buy({ customerId, ...visa }, key)]);
    expect([first.status, second.status, view(second).id]).toEqual([202, 202, view(first).id]);
    expect((await buy({ customerId, ...visa }, key)).body).toEqual(first.body);
    expect(await buy({ customerId, ...declined }, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(((await shopA.call('GET', `/v1/purchases?customerId=${customerId}`)).body['items'] as unknown[]).length).toBe(1);
  });
});

describe('lists of purchases', () => {
  test('are filtered and paged, newest first, and show nothing to another tenant', async () => {
    const id = await product();
    const customerId = fresh('customer');
    const bought: string[] = [];
    for (let time = 0; time < 3; time += 1) {
      await shopA.call('PUT', `/v1/baskets/${customerId}/items/${id}`, { quantity: 1 });
      bought.push(view(await buy({ customerId, ...visa })).id);
    }
    const seen: string[] = [];
    for (let cursor: unknown = ''; cursor !== undefined; ) {
      const { body } = await shopA.call('GET', `/v1/purchases?customerId=${customerId}&status=completed&kind=basket&limit=2${cursor === '' ? '' : `&cursor=${cursor as string}`}`);
      seen.push(...(body['items'] as PurchaseView[]).map((purchase) => purchase.id));
      cursor = body['nextCursor'];
    }
    expect(seen).toEqual(bought.toReversed());
    expect((await shopA.call('GET', `/v1/purchases?customerId=${customerId}&kind=vehicle`)).body['items']).toEqual([]);
    expect((await shopB.call('GET', `/v1/purchases?customerId=${customerId}`)).body['items']).toEqual([]);
    for (const [method, path] of [['GET', ''], ['POST', '/cancel']] as const) {
      expect(await shopB.call(method, `/v1/purchases/${bought[0] ?? ''}${path}`)).toMatchObject({ status: 404, body: { code: 'purchase_not_found' } });
    }
    expect(await shopA.call('GET', `/v1/purchases/${newPurchaseId()}`)).toMatchObject({ status: 404 });
  });
});
