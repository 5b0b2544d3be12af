import '../support/realm.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Gateway, RefundOrder } from '../../services/payments/gateway.ts';
import { declines } from '../../services/payments/gopay/failures.ts';
import { createGopayGateway } from '../../services/payments/gopay/gateway.ts';
import { gopayUnsure } from '../../services/payments/gopay/unsure.ts';
import { errorOf, kindOf, known, someCharge, startFakeGateway, type Asked, type FakeGateway, type Reply } from '../gateways/fake-gateway.ts';

let fake: FakeGateway;
let gateway: Gateway;
const made = (refundSettleMs = 0, timeoutMs = 3_000): Gateway => createGopayGateway({ apiBase: `${fake.url}/api/`, goid: '8123456789', clientId: 'id', clientSecret: 'secret-of-the-shop', returnUrl: () => 'https://shop.example/back', notificationUrl: () => 'https://shop.example/gopay', timeoutMs, refundSettleMs });
beforeAll(async () => { fake = await startFakeGateway(); });
beforeEach(() => { gateway = made(); });
afterAll(async () => await fake.stop());

const token = (name = 'token-1', expiresIn = 1_800): Reply => ({ json: { token_type: 'bearer', access_token: name, expires_in: expiresIn, refresh_token: 'r' } });
const payment = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({ id: 3_000_000_001, order_number: 'pay_1', state: 'CREATED', amount: 12_345, currency: 'CZK', gw_url: 'https://gw.example/page', payer: { contact: { email: 'eve@example.com' } }, ...changes });
const refused = (status: number, name?: string): Reply => ({ status, json: { date_issued: 'now', errors: [{ scope: 'G', field: null, error_code: 1, error_name: name, message: 'No' }] } });
/** Answers tokens by itself. */
const answers = (reply: Reply | ((asked: Asked, nth: number) => Reply)): void => {
  let nth = 0;
  fake.answer((asked) => {
    if (asked.path === '/api/oauth2/token') return token();
    nth += 1;
    return typeof reply === 'function' ? reply(asked, nth) : reply;
  });
};
const calls = (): string[] => fake.asked.filter(({ path }) => !path.endsWith('/token')).map(({ method, path }) => `${method} ${path.replace('/api/payments/payment', '')}`);

describe('the token', () => {
  test('is asked for once by callers at the same time, and kept', async () => {
    answers({ json: payment() });
    await Promise.all([gateway.lookUp(known('3000000001')), gateway.lookUp(known('3000000001'))]);
    await gateway.lookUp(known('3000000001'));
    const tokens = fake.asked.filter(({ path }) => path.endsWith('/token'));
    expect(tokens.map(({ headers, text }) => [headers.authorization, text])).toEqual([[`Basic ${Buffer.from('id:secret-of-the-shop').toString('base64')}`, 'grant_type=client_credentials&scope=payment-all']]);
    expect(fake.asked.at(-1)?.headers.authorization).toBe('Bearer token-1');
  });

  test('is renewed before it ends', async () => {
    fake.answer(({ path }) => (path.endsWith('/token') ? token('short', 59) : { json: payment() }));
    await gateway.lookUp(known('3000000001'));
    await gateway.lookUp(known('3000000001'));
    expect(fake.asked.filter(({ path }) => path.endsWith('/token'))).toHaveLength(2);
  });

  test('is renewed once when it is refused; a second refusal is final', async () => {
    let given = 0;
    fake.answer(({ path, headers }) => {
      if (path.endsWith('/token')) return token(`token-${(given += 1)}`);
      return headers.authorization === 'Bearer token-2' ? { json: payment() } : refused(401);
    });
    expect(await gateway.authorise(someCharge())).toMatchObject({ state: 'open' });
    fake.answer(({ path }) => (path.endsWith('/token') ? token() : refused(401)));
    expect(await kindOf(made().authorise(someCharge()))).toBe('final');
    expect(fake.asked).toHaveLength(4);
  });

  test.each([['drop', 'unavailable'], [refused(500), 'unavailable'], [refused(403), 'final'], [refused(429), 'busy'], [{ text: '<html>' }, 'unavailable']] as const)('that cannot be had means that nothing was sent', async (reply, kind) => {
    fake.answer(reply);
    const error = await errorOf(gateway.authorise(someCharge()));
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain('secret');
  });
});

describe('a payment', () => {
  test('is created with the payer\'s page, in minor units, as raw UTF-8', async () => {
    answers({ json: payment() });
    const state = await gateway.authorise(someCharge({ currency: 'CZK', description: 'Pokoj č. 7 🛏', method: 'PAYMENT_CARD', capture: 'manual' }));
    expect(state).toMatchObject({ state: 'open', gatewayRef: '3000000001', amountMinor: 12_345, currency: 'CZK', redirectUrl: 'https://gw.example/page' });
    expect(JSON.stringify(state)).not.toContain('eve@');
    const sent = fake.asked.at(-1)?.text ?? '';
    expect(sent).toContain('Pokoj č. 7 🛏');
    expect(JSON.parse(sent)).toMatchObject({ amount: 12_345, currency: 'CZK', order_number: 'pay_1', target: { type: 'ACCOUNT', goid: 8_123_456_789 }, preauthorization: true, payer: { allowed_payment_instruments: ['PAYMENT_CARD'] }, callback: { return_url: 'https://shop.example/back', notification_url: 'https://shop.example/gopay' } });
  });

  test('is not cut in the middle of a character', async () => {
    answers({ json: payment() });
    await gateway.authorise(someCharge({ description: `${'x'.repeat(255)}🛏` }));
    expect(fake.asked.at(-1)?.text).not.toMatch(/\\u/i);
  });

  test('that was not answered is absent, and one that is known is not created again', async () => {
    answers('drop');
    expect(await kindOf(gateway.authorise(someCharge()))).toBe('unknown');
    expect(await gateway.lookUp(someCharge())).toEqual({ state: 'absent' });
    answers({ json: payment() });
    await gateway.authorise(known('3000000001'));
    expect(calls()).toEqual(['GET /3000000001']);
  });

  test.each([['CREATED', 'open'], ['PAYMENT_METHOD_CHOSEN', 'open'], ['AUTHORIZED', 'authorised'], ['PAID', 'captured'], ['REFUNDED', 'captured'], ['CANCELED', 'failed'], ['TIMEOUTED', 'failed']])('%s is %s', async (state, expected) => {
    answers({ json: payment({ state }) });
    expect(await gateway.lookUp(known('3000000001'))).toMatchObject({ state: expected, gatewayRef: '3000000001' });
  });

  test('that was refunded in part says how much', async () => {
    answers(({ path }) => ({ json: path.endsWith('/refunds') ? [{ id: 1, state: 'SUCCESS', amount: 300 }, { id: 2, state: 'FAILED', amount: 400 }, { id: 3, state: 'SUCCESS', amount: 45 }] : payment({ state: 'PARTIALLY_REFUNDED' }) }));
    expect(await gateway.lookUp(known('3000000001'))).toMatchObject({ state: 'captured', capturedMinor: 12_345, refundedMinor: 345 });
  });

  test.each([
    ...Object.entries(declines).map(([subState, { decline }]) => ['CANCELED', subState, decline] as const),
    ['CANCELED', '_9999', 'card_declined'] as const, ['CANCELED', '__proto__', 'card_declined'] as const, ['CANCELED', undefined, 'cancelled'] as const, ['TIMEOUTED', undefined, 'payer_timed_out'] as const,
  ])('%s with %s has failed as %s', async (state, subState, code) => {
    answers({ json: payment({ state, sub_state: subState }) });
    expect(await gateway.lookUp(known('3000000001'))).toMatchObject({ state: 'failed', decline: { code, gatewayCode: subState ?? state } });
  });

  test.each(Object.keys(declines))('that is open is open, whatever its sub-state %s says', async (subState) => {
    answers({ json: payment({ sub_state: subState }) });
    expect(await gateway.lookUp(known('3000000001'))).toMatchObject({ state: 'open' });
  });

  test.each([
    ['of another order', { order_number: 'pay_2' }, 'final'], ['in an unknown state', { state: 'BLESSED' }, 'unavailable'], ['with a fraction', { amount: 1.5 }, 'unavailable'], ['with a page that runs a script', { gw_url: 'javascript:alert(1)' }, 'unavailable'],
  ])('%s is not believed', async (_name, changes, kind) => {
    answers({ json: payment(changes) });
    expect(await kindOf(gateway.lookUp(known('3000000001')))).toBe(kind);
  });
});

test.each<[string, Reply, string, string]>([
  ['a dropped connection', 'drop', 'unknown', 'unavailable'],
  ['silence', 'hang', 'unknown', 'unavailable'],
  ['500', refused(500), 'unknown', 'unavailable'],
  ['a page instead of JSON', { text: '<html>' }, 'unknown', 'unavailable'],
  ['a redirect', { status: 307, headers: { location: '/x' } }, 'unknown', 'unavailable'],
  ['429', refused(429), 'busy', 'busy'],
  ['404', refused(404, 'PAYMENT_NOT_FOUND'), 'final', 'final'],
  ['409', refused(409), 'unknown', 'unavailable'],
])('%s is no answer', async (_name, reply, change, question) => {
  answers(reply);
  expect(await kindOf(gateway.authorise(someCharge()))).toBe(change);
  expect(await kindOf(gateway.lookUp(known('3000000001')))).toBe(question);
  expect(calls()).toHaveLength(2);
});

test.each(['../refunds', '1/capture', '0', '99999999999999999999', 'pi_1'])('%s never becomes a part of an address', async (gatewayRef) => {
  answers({ json: payment() });
  expect(await errorOf(gateway.lookUp(known(gatewayRef)))).toMatchObject({ kind: 'final', gatewayCode: 'not_an_id' });
  expect(calls()).toEqual([]);
});

describe('capture and cancel', () => {
  test('how it stands is asked after a capture, also when it was done before', async () => {
    for (const reply of [{ json: { id: 3_000_000_001, result: 'FINISHED' } }, refused(409, 'PAYMENT_CAPTURE_DONE')] as const) {
      answers(({ method }) => (method === 'POST' ? reply : { json: payment({ state: 'PAID' }) }));
      expect(await gateway.capture(known('3000000001'))).toMatchObject({ state: 'captured', capturedMinor: 12_345 });
      expect(calls()).toEqual(['POST /3000000001/capture', 'GET /3000000001']);
    }
  });

  test('a capture whose outcome cannot be asked is unknown, not merely unavailable', async () => {
    answers(({ method }) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'ACCEPTED' } } : 'drop'));
    expect(await kindOf(gateway.capture(known('3000000001')))).toBe('unknown');
  });

  test('what is held is given up; what is open cannot be, and what is paid is not', async () => {
    answers(({ method }, nth) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'FINISHED' } } : { json: payment({ state: nth === 1 ? 'AUTHORIZED' : 'CANCELED' }) }));
    expect(await gateway.cancel(known('3000000001'))).toMatchObject({ state: 'failed', decline: { code: 'cancelled' } });
    expect(calls()).toEqual(['GET /3000000001', 'POST /3000000001/void-authorization', 'GET /3000000001']);
    for (const [state, expected] of [['CREATED', 'open'], ['PAID', 'captured']]) {
      answers({ json: payment({ state }) });
      expect(await gateway.cancel(known('3000000001'))).toMatchObject({ state: expected });
      expect(calls()).toEqual(['GET /3000000001']);
    }
  });
});

describe('a refund', () => {
  const createdAt = new Date('2020-01-01T12:00:00Z');
  const order = (changes: Partial<RefundOrder> = {}): RefundOrder => ({ refundId: 'ref_1', amountMinor: 345, charge: known('3000000001'), createdAt, ...changes });
  const entry = (id: number, changes: Record<string, unknown> = {}): Record<string, unknown> => ({ id, state: 'SUCCESS', amount: 345, currency: 'CZK', date_requested: '2020-01-01T13:00:05.000+0100', ...changes });

  test('is sent once: the list is read before, and found in it after', async () => {
    answers(({ method }, nth) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'ACCEPTED' } } : { json: nth === 1 ? [] : [entry(7, { state: 'REQUESTED' })] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'open', gatewayRef: '7', amountMinor: 345 });
    expect(calls()).toEqual(['GET /3000000001/refunds', 'POST /3000000001/refund', 'GET /3000000001/refunds']);
    expect(fake.asked.find(({ method, path }) => method === 'POST' && path.endsWith('/refund'))).toMatchObject({ text: 'amount=345', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  });

  test('that is in the list already is not sent again', async () => {
    answers({ json: [entry(7)] });
    expect(await gateway.refund(order())).toMatchObject({ state: 'succeeded', gatewayRef: '7' });
    expect(calls()).toEqual(['GET /3000000001/refunds']);
  });

  test.each<[string, Record<string, unknown>[], Partial<RefundOrder>, string | undefined]>([
    ['of another amount is another', [entry(7, { amount: 346 })], {}, undefined],
    ['requested long before is another', [entry(7, { date_requested: '2020-01-01T12:40:00.000+0100' })], {}, undefined],
    ['known to be another is another', [entry(7), entry(8)], { otherRefs: ['7'] }, '8'],
    ['that failed, and is known to be another, is another', [entry(7, { state: 'FAILED' })], { otherRefs: ['7'] }, undefined],
    ['that failed counts after one that did not', [entry(7, { state: 'FAILED' }), entry(8)], {}, '8'],
    ['whose id is known is that one', [entry(7), entry(8)], { gatewayRef: '8' }, '8'],
    ['without a readable date is taken by its amount', [entry(7, { date_requested: 'yesterday' })], {}, '7'],
  ])('an entry %s', async (_name, list, changes, expected) => {
    answers({ json: list });
    const found = await gateway.lookUpRefund(order(changes));
    expect(found.state === 'open' || found.state === 'succeeded' ? found.gatewayRef : undefined).toBe(expected);
  });

  test('is absent only when it had time to appear', async () => {
    answers({ json: [] });
    const patient = made(60_000);
    expect(await errorOf(patient.lookUpRefund(order({ createdAt: new Date() })))).toMatchObject({ kind: 'unavailable', gatewayCode: 'not_listed', retryAfterMs: expect.any(Number) });
    expect(await patient.lookUpRefund(order({ createdAt: new Date(Date.now() - 61_000) }))).toEqual({ state: 'absent' });
    // Sent again, it may be on its way again.
    expect(await kindOf(patient.lookUpRefund(order({ sentAt: new Date() })))).toBe('unavailable');
    expect(await patient.lookUpRefund(order({ sentAt: new Date(Date.now() - 61_000) }))).toEqual({ state: 'absent' });
  });

  test('that GoPay has taken on is never called absent', async () => {
    answers({ json: [entry(8)] });
    expect(await errorOf(gateway.lookUpRefund(order({ gatewayRef: '7' })))).toMatchObject({ kind: 'unavailable', gatewayCode: 'not_listed' });
  });

  test('that is refused because it is there already, from an attempt that was given up, counts as made', async () => {
    answers(({ method }, nth) => (method === 'POST' ? refused(409, 'PAYMENT_REFUND_NOT_SUPPORTED') : { json: nth === 1 ? [] : [entry(7)] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'succeeded', gatewayRef: '7' });
  });

  test('that was not answered, or not listed after it was accepted, is unknown', async () => {
    answers(({ method }) => (method === 'POST' ? 'drop' : { json: [] }));
    expect(await kindOf(gateway.refund(order()))).toBe('unknown');
    answers(({ method }) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'ACCEPTED' } } : { json: [] }));
    expect(await kindOf(gateway.refund(order()))).toBe('unknown');
  });

  test('is not sent when reading the list took so long that it might be listed too late', async () => {
    // Each of its two calls is in time, and both together are not.
    fake.answer(({ path }) => ({ ...(path.endsWith('/token') ? { json: { access_token: 'token-1', expires_in: 1_800 } } : { json: [] }), afterMs: 1_800 }));
    const slow = made(0, 3_000);
    expect(await errorOf(slow.refund(order()))).toMatchObject({ kind: 'unavailable', gatewayCode: 'too_slow' });
    expect(calls()).toEqual(['GET /3000000001/refunds']);
  });

  test('of more than is left has failed, unless it is there already', async () => {
    answers(({ method }) => (method === 'POST' ? refused(409, 'PAYMENT_REFUND_WRONG_AMOUNT') : { json: [] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'failed', gatewayCode: 'PAYMENT_REFUND_WRONG_AMOUNT' });
    answers(({ method }, nth) => (method === 'POST' ? refused(409, 'PAYMENT_REFUND_WRONG_AMOUNT') : { json: nth === 1 ? [] : [entry(7)] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'succeeded', gatewayRef: '7' });
  });

  test('that is refused has failed', async () => {
    answers(({ method }) => (method === 'POST' ? refused(409, 'PAYMENT_REFUND_NOT_SUPPORTED') : { json: [] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'failed', gatewayCode: 'PAYMENT_REFUND_NOT_SUPPORTED' });
    answers(({ method }) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'FAILED', description: 'No' } } : { json: [] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'failed', message: 'No' });
    answers(({ method }) => (method === 'POST' ? { json: { id: 3_000_000_001, result: 'FAILED' } } : { json: [entry(7, { state: 'FAILED' })] }));
    expect(await gateway.refund(order())).toMatchObject({ state: 'failed', gatewayRef: '7' });
  });
});

test('what is unsure says what is done meanwhile, and where it was looked for', () => {
  for (const { what, meanwhile, source } of gopayUnsure) expect([what, meanwhile, source].every((text) => text.length > 10)).toBe(true);
});
