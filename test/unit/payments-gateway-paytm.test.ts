import '../support/realm.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Gateway, RefundOrder } from '../../services/payments/gateway.ts';
import { fromPaytmAmount, toPaytmAmount } from '../../services/payments/paytm/amounts.ts';
import { declines } from '../../services/payments/paytm/failures.ts';
import { createPaytmGateway } from '../../services/payments/paytm/gateway.ts';
import { rawMember } from '../../services/payments/paytm/raw-json.ts';
import { isSigned, sign, signedText } from '../../services/payments/paytm/signature.ts';
import { paytmUnsure } from '../../services/payments/paytm/unsure.ts';
import { errorOf, kindOf, known, someCharge, startFakeGateway, type FakeGateway, type Reply } from '../gateways/fake-gateway.ts';

const key = '0123456789abcdef';
const oldKey = 'fedcba9876543210';
const minuteMs = 60_000;
let fake: FakeGateway;
let gateway: Gateway;
beforeAll(async () => {
  fake = await startFakeGateway();
  gateway = createPaytmGateway({ apiBase: fake.url, mid: 'MID1', merchantKeys: [key, oldKey], website: 'WEBSTAGING', callbackUrl: () => 'https://shop.example/back', pageUrl: () => 'https://shop.example/to-paytm?a=1', timeoutMs: 3_000 });
});
afterAll(async () => await fake.stop());

const inr = { currency: 'INR', method: '' } as const;
const result = (resultStatus: string, resultCode: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ resultInfo: { resultStatus, resultCode, resultMsg: 'As it is' }, ...more });
const answer = (body: Record<string, unknown>): Reply => ({ json: { head: {}, body } });
const signed = async (body: Record<string, unknown>, by = key): Promise<Reply> => {
  // Signed as it is sent, with blanks that a parser would lose.
  const text = JSON.stringify(body, undefined, 1);
  return { text: `{"head": {"signature": ${JSON.stringify(await sign(text, by))}},\n "body" : ${text} }` };
};
const paid = result('TXN_SUCCESS', '01', { orderId: 'pay_1', txnId: 'T1', txnAmount: '123.45', refundAmt: '3.45', paymentMode: 'UPI', vpa: 'eve@upi' });

describe('signatures', () => {
  test('the known vectors verify, each with its own key only', () => {
    const text = 'E2vZ9NNItz7jtUySdShJkfQ7pxOre48Q5T6a6ddv5EmCe7cCskxXxOFWNjXgCcfhM462RuhUftc41aGb4lK2Om+L2r41KkVRZrzCBF8g2o8=';
    expect(isSigned('{"mid":"MID1","orderId":"ORD1"}', text, [key])).toBe(true);
    expect(isSigned('{"mid":"MID1","orderId":"ORD1"}', text, [oldKey, key])).toBe(true);
    expect(isSigned('{"mid":"MID1","orderId":"ORD2"}', text, [key])).toBe(false);
    expect(isSigned('{"mid":"MID1","orderId":"ORD1"}', text, [oldKey])).toBe(false);
    const map = 'F2oVOjw8DYomRBjNOjkii1x4XQIovZjUjy/YUreXdZvbGJ4za594ShY1IizIP/BLdglXBtL6kIuSQ9no7QjnGhk3mdU3nLRVE1Fx2R0D9Kg=';
    expect(isSigned(signedText(new Map([['TXNAMOUNT', '1.00'], ['STATUS', 'TXN_SUCCESS'], ['MID', 'MID1'], ['ORDERID', 'ORD1']])), map, [key])).toBe(true);
  });

  test('what the package signs verifies, and nothing else does', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), fc.nat(107), async (text, at) => {
      const signature = await sign(text, key);
      const other = signature[at] === 'A' ? 'B' : 'A';
      expect(isSigned(text, signature, [key])).toBe(true);
      expect(isSigned(`${text}x`, signature, [key])).toBe(false);
      expect(isSigned(text, `${signature.slice(0, at)}${other}${signature.slice(at + 1)}`, [key])).toBe(false);
    }), { numRuns: 50 });
  });

  test.each(['', '=', 'A'.repeat(108), `${'A'.repeat(106)}B=`, `${'A'.repeat(107)}=`, 'x'.repeat(100_000), '\u0000', 'é'.repeat(108)])('a forgery is refused in silence', (signature) => {
    expect(isSigned('text', signature, [key])).toBe(false);
    expect(isSigned('text', signature, ['short'])).toBe(false);
  });
});

describe('the raw text of a member', () => {
  test('is what stands there, in any JSON', () => {
    fc.assert(fc.property(fc.json(), fc.json(), fc.constantFrom('', ' ', '\n\t'), (before, body, blank) => {
      const text = `${blank}{${blank}"head"${blank}:${blank}${before}${blank},${blank}"body"${blank}:${blank}${body}${blank}}${blank}`;
      expect(rawMember(text, 'body')).toBe(body.trim());
      expect(rawMember(text, 'head')).toBe(before.trim());
    }));
  });

  test.each(['', '{', '[]', '"body"', 'null', '{}', '{"head":{"body":1}}', '{"body":1,"body":2}', '{"body":1,"b\\u006fdy":2}', '{"body":1}}', '{"head":"\\"body\\":1"}'])('is nothing in %s', (text) => {
    expect(rawMember(text, 'body')).toBeUndefined();
  });
});

describe('amounts', () => {
  test('are rupees with two decimals, and come back as they were', () => {
    expect([1, 100, 12_345, 5].map((amount) => toPaytmAmount(amount, 'INR'))).toEqual(['0.01', '1.00', '123.45', '0.05']);
    fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (amountMinor) => {
      const text = toPaytmAmount(amountMinor, 'INR');
      expect(text).toMatch(/^\d+\.\d\d$/);
      expect(fromPaytmAmount(text)).toBe(amountMinor);
    }));
  });

  test('answers may leave decimals out, but nothing else', () => {
    expect(['1', '1.5', '1.50', '-1', '1.505', '1e3', '', ' 1', 'NaN', '1,00', '9'.repeat(30)].map(fromPaytmAmount)).toEqual([100, 150, 150, ...Array.from({ length: 8 }, () => undefined)]);
  });

  test('no other currency is sent', async () => {
    fake.answer(answer(result('S', '0000', { txnToken: 't' })));
    expect(await errorOf(gateway.authorise(someCharge({ currency: 'EUR' })))).toMatchObject({ kind: 'final', gatewayCode: 'currency_not_supported' });
    expect(fake.asked).toHaveLength(0);
  });
});

describe('an order', () => {
  test('is signed as it is sent, and gives the payer a page', async () => {
    fake.answer(await signed(result('S', '0000', { txnToken: 'tok+en' })));
    const state = await gateway.authorise(someCharge({ ...inr, customerId: 'eve@example.com / 7' }));
    expect(state).toMatchObject({ state: 'open', gatewayRef: 'pay_1', amountMinor: 12_345, redirectUrl: 'https://shop.example/to-paytm?a=1&orderId=pay_1&txnToken=tok%2Ben' });
    if (state.state !== 'open') throw new Error('not open');
    expect(JSON.stringify(state.answer)).not.toContain('tok');
    const sent = fake.asked[0]?.text ?? '';
    const raw = rawMember(sent, 'body') ?? '';
    const { head } = JSON.parse(sent) as { head: { signature: string } };
    expect(isSigned(raw, head.signature, [key])).toBe(true);
    expect(JSON.parse(raw)).toEqual({ requestType: 'Payment', mid: 'MID1', orderId: 'pay_1', websiteName: 'WEBSTAGING', callbackUrl: 'https://shop.example/back', txnAmount: { value: '123.45', currency: 'INR' }, userInfo: { custId: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(fake.asked[0]).toMatchObject({ path: '/theia/api/v1/initiateTransaction' });
    expect(Object.fromEntries(fake.asked[0]?.query ?? [])).toEqual({ mid: 'MID1', orderId: 'pay_1' });
  });

  test.each([['manual_capture_not_supported', { capture: 'manual' as const }], ['order_too_old', { createdAt: new Date(Date.now() - 61 * minuteMs) }]])('%s: nothing is sent', async (gatewayCode, changes) => {
    fake.answer(answer(result('S', '0000', { txnToken: 't' })));
    expect(await errorOf(gateway.authorise(someCharge({ ...inr, ...changes })))).toMatchObject({ kind: 'final', gatewayCode });
    expect(fake.asked).toHaveLength(0);
  });

  test.each([['F', '2005', 'final'], ['F', '335', 'final'], ['F', '9999', 'final'], ['F', '501', 'unknown'], ['U', '00000900', 'unknown'], ['X', '1', 'unknown'], ['S', '0002', 'unknown']])('%s %s without a token is %s', async (status, code, kind) => {
    fake.answer(answer(result(status, code)));
    expect(await kindOf(gateway.authorise(someCharge(inr)))).toBe(kind);
  });

  test.each(['325', '2023'])('%s: the order is there, so how it stands is asked', async (code) => {
    fake.answer(({ path }) => answer(path.endsWith('/status') ? paid : result('F', code)));
    expect(await gateway.authorise(someCharge(inr))).toMatchObject({ state: 'captured' });
    fake.answer(({ path }) => (path.endsWith('/status') ? 'drop' : answer(result('F', code))));
    expect(await kindOf(gateway.authorise(someCharge(inr)))).toBe('unknown');
  });

  test('that is paid says what was paid and given back, and nothing about the payer is kept', async () => {
    fake.answer(await signed(paid, oldKey));
    const state = await gateway.lookUp(known('pay_1', inr));
    expect(state).toMatchObject({ state: 'captured', gatewayRef: 'pay_1', currency: 'INR', amountMinor: 12_345, capturedMinor: 12_345, refundedMinor: 345, answer: { txnId: 'T1' } });
    expect(JSON.stringify(state)).not.toContain('eve@');
  });

  test.each([['PENDING', '402', 'open'], ['PENDING', '400', 'open'], ['PENDING', '227', 'open'], ['TXN_FAILURE', '9999', 'failed']])('%s %s is %s', async (status, code, state) => {
    fake.answer(answer(result(status, code, { orderId: 'pay_1' })));
    expect(await gateway.lookUp(known('pay_1', inr))).toMatchObject({ state });
    expect(await gateway.cancel(known('pay_1', inr))).toMatchObject({ state });
    expect(await gateway.capture(known('pay_1', inr))).toMatchObject({ state });
  });

  test.each([...Object.entries(declines).map(([code, { decline }]) => [code, decline] as const), ['9999', 'card_declined'] as const, ['constructor', 'card_declined'] as const])('that failed with %s has failed as %s', async (code, decline) => {
    fake.answer(answer(result('TXN_FAILURE', code)));
    expect(await gateway.lookUp(known('pay_1', inr))).toMatchObject({ state: 'failed', decline: { code: decline, gatewayCode: code } });
  });

  test.each([['330', 'final'], ['334', 'final'], ['335', 'final'], ['2005', 'final'], ['501', 'unavailable'], ['00000900', 'unavailable']])('a question that fails with %s is no failed payment', async (code, kind) => {
    fake.answer(answer(result('TXN_FAILURE', code)));
    expect(await kindOf(gateway.lookUp(known('pay_1', inr)))).toBe(kind);
  });

  test.each([['NO_RECORD_FOUND', '331'], ['TXN_FAILURE', '331'], ['NO_RECORD_FOUND', '']])('without a record (%s %s) is absent, open or timed out by what the payer was given and when', async (status, code) => {
    fake.answer(answer(result(status, code)));
    expect(await gateway.lookUp(someCharge(inr))).toEqual({ state: 'absent' });
    expect(await gateway.lookUp(known('pay_1', { ...inr, createdAt: new Date(Date.now() - 119 * minuteMs) }))).toMatchObject({ state: 'open' });
    expect(await gateway.lookUp(known('pay_1', { ...inr, createdAt: new Date(Date.now() - 121 * minuteMs) }))).toMatchObject({ state: 'failed', decline: { code: 'payer_timed_out' } });
  });
});

test.each<[string, () => Reply | Promise<Reply>, string, string]>([
  ['a dropped connection', () => 'drop', 'unknown', 'unavailable'],
  ['silence', () => 'hang', 'unknown', 'unavailable'],
  ['503', () => ({ status: 503 }), 'unknown', 'unavailable'],
  ['429', () => ({ status: 429 }), 'busy', 'busy'],
  ['400', () => ({ status: 400 }), 'final', 'final'],
  ['a page', () => ({ text: '<html>' }), 'unknown', 'unavailable'],
  ['no result', () => answer({ txnToken: 't' }), 'unknown', 'unavailable'],
  ['two bodies', () => ({ text: '{"head":{},"body":{"resultInfo":{"resultStatus":"S"}},"body":{"resultInfo":{"resultStatus":"S"},"txnToken":"t"}}' }), 'unknown', 'unavailable'],
  ['another\'s signature', async () => await signed({ ...paid, ...result('S', '0000', { txnToken: 't' }) }, 'another key 1234'), 'unknown', 'unavailable'],
])('%s is no answer', async (_name, reply, change, question) => {
  fake.answer(await reply());
  expect(await kindOf(gateway.authorise(someCharge(inr)))).toBe(change);
  expect(await kindOf(gateway.lookUp(known('pay_1', inr)))).toBe(question);
  expect(fake.asked).toHaveLength(2);
});

test.each([['another order', { orderId: 'pay_2' }], ['no amount', { txnAmount: 'a lot' }]])('a paid order with %s is not believed', async (_name, changes) => {
  fake.answer(answer({ ...paid, ...changes }));
  expect(await kindOf(gateway.lookUp(known('pay_1', inr)))).toBe('unavailable');
});

describe('a refund', () => {
  const order: RefundOrder = { refundId: 'ref_1', amountMinor: 345, charge: known('pay_1', inr), createdAt: new Date() };
  const applied = (reply: Record<string, unknown> | 'drop', status: Record<string, unknown> = result('TXN_FAILURE', '631')): void => fake.answer(({ path }) => {
    if (path === '/v3/order/status') return answer(paid);
    if (path === '/v2/refund/status') return answer(status);
    return reply === 'drop' ? reply : answer(reply);
  });

  test('names Paytm\'s transaction and our id', async () => {
    applied(result('PENDING', '601', { refId: 'ref_1', refundId: 'R1', refundAmount: '3.45' }));
    expect(await gateway.refund(order)).toMatchObject({ state: 'open', gatewayRef: 'R1', amountMinor: 345 });
    expect(JSON.parse(rawMember(fake.asked[1]?.text ?? '', 'body') ?? '')).toEqual({ mid: 'MID1', txnType: 'REFUND', orderId: 'pay_1', txnId: 'T1', refId: 'ref_1', refundAmount: '3.45' });
  });

  test.each(['617', '629', 'DUPLICATE_REF_ID'])('%s: it is there, so it is asked for', async (code) => {
    applied(result('TXN_FAILURE', code), result('TXN_SUCCESS', '10', { refId: 'ref_1', refundId: 'R1', refundAmount: '3.45' }));
    expect(await gateway.refund(order)).toMatchObject({ state: 'succeeded', gatewayRef: 'R1', amountMinor: 345 });
  });

  test('629 for all of it was given back by other refunds: this one has failed', async () => {
    applied(result('TXN_FAILURE', '629'));
    expect(await gateway.refund(order)).toMatchObject({ state: 'failed', gatewayCode: '629' });
  });

  test.each(['617', 'DUPLICATE_REF_ID'])('%s, and yet not to be seen: it is unknown, and no other refund may take its place', async (code) => {
    applied(result('TXN_FAILURE', code));
    expect(await kindOf(gateway.refund(order))).toBe('unknown');
  });

  test.each(['600', '607', '619', '627', '635', '9999'])('%s has failed', async (code) => {
    applied(result('TXN_FAILURE', code));
    expect(await gateway.refund(order)).toMatchObject({ state: 'failed', gatewayCode: code });
  });

  test.each([['626', 'busy'], ['620', 'busy'], ['501', 'unknown'], ['335', 'final']])('%s is %s', async (code, kind) => {
    applied(result('TXN_FAILURE', code));
    expect(await kindOf(gateway.refund(order))).toBe(kind);
  });

  test('that was not answered is unknown, and one of an order that is not paid is never sent', async () => {
    applied('drop');
    expect(await kindOf(gateway.refund(order))).toBe('unknown');
    fake.answer(answer(result('PENDING', '402')));
    expect(await kindOf(gateway.refund(order))).toBe('final');
    expect(fake.asked.map(({ path }) => path)).toEqual(['/v3/order/status']);
  });

  test.each([['TXN_FAILURE', '631'], ['NO_RECORD_FOUND', '']])('is absent when Paytm says so: %s %s', async (status, code) => {
    fake.answer(answer(result(status, code)));
    expect(await gateway.lookUpRefund(order)).toEqual({ state: 'absent' });
  });

  test('of another id is not believed', async () => {
    fake.answer(answer(result('TXN_SUCCESS', '10', { refId: 'ref_2', refundAmount: '3.45' })));
    expect(await kindOf(gateway.lookUpRefund(order))).toBe('unavailable');
  });
});

test('what is unsure says what is done meanwhile, and where it was looked for', () => {
  for (const { what, meanwhile, source } of paytmUnsure) expect([what, meanwhile, source].every((text) => text.length > 10)).toBe(true);
});
