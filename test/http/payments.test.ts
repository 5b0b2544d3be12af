import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Holdfast, newBookingId, newPaymentId } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someRoom } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually, request, shop, type Answer, type Shop } from '../support/http.ts';
import { formAt, payerDecides } from '../support/payer.ts';

const nights = { from: '2033-05-01', to: '2033-05-04' };
const visa = { gateway: 'stripe', method: 'pm_card_visa' };
const declined = { gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' };
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' };

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
});
afterAll(async () => await databases.close());

async function held(more: object = {}): Promise<string> {
  const resourceId = await createResource(databases, 'shop-a', { ...someRoom, ...more });
  const { status, body } = await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', ...nights });
  expect(status).toBe(201);
  return String(body['id']);
}

const pay = async (bookingId: string, body: object = visa, headers?: Record<string, string>, as = shopA): Promise<Answer> => await as.call('POST', `/v1/bookings/${bookingId}/payment`, body, headers);
const get = async (id: unknown, as = shopA): Promise<Answer> => await as.call('GET', `/v1/payments/${String(id)}`);
const bookingOf = async (id: string): Promise<Record<string, unknown>> => (await shopA.call('GET', `/v1/bookings/${id}`)).body;
const paidId = async (): Promise<string> => {
  const { status, body } = await pay(await held());
  expect({ status, body }).toMatchObject({ status: 202, body: { status: 'settled' } });
  return String(body['id']);
};
const itemsOf = ({ body }: Answer): Record<string, unknown>[] => body['items'] as Record<string, unknown>[];
const entriesOf = async (paymentId: string): Promise<Record<string, unknown>[]> => itemsOf(await shopA.call('GET', `/v1/ledger/entries?paymentId=${paymentId}`));

describe('POST /v1/bookings/{id}/payment', () => {
  test('answers 202 with the payment, its address, and the booking is confirmed', async () => {
    const bookingId = await held();
    const answer = await pay(bookingId, { ...visa, amount: 27_000, currency: 'EUR', customerId: 'ada' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'settled', subject: { kind: 'booking', id: bookingId }, amount: 27_000, captured: 27_000, refunded: 0, currency: 'EUR', gateway: 'stripe', customerId: 'ada' } });
    expect(answer.headers.get('location')).toBe(`/v1/payments/${String(answer.body['id'])}`);
    expect(await get(answer.body['id'])).toMatchObject({ status: 200, body: answer.body });
    expect(await bookingOf(bookingId)).toMatchObject({ status: 'confirmed', reference: answer.body['id'] });
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|sk_test/);
  });

  test('answers a decline with 202 and why, and releases the booking', async () => {
    const bookingId = await held();
    expect(await pay(bookingId, declined)).toMatchObject({ status: 202, body: { status: 'failed', failure: { code: 'insufficient_funds' }, captured: 0 } });
    expect(await bookingOf(bookingId)).toMatchObject({ status: 'released', reason: 'payment_failed' });
    expect(await pay(bookingId)).toMatchObject({ status: 409, body: { code: 'booking_not_held' } });
  });

  test('sends a payer who has to act to a page, and goes on when he has', async () => {
    const bookingId = await held();
    const { status, body } = await pay(bookingId, strong);
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'created', redirectUrl: expect.stringMatching(/^http/) } });
    expect(await pay(bookingId)).toMatchObject({ status: 409, body: { code: 'payment_in_progress' } });
    await request(String(body['redirectUrl']), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ outcome: 'approve' }) });
    await eventually('the payment to be settled', async () => (await get(body['id'])).body['status'] === 'settled');
    expect(await get(body['id'])).not.toHaveProperty('body.redirectUrl');
    expect(await pay(bookingId)).toMatchObject({ status: 409, body: { code: 'already_paid' } });
  });

  test('sends a payer to Paytm through a form, as Paytm wants it', async () => {
    const bookingId = await held({ currency: 'INR' });
    const { status, body } = await pay(bookingId, { gateway: 'paytm' });
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'created', redirectUrl: expect.stringContaining(`/v1/payments/paytm/page/shop-a?orderId=${String(body['id'])}&txnToken=`) } });
    const redirectUrl = String(body['redirectUrl']);
    const { action, fields } = await formAt(redirectUrl);
    expect(fields).toEqual({ mid: expect.any(String), orderId: body['id'], txnToken: new URL(redirectUrl).searchParams.get('txnToken') });
    // The token is in the form alone.
    expect(action).toMatch(/\/theia\/api\/v1\/showPaymentPage\?mid=\w+&orderId=pay_\w+$/);
    const theirs = await fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
    expect([theirs.status, await theirs.text()]).toEqual([200, expect.stringContaining('Pay for your order')]);
    await payerDecides({ redirectUrl }, 'success');
    await eventually('the payment to be settled', async () => (await get(body['id'])).body['status'] === 'settled');
  });

  test('has a page to Paytm that trusts nothing in its address', async () => {
    const { apiUrl } = await testStack();
    const page = async (query: Record<string, string>, tenant = 'shop-a'): Promise<Response> => await fetch(`${apiUrl}/v1/payments/paytm/page/${tenant}?${new URLSearchParams(query).toString()}`);
    const shown = await page({ orderId: 'pay_1', txnToken: '"><script>alert(1)</script>' });
    expect(shown.status).toBe(200);
    expect(await shown.text()).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(Object.fromEntries(shown.headers)).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/) });
    for (const wrong of [{ orderId: 'pay_1' }, { orderId: '', txnToken: 'a' }, { orderId: '"><b>', txnToken: 'a' }, { orderId: 'pay_1', txnToken: '' }, { orderId: 'pay_1', txnToken: 'a'.repeat(1_001) }]) {
      expect((await page(wrong as Record<string, string>)).status).toBe(404);
    }
    expect((await page({ orderId: 'pay_1', txnToken: 'a' }, 'Not%20a%20tenant')).status).toBe(404);
  });

  test.each<[string, object, number, string]>([
    ['a cent less', { ...visa, amount: 26_999 }, 422, 'amount_mismatch'],
    ['a cent more', { ...visa, amount: 27_001 }, 422, 'amount_mismatch'],
    ['nothing', { ...visa, amount: 0 }, 422, 'amount_mismatch'],
    ['a negative amount', { ...visa, amount: -27_000 }, 422, 'invalid_request'],
    ['a fraction', { ...visa, amount: 270.5 }, 422, 'invalid_request'],
    ['an amount in words', { ...visa, amount: '27000' }, 422, 'invalid_request'],
    ['more than can be counted', { ...visa, amount: 2 ** 53 }, 422, 'invalid_request'],
    ['an endless amount', { ...visa, amount: 1e300 }, 422, 'invalid_request'],
    ['another currency', { ...visa, currency: 'USD' }, 422, 'amount_mismatch'],
    ['no currency at all', { ...visa, currency: 'eur' }, 422, 'invalid_request'],
    ['a currency that is none', { ...visa, currency: 'XQX' }, 422, 'invalid_request'],
    ['another customer', { ...visa, customerId: 'bob' }, 403, 'not_the_holder'],
    ['a gateway that is none', { gateway: 'cash' }, 422, 'invalid_request'],
    ['a gateway out of the prototype', { gateway: '__proto__' }, 422, 'invalid_request'],
    ['no gateway', {}, 422, 'invalid_request'],
    ['rupees only, but it costs euros', { gateway: 'paytm' }, 422, 'currency_not_supported'],
    ['Stripe without a card', { gateway: 'stripe' }, 422, 'invalid_request'],
    ['a later capture by Paytm', { gateway: 'paytm', capture: 'manual' }, 422, 'invalid_request'],
    ['a field too many', { ...visa, price: 1 }, 422, 'invalid_request'],
    ['a capture of its own', { ...visa, capture: 'later' }, 422, 'invalid_request'],
    ['a method that is too long', { ...visa, method: 'x'.repeat(101) }, 422, 'invalid_request'],
    ['a method with a NUL', { ...visa, method: 'pm\u0000' }, 422, 'invalid_request'],
  ])('refuses %s, and the booking stays held and unpaid', async (_, body, status, code) => {
    const bookingId = await held();
    expect(await pay(bookingId, body)).toMatchObject({ status, body: { code } });
    expect(await bookingOf(bookingId)).toMatchObject({ status: 'held' });
    expect(itemsOf(await shopA.call('GET', `/v1/payments?subjectId=${bookingId}`))).toEqual([]);
  });

  test('refuses what costs nothing, and what is not there', async () => {
    expect(await pay(await held({ price: 0 }))).toMatchObject({ status: 409, body: { code: 'nothing_to_pay' } });
    expect(await pay(newBookingId())).toMatchObject({ status: 404, body: { code: 'booking_not_found' } });
    expect(await pay('%00')).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    expect(await pay('x'.repeat(65))).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });

  test("does not know another tenant's booking", async () => {
    const bookingId = await held();
    expect(await pay(bookingId, visa, {}, shopB)).toMatchObject({ status: 404, body: { code: 'booking_not_found' } });
    expect(await bookingOf(bookingId)).toMatchObject({ status: 'held' });
  });

  test('of a booking that is cancelled or confirmed at the desk is refused', async () => {
    const [cancelled, confirmed] = await Promise.all([held(), held()]);
    await shopA.call('POST', `/v1/bookings/${cancelled}/cancel`);
    await eventually('the cancellation', async () => (await bookingOf(cancelled))['status'] === 'released');
    expect(await pay(cancelled)).toMatchObject({ status: 409, body: { code: 'booking_not_held' } });
    await shopA.call('POST', `/v1/bookings/${confirmed}/confirm`, { reference: 'cash' });
    expect(await pay(confirmed)).toMatchObject({ status: 409, body: { code: 'already_paid' } });
  });

  test('ten at once pay once', async () => {
    const bookingId = await held();
    const answers = await Promise.all(Array.from({ length: 10 }, async () => await pay(bookingId)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 202) expect(['payment_in_progress', 'already_paid', 'booking_not_held']).toContain(body['code']);
    expect(itemsOf(await shopA.call('GET', `/v1/payments?subjectId=${bookingId}`))).toHaveLength(1);
  });
});

describe('Idempotency-Key', () => {
  test('the same key and body get the same payment, at once and afterwards', async () => {
    const bookingId = await held();
    const key = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all([pay(bookingId, visa, key), pay(bookingId, visa, key), pay(bookingId, visa, key)]);
    answers.push(await pay(bookingId, visa, key));
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['id'])}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 202 });
    expect((await entriesOf(String(answers[0]?.body['id']))).map(({ kind }) => String(kind)).toSorted((a, b) => a.localeCompare(b))).toEqual(['capture', 'capture', 'settle', 'settle']);
  });

  test('the same key with another body or for another booking is refused', async () => {
    const [bookingId, other] = await Promise.all([held(), held()]);
    const key = { 'idempotency-key': randomUUID() };
    await pay(bookingId, strong, key);
    expect(await pay(bookingId, visa, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await pay(other, strong, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  test('a decline is the answer for good, although the booking is released by now', async () => {
    const bookingId = await held();
    const key = { 'idempotency-key': randomUUID() };
    const first = await pay(bookingId, declined, key);
    expect(await pay(bookingId, declined, key)).toMatchObject({ status: 202, body: first.body });
  });

  test('a refund under one key is one refund', async () => {
    const id = await paidId();
    const key = { 'idempotency-key': randomUUID() };
    const refund = async (): Promise<Answer> => await shopA.call('POST', `/v1/payments/${id}/refund`, { amount: 9_000 }, key);
    const answers = await Promise.all([refund(), refund()]);
    answers.push(await refund());
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['id'])}`)).size).toBe(1);
    await eventually('the refund', async () => (await get(id)).body['refunded'] === 9_000);
    expect(itemsOf(await shopA.call('GET', `/v1/payments/${id}/refunds`))).toMatchObject([{ status: 'succeeded', amount: 9_000 }]);
    expect(await shopA.call('POST', `/v1/payments/${id}/refund`, { amount: 9_001 }, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  test('one tenant’s key is nothing to another', async () => {
    const bookingId = await held();
    const key = { 'idempotency-key': randomUUID() };
    await pay(bookingId, visa, key);
    expect(await pay(bookingId, visa, key, shopB)).toMatchObject({ status: 404 });
  });
});

describe('POST /v1/payments/{id}/refund', () => {
  test('gives back a part, then the rest, and nothing more', async () => {
    const id = await paidId();
    const refund = async (body?: object): Promise<Answer> => await shopA.call('POST', `/v1/payments/${id}/refund`, body);
    expect(await refund({ amount: 7_001, reason: 'a day less' })).toMatchObject({ status: 202, body: { paymentId: id, amount: 7_001, reason: 'a day less', currency: 'EUR' } });
    expect(await refund({ amount: 20_000 })).toMatchObject({ status: 422, body: { code: 'refund_over_captured' } });
    expect(await refund({})).toMatchObject({ status: 202, body: { amount: 19_999 } });
    await eventually('the refunds', async () => (await get(id)).body['status'] === 'refunded');
    expect(await refund()).toMatchObject({ status: 422, body: { code: 'refund_over_captured' } });
    const sums: Record<string, number> = {};
    for (const { account, amount } of await entriesOf(id)) sums[String(account)] = (sums[String(account)] ?? 0) + Number(amount);
    expect(sums).toEqual({ 'gateway:stripe': 0, deposits: 0, revenue: 0 });
  });

  test.each<[string, unknown]>([
    ['nothing', { amount: 0 }],
    ['less than nothing', { amount: -1 }],
    ['half a cent', { amount: 0.5 }],
    ['what cannot be counted', { amount: 1e300 }],
    ['an amount in words', { amount: '1' }],
    ['a reason without end', { reason: 'x'.repeat(201) }],
    ['a field too many', { amount: 1, currency: 'EUR' }],
    ['a list', [1]],
  ])('refuses %s', async (_, body) => {
    expect(await shopA.call('POST', `/v1/payments/${newPaymentId()}/refund`, body)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });

  test('of what was never taken, never made, or another tenant’s, is refused', async () => {
    const failed = (await pay(await held(), declined)).body['id'];
    expect(await shopA.call('POST', `/v1/payments/${String(failed)}/refund`)).toMatchObject({ status: 409, body: { code: 'payment_not_refundable' } });
    expect(await shopA.call('POST', `/v1/payments/${newPaymentId()}/refund`)).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
    const id = await paidId();
    expect(await shopB.call('POST', `/v1/payments/${id}/refund`)).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
    expect((await get(id)).body).toMatchObject({ refunded: 0 });
  });
});

describe('POST /v1/payments/{id}/cancel', () => {
  test('gives up what was not taken; the booking can be paid in another way', async () => {
    const bookingId = await held();
    const id = String((await pay(bookingId, strong)).body['id']);
    expect(await shopB.call('POST', `/v1/payments/${id}/cancel`)).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
    expect(await shopA.call('POST', `/v1/payments/${id}/cancel`)).toMatchObject({ status: 202, body: { id } });
    await eventually('it to be given up', async () => (await get(id)).body['status'] === 'failed');
    expect((await get(id)).body).toMatchObject({ failure: { code: 'cancelled' } });
    expect(await shopA.call('POST', `/v1/payments/${id}/cancel`)).toMatchObject({ status: 202 });
    expect(await bookingOf(bookingId)).toMatchObject({ status: 'held' });
    expect(await pay(bookingId)).toMatchObject({ status: 202, body: { status: 'settled' } });
  });

  test('is refused when it was taken, or declined', async () => {
    expect(await shopA.call('POST', `/v1/payments/${await paidId()}/cancel`)).toMatchObject({ status: 409, body: { code: 'payment_closed' } });
    const failed = (await pay(await held(), declined)).body['id'];
    expect(await shopA.call('POST', `/v1/payments/${String(failed)}/cancel`)).toMatchObject({ status: 409, body: { code: 'payment_closed' } });
  });
});

describe('what can be read', () => {
  test('another tenant’s payments, refunds and entries do not exist', async () => {
    const id = await paidId();
    expect(await get(id, shopB)).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
    expect(await shopB.call('GET', `/v1/payments/${id}/refunds`)).toMatchObject({ status: 404 });
    expect(itemsOf(await shopB.call('GET', '/v1/payments?limit=200')).map((one) => one['id'])).not.toContain(id);
    expect(itemsOf(await shopB.call('GET', `/v1/ledger/entries?paymentId=${id}`))).toEqual([]);
    expect(await get(newPaymentId())).toMatchObject({ status: 404, body: { code: 'payment_not_found' } });
  });

  test('why a payment was not begun whose flow came to it too late', async () => {
    const bookingId = await held();
    await shopA.call('POST', `/v1/bookings/${bookingId}/cancel`);
    const id = newPaymentId();
    // What the API can see it refuses at once; a flow that begins later finds it out by itself.
    const { temporalAddress: address, temporalNamespace: namespace } = await testStack();
    const holdfast = await Holdfast.connect({ address, namespace, tenantId: 'shop-a' });
    try {
      await expect(holdfast.payments.payBooking({ bookingId, id, ...visa, gateway: 'stripe' })).rejects.toMatchObject({ code: 'booking_not_held' });
      await eventually('the end of the flow', async () => (await holdfast.flows.look(`payment:${id}`)).status === 'completed');
      expect(await holdfast.flows.refusal(`payment:${id}`)).toMatchObject({ refused: 'booking_not_held' });
      await expect(holdfast.forTenant('shop-b').flows.refusal(`payment:${id}`)).rejects.toMatchObject({ code: 'flow_not_found' });
    } finally {
      await holdfast.close();
    }
    expect(await get(id)).toMatchObject({ status: 404, body: { code: 'payment_not_found', detail: expect.stringMatching(/^The payment was not begun, and nothing was taken: The booking is released/) } });
    expect(await get(id, shopB)).toMatchObject({ status: 404, body: { code: 'payment_not_found', detail: `There is no payment ${id}.` } });
  });

  test('payments are filtered, and a list is read page by page without a gap', async () => {
    const customerId = `pager-${randomUUID()}`;
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const resourceId = await createResource(databases, 'shop-a', someRoom);
      const { body } = await shopA.call('POST', '/v1/bookings', { resourceId, customerId, ...nights });
      ids.push(String((await pay(String(body['id']), count === 0 ? declined : visa)).body['id']));
    }
    const list = async (query: string): Promise<unknown[]> => itemsOf(await shopA.call('GET', `/v1/payments?customerId=${customerId}&${query}`)).map((one) => one['id']);
    expect(await list('')).toEqual(ids.toReversed());
    expect(await list('status=failed')).toEqual([ids[0]]);
    expect(await list('gateway=gopay')).toEqual([]);
    const first = await shopA.call('GET', `/v1/payments?customerId=${customerId}&limit=2`);
    expect(itemsOf(first).map((one) => one['id'])).toEqual([ids[2], ids[1]]);
    const second = await shopA.call('GET', `/v1/payments?customerId=${customerId}&limit=2&cursor=${encodeURIComponent(String(first.body['nextCursor']))}`);
    expect(itemsOf(second).map((one) => one['id'])).toEqual([ids[0]]);
    expect(second.body).not.toHaveProperty('nextCursor');
  });

  test('refunds of a payment by status, page by page, oldest first', async () => {
    const id = await paidId();
    for (const amount of [300, 200, 100]) {
      await shopA.call('POST', `/v1/payments/${id}/refund`, { amount });
      await eventually('the refund', async () => itemsOf(await shopA.call('GET', `/v1/payments/${id}/refunds?status=succeeded`)).some((one) => one['amount'] === amount));
    }
    const page = async (query: string): Promise<Answer> => await shopA.call('GET', `/v1/payments/${id}/refunds?${query}`);
    const first = await page('limit=2');
    expect(itemsOf(first)).toMatchObject([{ amount: 300 }, { amount: 200 }]);
    const cursor = String(first.body['nextCursor']);
    const second = await page(`limit=2&cursor=${cursor}`);
    expect(itemsOf(second)).toMatchObject([{ amount: 100 }]);
    expect(second.body).not.toHaveProperty('nextCursor');
    expect(itemsOf(await page('status=failed'))).toEqual([]);
    // Another payment's refund is no place in this list.
    expect(await shopA.call('GET', `/v1/payments/${await paidId()}/refunds?cursor=${cursor}`)).toMatchObject({ status: 422, body: { code: 'invalid_cursor' } });
  });

  test('balances by account and currency, page by page', async () => {
    await paidId();
    const all = await shopA.call('GET', '/v1/ledger/balances');
    const names = (answer: Answer): string[] => itemsOf(answer).map(({ account, currency }) => `${String(account)} ${String(currency)}`);
    // Others move money meanwhile, so what is even now and then is there or not.
    const lasting = ['gateway:stripe EUR', 'revenue EUR'];
    expect(names(all)).toEqual(expect.arrayContaining(lasting));
    let page = await shopA.call('GET', '/v1/ledger/balances?limit=2');
    const found = names(page);
    while (page.body['nextCursor'] !== undefined) {
      page = await shopA.call('GET', `/v1/ledger/balances?limit=2&cursor=${encodeURIComponent(page.body['nextCursor'] as string)}`);
      expect(names(page).length).toBeLessThanOrEqual(2);
      found.push(...names(page));
    }
    expect(found).toEqual(expect.arrayContaining(lasting));
    expect(new Set(found).size).toBe(found.length);
    expect(itemsOf(await shopA.call('GET', '/v1/ledger/balances?account=gateway:stripe&currency=EUR'))).toMatchObject([{ account: 'gateway:stripe', currency: 'EUR' }]);
    expect(itemsOf(await shopA.call('GET', '/v1/ledger/balances?account=gateway:stripe&currency=JPY'))).toEqual([]);
  });

  test('the ledger is balanced, in every currency', async () => {
    await paidId();
    const sums: Record<string, number> = {};
    for (const { currency, amount } of itemsOf(await shopA.call('GET', '/v1/ledger/balances'))) sums[String(currency)] = (sums[String(currency)] ?? 0) + Number(amount);
    for (const sum of Object.values(sums)) expect(sum).toBe(0);
    expect(Object.keys(sums)).toContain('EUR');
  });

  test.each([
    ['/v1/payments?status=paid', 'invalid_request'],
    ['/v1/payments?gateway=cash', 'invalid_request'],
    ['/v1/payments?limit=0', 'invalid_request'],
    ['/v1/payments?cursor=%00', 'invalid_cursor'],
    ['/v1/payments?unknown=1', 'invalid_request'],
    ['/v1/ledger/entries?cursor=bm90LWEtbnVtYmVy', 'invalid_cursor'],
    ['/v1/ledger/entries?account=', 'invalid_request'],
    ['/v1/ledger/balances?cursor=cmV2ZW51ZQ', 'invalid_cursor'],
    ['/v1/ledger/balances?currency=eur', 'invalid_request'],
    ['/v1/ledger/balances?limit=10001', 'invalid_request'],
  ])('%s is refused', async (path, code) => {
    expect(await shopA.call('GET', path)).toMatchObject({ status: 422, body: { code } });
  });
});
