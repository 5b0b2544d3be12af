import '../support/realm.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChargeState, Gateway } from '../../services/payments/gateway.ts';
import { fromStripeAmount, toStripeAmount } from '../../services/payments/stripe/amounts.ts';
import { cancellations, declines } from '../../services/payments/stripe/failures.ts';
import { createStripeGateway } from '../../services/payments/stripe/gateway.ts';
import { stripeUnsure } from '../../services/payments/stripe/unsure.ts';
import { errorOf, kindOf, known, someCharge, startFakeGateway, type FakeGateway, type Reply } from '../gateways/fake-gateway.ts';
import { freePort } from '../support/ports.ts';

const hourMs = 3_600_000;
let fake: FakeGateway;
let gateway: Gateway;
const made = (apiBase: string): Gateway => createStripeGateway({ secretKey: 'sk_test_secret', apiBase, webhookSecrets: [], returnUrl: ({ paymentId }) => `https://shop.example/${paymentId}`, timeoutMs: 3_000 });
beforeAll(async () => {
  fake = await startFakeGateway();
  gateway = made(fake.url);
});
afterAll(async () => await fake.stop());

const intent = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'pi_1', object: 'payment_intent', amount: 12_345, amount_received: 0, currency: 'eur', status: 'processing', capture_method: 'automatic', created: 1_800_000_000, livemode: false,
  client_secret: 'pi_1_secret_x', latest_charge: null, last_payment_error: null, next_action: null, metadata: { paymentId: 'pay_1', tenantId: 'shop-a' }, receipt_email: 'eve@example.com', ...changes,
});
const list = (data: readonly unknown[], hasMore = false): Reply => ({ json: { object: 'list', data, has_more: hasMore, url: '/v1/payment_intents' } });
const refused = (status: number, error: Record<string, unknown>, headers: Record<string, string> = {}): Reply => ({ status, headers, json: { error } });
const notFound = refused(404, { type: 'invalid_request_error', code: 'resource_missing', message: 'No such thing' });

describe('a payment', () => {
  test('is one request, confirmed, with what finds it again and a key that is the same for each attempt', async () => {
    fake.answer({ json: intent({ status: 'requires_capture' }) });
    const charge = someCharge({ capture: 'manual' });
    expect(await gateway.authorise(charge)).toMatchObject({ state: 'authorised', gatewayRef: 'pi_1', amountMinor: 12_345, currency: 'EUR' });
    await gateway.authorise(charge);
    expect(fake.asked.map(({ method, path, headers }) => [method, path, headers['idempotency-key'], headers['x-stripe-client-telemetry']])).toEqual(Array.from({ length: 2 }, () => ['POST', '/v1/payment_intents', 'pay_1:authorise', undefined]));
    expect(Object.fromEntries(new URLSearchParams(fake.asked[0]?.text))).toEqual({
      amount: '12345', currency: 'eur', payment_method: 'pm_card_visa', confirm: 'true', capture_method: 'manual', return_url: 'https://shop.example/pay_1', description: 'A room',
      'metadata[tenantId]': 'shop-a', 'metadata[paymentId]': 'pay_1', 'expand[0]': 'latest_charge',
    });
  });

  const states: readonly [string, Record<string, unknown>, Partial<ChargeState>][] = [
    ['open while the bank is at it', { status: 'processing' }, { state: 'open' }],
    ['open while the payer has to act', { status: 'requires_action', next_action: { type: 'redirect_to_url', redirect_to_url: { url: 'https://bank.example/3ds' } } }, { state: 'open', redirectUrl: 'https://bank.example/3ds' }],
    ['open when it was made but not confirmed', { status: 'requires_confirmation' }, { state: 'open' }],
    ['open when nothing was tried', { status: 'requires_payment_method' }, { state: 'open' }],
    ['captured with what was received and given back', { status: 'succeeded', amount_received: 12_345, latest_charge: { id: 'ch_1', amount_refunded: 345 } }, { state: 'captured', capturedMinor: 12_345, refundedMinor: 345 }],
    ['failed after a decline', { status: 'requires_payment_method', last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds', message: 'No.' } }, { state: 'failed', decline: { code: 'insufficient_funds', gatewayCode: 'insufficient_funds', message: 'No.' } }],
    ['failed when cancelled', { status: 'canceled', cancellation_reason: 'requested_by_customer' }, { state: 'failed', decline: { code: 'cancelled', gatewayCode: 'requested_by_customer', message: 'The payment was cancelled.' } }],
  ];
  test.each(states)('is %s', async (_name, changes, expected) => {
    fake.answer({ json: intent(changes) });
    const state = await gateway.lookUp(known('pi_1'));
    expect(state).toMatchObject({ ...expected, gatewayRef: 'pi_1' });
    expect(JSON.stringify(state)).not.toMatch(/secret|example\.com/);
  });

  test.each([...Object.entries(declines).map(([code, { decline }]) => [code, decline] as const), ['a_new_one', 'card_declined'] as const, ['constructor', 'card_declined'] as const])('declined with %s has failed with %s', async (code, expected) => {
    fake.answer(refused(402, { type: 'card_error', code: 'card_declined', decline_code: code, message: 'Declined.', payment_intent: intent() }));
    const state = await gateway.authorise(someCharge());
    expect(state).toMatchObject({ state: 'failed', gatewayRef: 'pi_1', decline: { code: expected, gatewayCode: code } });
    expect(JSON.stringify(state)).not.toMatch(/_secret_|example\.com/);
  });

  test.each(Object.entries(cancellations))('cancelled as %s says why', async (reason, { decline }) => {
    fake.answer({ json: intent({ status: 'canceled', cancellation_reason: reason }) });
    expect(await gateway.lookUp(known('pi_1'))).toMatchObject({ state: 'failed', decline: { code: decline } });
  });

  test.each([['another payment', { paymentId: 'pay_2' }], ["another shop's payment of the same id", { paymentId: 'pay_1', tenantId: 'shop-b' }]])('of %s is not taken for this one', async (_, metadata) => {
    fake.answer({ json: intent({ metadata }) });
    expect(await errorOf(gateway.lookUp(known('pi_1')))).toMatchObject({ kind: 'final', gatewayCode: 'other_payment' });
    fake.answer(({ path }) => (path.endsWith('/search') ? { json: { object: 'search_result', data: [intent({ metadata })], has_more: false } } : list([intent({ metadata })])));
    expect(await gateway.lookUp(someCharge())).toEqual({ state: 'absent' });
  });
});

describe('what is no answer', () => {
  const cases: readonly [string, Reply, string, string][] = [
    ['a dropped connection', 'drop', 'unknown', 'unavailable'],
    ['silence', 'hang', 'unknown', 'unavailable'],
    ['500', refused(500, { type: 'api_error', message: 'Oops' }), 'unknown', 'unavailable'],
    ['a stored 500', refused(500, { type: 'api_error', message: 'Oops' }, { 'idempotent-replayed': 'true' }), 'unknown', 'unavailable'],
    ['503 of something in between', { status: 503, text: '<html>' }, 'unknown', 'unavailable'],
    ['JSON that is not Stripe\'s', { json: { object: 'cat' } }, 'unknown', 'unavailable'],
    ['null', { text: 'null' }, 'unknown', 'unavailable'],
    ['half an answer', { headers: { 'content-length': '500' }, text: '{"id":' }, 'unknown', 'unavailable'],
    ['an answer without end', { text: ' '.repeat(1_100_000) }, 'unknown', 'unavailable'],
    ['an unknown status', { json: intent({ status: 'levitating' }) }, 'unknown', 'unavailable'],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' }, text: '{}' }, 'unknown', 'unavailable'],
    ['the same key with another request', refused(400, { type: 'idempotency_error', message: 'Keys' }), 'unknown', 'unavailable'],
    ['the same key at the same time', refused(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use' }), 'unknown', 'unavailable'],
    ['too many requests', refused(429, { type: 'invalid_request_error', code: 'rate_limit' }, { 'retry-after': '7' }), 'busy', 'busy'],
    ['a locked object', refused(429, { type: 'invalid_request_error', code: 'lock_timeout' }), 'busy', 'busy'],
    ['a wrong key', refused(401, { type: 'invalid_request_error', message: 'Invalid API Key: sk_test_secret' }), 'final', 'final'],
    ['a missing permission', refused(403, { type: 'invalid_request_error' }), 'final', 'final'],
    ['a malformed request', refused(400, { type: 'invalid_request_error', code: 'parameter_missing', message: 'amount' }), 'final', 'final'],
  ];
  test.each(cases)('%s: never a failed payment', async (_name, reply, change, question) => {
    fake.answer(reply);
    const error = await errorOf(gateway.authorise(someCharge()));
    expect(error.kind).toBe(change);
    expect(`${error.message}${JSON.stringify(error)}${String(error.cause)}`).not.toContain('secret');
    // Nothing is repeated behind our back, and no redirect is followed.
    expect(fake.asked).toHaveLength(1);
    expect(await kindOf(gateway.lookUp(known('pi_1')))).toBe(question);
    expect(fake.asked).toHaveLength(2);
  });

  test('a connection that was never made has sent nothing', async () => {
    const nobody = made(`http://127.0.0.1:${await freePort()}`);
    expect(await errorOf(nobody.authorise(someCharge()))).toMatchObject({ kind: 'unavailable', gatewayCode: 'ECONNREFUSED' });
  });

  test('says how long to wait', async () => {
    fake.answer(refused(429, { code: 'rate_limit' }, { 'retry-after': '7' }));
    expect((await errorOf(gateway.authorise(someCharge()))).retryAfterMs).toBe(7_000);
  });
});

describe('looking for a payment without its id', () => {
  test('the search finds it, and it is read then', async () => {
    fake.answer(({ path }) => (path === '/v1/payment_intents/search' ? { json: { object: 'search_result', data: [intent()], has_more: false } } : { json: intent({ status: 'requires_capture' }) }));
    expect(await gateway.lookUp(someCharge())).toMatchObject({ state: 'authorised' });
    expect(fake.asked.map(({ path }) => path)).toEqual(['/v1/payment_intents/search', '/v1/payment_intents/pi_1']);
  });

  test('what the search does not know yet is found in the list, also on a later page', async () => {
    fake.answer(({ path, query }) => {
      if (path.endsWith('/search')) return { json: { object: 'search_result', data: [], has_more: false } };
      return query.has('starting_after') ? list([intent({ status: 'requires_capture' })]) : list([intent({ id: 'pi_0', metadata: {} })], true);
    });
    const charge = someCharge();
    expect(await gateway.lookUp(charge)).toMatchObject({ state: 'authorised', gatewayRef: 'pi_1' });
    const from = Number(fake.asked[1]?.query.get('created[gte]'));
    expect(from * 1_000).toBeLessThan(charge.createdAt.getTime());
  });

  test.each<[string, Reply]>([['is not there', notFound], ['is broken', refused(500, { type: 'api_error' })], ['does not answer', 'drop'], ['answers something else', { text: '<html>' }]])('where the search %s, the list decides', async (_, reply) => {
    fake.answer(({ path }) => (path.endsWith('/search') ? reply : list([])));
    expect(await gateway.lookUp(someCharge())).toEqual({ state: 'absent' });
    fake.answer(({ path }) => (path.endsWith('/search') ? reply : list([intent({ status: 'requires_capture' })])));
    expect(await gateway.lookUp(someCharge())).toMatchObject({ state: 'authorised' });
  });

  test('a search that is asked too much is asked again later, and the list is left alone', async () => {
    fake.answer(({ path }) => (path.endsWith('/search') ? refused(429, { type: 'invalid_request_error', code: 'rate_limit' }) : list([])));
    expect([await kindOf(gateway.lookUp(someCharge())), fake.asked.length]).toEqual(['busy', 1]);
  });

  test.each(['drop', refused(500, { type: 'api_error' }), notFound] as const)('a list that cannot be read never says absent', async (reply) => {
    fake.answer(({ path }) => (path.endsWith('/search') ? { json: { object: 'search_result', data: [], has_more: false } } : reply));
    expect(['unavailable', 'final']).toContain(await kindOf(gateway.lookUp(someCharge())));
  });

  test('a list that goes on too long never says absent', async () => {
    const page = Array.from({ length: 100 }, (_, nth) => intent({ id: `pi_x${nth}`, metadata: {} }));
    fake.answer(({ path }) => (path.endsWith('/search') ? notFound : list(page, true)));
    expect(await errorOf(gateway.lookUp(someCharge()))).toMatchObject({ kind: 'unavailable', gatewayCode: 'list_too_long' });
  });

  test('a stored 500 ends in a look-up, and what is found counts', async () => {
    fake.answer(({ method, path }) => {
      if (method === 'POST') return refused(500, { type: 'api_error' }, { 'idempotent-replayed': 'true' });
      return path.endsWith('/search') ? notFound : list([intent({ status: 'succeeded', amount_received: 12_345, latest_charge: { id: 'ch_1', amount_refunded: 0 } })]);
    });
    expect(await kindOf(gateway.authorise(someCharge()))).toBe('unknown');
    expect(await gateway.lookUp(someCharge())).toMatchObject({ state: 'captured' });
  });

  test('a repeat is sent without looking while Stripe remembers the key, and looks first when it may have forgotten', async () => {
    fake.answer(({ method, path }) => (method === 'POST' || !path.endsWith('/search') ? { json: intent() } : { json: { object: 'search_result', data: [intent()], has_more: false } }));
    await gateway.authorise(someCharge({ createdAt: new Date(Date.now() - 22 * hourMs) }));
    expect(fake.asked.map(({ method }) => method)).toEqual(['POST']);
    await gateway.authorise(someCharge({ createdAt: new Date(Date.now() - 24 * hourMs) }));
    expect(fake.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
  });
});

describe('capture, cancel, refund', () => {
  test.each(['capture', 'cancel'] as const)('%s has no key twice, under which a refusal would be repeated, and answers how it stands when it is too late', async (operation) => {
    fake.answer(({ method }) => (method === 'POST' ? refused(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state' }) : { json: intent({ status: 'succeeded', amount_received: 12_345, latest_charge: { id: 'ch_1', amount_refunded: 0 } }) }));
    expect(await gateway[operation](known('pi_1'))).toMatchObject({ state: 'captured' });
    expect(fake.asked[0]).toMatchObject({ path: `/v1/payment_intents/pi_1/${operation}` });
    const keys = [fake.asked[0]?.headers['idempotency-key']];
    fake.answer('drop');
    expect(await kindOf(gateway[operation](known('pi_1')))).toBe('unknown');
    // The library makes up one by itself, for each call another.
    keys.push(fake.asked[0]?.headers['idempotency-key']);
    expect(keys.filter((key) => /^(undefined|stripe-node-retry-.*)$/.test(String(key)))).toHaveLength(2);
    expect(keys[0] === undefined || keys[0] !== keys[1]).toBe(true);
  });

  describe('a capture that the bank declines', () => {
    const declined = refused(402, { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds', message: 'No.', payment_intent: intent() });
    const cancelling = (reply: Reply, now: Reply = 'drop') => ({ path, method }: { path: string; method: string }): Reply => (path.endsWith('/capture') ? declined : method === 'POST' ? reply : now);

    test('has failed with what the bank says, when it is given up', async () => {
      fake.answer(cancelling({ json: intent({ status: 'canceled' }) }));
      const state = await gateway.capture(known('pi_1'));
      expect(state).toMatchObject({ state: 'failed', gatewayRef: 'pi_1', decline: { code: 'insufficient_funds', gatewayCode: 'insufficient_funds', message: 'No.' }, answer: { type: 'card_error', decline_code: 'insufficient_funds' } });
      expect(JSON.stringify(state)).not.toMatch(/_secret_|example\.com/);
      expect(fake.asked.map(({ path }) => path)).toEqual(['/v1/payment_intents/pi_1/capture', '/v1/payment_intents/pi_1/cancel']);
    });

    test('was taken all the same, when that is how it stands', async () => {
      fake.answer(cancelling(refused(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state' }), { json: intent({ status: 'succeeded', amount_received: 12_345 }) }));
      expect(await gateway.capture(known('pi_1'))).toMatchObject({ state: 'captured', capturedMinor: 12_345 });
    });

    test.each<[string, Reply]>([['gets no answer', 'drop'], ['is answered with 500', refused(500, { type: 'api_error' })], ['comes too often', refused(429, { code: 'rate_limit' })], ['cannot be asked about', refused(400, { code: 'payment_intent_unexpected_state' })]])('is unknown while giving it up %s', async (_, reply) => {
      fake.answer(cancelling(reply));
      expect(await kindOf(gateway.capture(known('pi_1')))).toBe('unknown');
    });
  });

  const order = { refundId: 'ref_1', amountMinor: 345, charge: known('pi_1'), createdAt: new Date() };
  const refund = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({ id: 're_1', object: 'refund', amount: 345, currency: 'eur', status: 'succeeded', metadata: { refundId: 'ref_1' }, ...changes });

  test.each([['pending', 'open'], ['requires_action', 'open'], ['succeeded', 'succeeded'], ['failed', 'failed'], ['canceled', 'failed']])('a refund that is %s is %s', async (status, state) => {
    fake.answer({ json: refund({ status }) });
    expect(await gateway.refund(order)).toMatchObject({ state });
    expect(fake.asked[0]).toMatchObject({ path: '/v1/refunds', headers: { 'idempotency-key': 'ref_1:refund' } });
  });

  test('a refund is found among the payment\'s by our id, not by its amount', async () => {
    fake.answer(list([refund({ id: 're_0', metadata: { refundId: 'ref_0' } }), refund()]));
    expect(await gateway.lookUpRefund(order)).toMatchObject({ state: 'succeeded', gatewayRef: 're_1' });
    fake.answer(list([refund({ id: 're_0', metadata: { refundId: 'ref_0' } })]));
    expect(await gateway.lookUpRefund(order)).toEqual({ state: 'absent' });
  });

  test('"already refunded" is asked about: it may be this refund', async () => {
    const already = refused(400, { type: 'invalid_request_error', code: 'charge_already_refunded', message: 'Already.' });
    fake.answer(({ method }) => (method === 'POST' ? already : list([refund()])));
    expect(await gateway.refund(order)).toMatchObject({ state: 'succeeded', gatewayRef: 're_1' });
    fake.answer(({ method }) => (method === 'POST' ? already : list([])));
    expect(await gateway.refund(order)).toMatchObject({ state: 'failed', gatewayCode: 'charge_already_refunded' });
  });

  test('a refund that was not answered is unknown, one that is refused for good is no failure of the payment', async () => {
    fake.answer('drop');
    expect(await kindOf(gateway.refund(order))).toBe('unknown');
    fake.answer(refused(400, { type: 'invalid_request_error', code: 'parameter_missing' }));
    expect(await kindOf(gateway.refund(order))).toBe('final');
  });

  test('a refund of more than is left has failed, though it is refused without a code', async () => {
    const tooMuch = refused(400, { type: 'invalid_request_error', param: 'amount', message: 'Refund amount is greater than unrefunded amount on charge.' });
    fake.answer(({ method }) => (method === 'POST' ? tooMuch : list([])));
    expect(await gateway.refund(order)).toMatchObject({ state: 'failed', gatewayCode: 'invalid_request_error:amount' });
    fake.answer(({ method }) => (method === 'POST' ? refused(400, { type: 'invalid_request_error', param: 'payment_intent', message: 'No.' }) : list([])));
    expect(await kindOf(gateway.refund(order))).toBe('final');
  });
});

test.each([['KWD', 5], ['MGA', 550]])('a refund of %s %d, which Stripe cannot take, has failed, and nothing is sent', async (currency, amountMinor) => {
  fake.answer('drop');
  const state = await gateway.refund({ refundId: 'ref_1', amountMinor, charge: known('pi_1', { currency }), createdAt: new Date() });
  expect(state).toEqual({ state: 'failed', gatewayCode: 'amount_not_chargeable', message: expect.stringContaining(currency), answer: {} });
  expect(fake.asked).toHaveLength(0);
});

describe('amounts', () => {
  test.each([['EUR', 500, 500], ['JPY', 500, 500], ['KRW', 1, 1], ['HUF', 12_300, 12_300], ['TWD', 12_300, 12_300], ['ISK', 5, 500], ['UGX', 5, 500], ['MGA', 500, 5], ['KWD', 5_120, 5_120], ['BHD', 10, 10]])('%s %d is sent as %d', (currency, ours, theirs) => {
    expect(toStripeAmount(ours, currency)).toBe(theirs);
    expect(fromStripeAmount(theirs, currency)).toBe(ours);
  });

  test.each([['KWD', 5_124], ['MGA', 550]])('%s %d cannot be charged, and nothing is sent', async (currency, amountMinor) => {
    fake.answer({ json: intent() });
    expect(await errorOf(gateway.authorise(someCharge({ currency, amountMinor })))).toMatchObject({ kind: 'final', gatewayCode: 'amount_not_chargeable' });
    expect(fake.asked).toHaveLength(0);
  });

  test('what is sent comes back as it was, in every currency', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), fc.constantFrom('EUR', 'JPY', 'ISK', 'UGX', 'HUF', 'MGA', 'KWD', 'TND'), (amountMinor, currency) => {
      let sent: number;
      try {
        sent = toStripeAmount(amountMinor, currency);
      } catch {
        return;
      }
      expect(Number.isSafeInteger(sent)).toBe(true);
      expect(fromStripeAmount(sent, currency)).toBe(amountMinor);
    }));
  });
});

test('what is unsure says what is done meanwhile, and where it was looked for', () => {
  for (const { what, meanwhile, source } of stripeUnsure) expect([what, meanwhile, source].every((text) => text.length > 10)).toBe(true);
});
