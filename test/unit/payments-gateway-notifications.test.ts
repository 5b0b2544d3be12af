import '../support/realm.ts';
import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { GatewayNotification } from '../../services/payments/gateway.ts';
import { gopayEventId } from '../../services/payments/gopay/notifications.ts';
import { createGateways, createNotificationVerifiers } from '../../services/payments/index.ts';
import { isNotificationRefusal, type Delivery, type NotificationVerifier } from '../../services/payments/notifications.ts';
import { sign, signedText } from '../../services/payments/paytm/signature.ts';

const key = '0123456789abcdef';
const verifiers = createNotificationVerifiers({ stripe: { webhookSecrets: ['whsec_test_secret', 'whsec_new'] }, gopay: {}, paytm: { mid: 'MID1', merchantKeys: ['fedcba9876543210', key] } });
const absent: NotificationVerifier = () => { throw new Error('there is no verifier'); };
const { stripe = absent, gopay = absent, paytm = absent } = verifiers;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('only gateways with settings are there', () => {
  expect(Object.keys(createNotificationVerifiers({}))).toEqual([]);
  expect(Object.keys(verifiers)).toEqual(['stripe', 'gopay', 'paytm']);
  const returnUrl = (): string => 'https://shop.example';
  const gateways = createGateways({ stripe: { secretKey: 'sk', webhookSecrets: [], returnUrl }, paytm: { apiBase: 'https://paytm.example', mid: 'M', merchantKeys: [key], website: 'W', callbackUrl: returnUrl, pageUrl: returnUrl } });
  expect(Object.values(gateways).map(({ name }) => name)).toEqual(['stripe', 'paytm']);
});

/** Whatever a stranger sends, the answer is a refusal. */
const hostile = (verify: NotificationVerifier): void => {
  const delivery = fc.record({ body: fc.uint8Array({ maxLength: 300 }), contentType: fc.option(fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', ''), { nil: undefined }), signature: fc.option(fc.string(), { nil: undefined }), query: fc.option(fc.string(), { nil: undefined }) });
  fc.assert(fc.property(delivery, (one) => { expect(isNotificationRefusal(verify(one))).toBe(true); }), { numRuns: 300 });
};

describe('Stripe', () => {
  const seconds = 1_700_000_000;
  const nowMs = seconds * 1_000;
  const signature = (text: string, secret = 'whsec_test_secret', t = seconds): string => `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${text}`).digest('hex')}`;
  const delivery = (text: string, header = signature(text)): Delivery => ({ body: bytes(text), signature: header, contentType: 'application/json' });
  const event = (object: Record<string, unknown> = { id: 'pi_1', object: 'payment_intent', status: 'succeeded', amount: 500, currency: 'eur', metadata: { paymentId: 'pay_1', tenantId: 'shop-a' }, receipt_email: 'eve@example.com', client_secret: 'pi_1_secret_x' }): string =>
    JSON.stringify({ id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', created: seconds, livemode: false, data: { object } });

  test('the known vector is a good signature', () => {
    const header = 't=1700000000,v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a';
    // Genuine, but no event.
    expect(stripe(delivery('{"id":"evt_1"}', header), nowMs)).toBe('malformed');
    expect(stripe(delivery('{"id":"evt_2"}', header), nowMs)).toBe('bad_signature');
    expect(stripe(delivery('{"id":"evt_1"}', header), nowMs + 301_000)).toBe('stale');
  });

  test('an event says which payment it is about, and nothing of the payer', () => {
    const notification = stripe(delivery(event()), nowMs);
    expect(notification).toMatchObject({ eventId: 'evt_1', type: 'payment_intent.succeeded', paymentId: 'pay_1', tenantId: 'shop-a', gatewayRef: 'pi_1' });
    expect(JSON.stringify(notification)).not.toMatch(/eve@|_secret_/);
  });

  test.each([['an id', 'pi_9'], ['an object', { id: 'pi_9', metadata: {} }]])('an event of a refund names its payment, given as %s', (_name, payment_intent) => {
    expect(stripe(delivery(event({ id: 're_1', object: 'refund', payment_intent, metadata: { paymentId: 'pay_1' } })), nowMs)).toMatchObject({ gatewayRef: 'pi_9', paymentId: 'pay_1' });
  });

  test.each<[string, string]>([
    ['the new secret', signature(event(), 'whsec_new')],
    ['one of several signatures', `t=${seconds},v1=${'0'.repeat(64)},${signature(event()).split(',')[1]}`],
    ['a time that is ahead of ours', signature(event(), undefined, seconds + 3_600)],
    ['a time just within the tolerance', signature(event(), undefined, seconds - 300)],
  ])('%s is accepted', (_name, header) => {
    expect(stripe(delivery(event(), header), nowMs)).toMatchObject({ eventId: 'evt_1' });
  });

  test.each<[string, string, string]>([
    ['no header', '', 'bad_signature'],
    ['no signature in it', `t=${seconds}`, 'bad_signature'],
    ['an empty signature', `t=${seconds},v1`, 'bad_signature'],
    ['no time in it', signature(event()).split(',')[1] ?? '', 'bad_signature'],
    ['a time that is none', signature(event()).replace(String(seconds), 'soon'), 'bad_signature'],
    ['another time than was signed', signature(event()).replace(String(seconds), String(seconds + 1)), 'bad_signature'],
    ['another scheme', signature(event()).replace('v1', 'v0'), 'bad_signature'],
    ['another secret', signature(event(), 'whsec_other'), 'bad_signature'],
    ['the decoded secret', signature(event(), 'test_secret'), 'bad_signature'],
    ['a signature of half its length', signature(event()).slice(0, -32), 'bad_signature'],
    ['a signature that is not ASCII', `t=${seconds},v1=${'é'.repeat(64)}`, 'bad_signature'],
    ['a time too long ago', signature(event(), undefined, seconds - 301), 'stale'],
  ])('%s is refused', (_name, header, refusal) => {
    expect(stripe(delivery(event(), header), nowMs)).toBe(refusal);
  });

  test.each<[string, Uint8Array]>([['nothing', bytes('')], ['what is no UTF-8', Uint8Array.of(0xff, 0xfe)], ['too much', new Uint8Array(300_000).fill(0x20)]])('%s is malformed', (_name, body) => {
    expect(stripe({ body, signature: signature('') }, nowMs)).toBe('malformed');
  });

  test.each(['{', 'null', '[]', '{"__proto__":{"id":"evt_1"}}', '{"id":"evt_1","object":"event","type":"x","created":1,"data":{"object":null}}', '{"object":"v2.core.event"}'])('the genuine but odd %s is malformed', (text) => {
    expect(stripe(delivery(text), nowMs)).toBe('malformed');
  });

  test('one changed byte is a forgery, a cut one too', () => {
    const text = event();
    expect(stripe(delivery(text.replace('pay_1', 'pay_2'), signature(text)), nowMs)).toBe('bad_signature');
    expect(stripe(delivery(text.slice(0, -1), signature(text)), nowMs)).toBe('bad_signature');
    expect(stripe(delivery(`\uFEFF${text}`, signature(text)), nowMs)).toBe('bad_signature');
  });

  test('without a secret nothing is genuine', () => {
    expect(createNotificationVerifiers({ stripe: { webhookSecrets: [] } }).stripe?.(delivery(event()), nowMs)).toBe('bad_signature');
    expect(createNotificationVerifiers({ stripe: { webhookSecrets: [''] } }).stripe?.(delivery(event(), signature(event(), '')), nowMs)).toBe('bad_signature');
  });

  test('whatever is sent, the answer is a refusal', () => { hostile(stripe); });
});

describe('GoPay', () => {
  test('only the id is read', () => {
    expect(gopay({ body: bytes('ignored'), query: 'id=3000000001&state=PAID' })).toEqual({ eventId: '3000000001', type: 'payment.changed', gatewayRef: '3000000001', payload: { id: '3000000001' } });
    expect(gopay({ body: bytes(''), query: `id=${2n ** 63n - 1n}` })).toMatchObject({ gatewayRef: '9223372036854775807' });
  });

  test.each([undefined, '', 'id=', 'id=0', 'id=01', 'id=-1', 'id=1.0', 'id=1e3', 'id=%31%2F', 'id=pi_1', 'id=1&id=2', 'id=9223372036854775808', `id=${'9'.repeat(40)}`, `x=${'y'.repeat(5_000)}&id=1`, 'id=１', 'ID=1', '__proto__=1'])('%s is malformed', (query) => {
    expect(gopay({ body: bytes(''), query })).toBe('malformed');
  });

  test('an event is named by the state that was read back', () => {
    const known = { gatewayRef: '1', amountMinor: 1, currency: 'CZK', answer: {} };
    expect([
      gopayEventId('1', { ...known, state: 'authorised' }), gopayEventId('1', { ...known, state: 'captured', capturedMinor: 5, refundedMinor: 0 }), gopayEventId('1', { ...known, state: 'captured', capturedMinor: 5, refundedMinor: 2 }),
    ]).toEqual(['1:authorised', '1:captured:0', '1:captured:2']);
  });
});

describe('Paytm', () => {
  const fields = { MID: 'MID1', ORDERID: 'pay_1', TXNID: 'T1', TXNAMOUNT: '1.00', CURRENCY: 'INR', PAYMENTMODE: 'UPI', TXNDATE: '2019-01-01 00:00:00.0', STATUS: 'TXN_SUCCESS', RESPCODE: '01', RESPMSG: 'Ok & done', BANKNAME: '', CUSTID: 'eve@example.com' };
  const form = async (of: Readonly<Record<string, string>> = fields, by = key): Promise<URLSearchParams> => new URLSearchParams({ ...of, CHECKSUMHASH: await sign(signedText(new Map(Object.entries(of))), by) });
  const posted = (text: string, contentType = 'application/x-www-form-urlencoded; charset=UTF-8'): ReturnType<NotificationVerifier> => paytm({ body: bytes(text), contentType });
  const json = async (body: string, by = key): Promise<string> => `{"head":{"signature":${JSON.stringify(await sign(body, by))}},"body":${body}}`;

  test('the known vector, as a form, is genuine', () => {
    const checksum = 'F2oVOjw8DYomRBjNOjkii1x4XQIovZjUjy/YUreXdZvbGJ4za594ShY1IizIP/BLdglXBtL6kIuSQ9no7QjnGhk3mdU3nLRVE1Fx2R0D9Kg=';
    const text = new URLSearchParams({ CHECKSUMHASH: checksum, STATUS: 'TXN_SUCCESS', ORDERID: 'ORD1', MID: 'MID1', TXNAMOUNT: '1.00' }).toString();
    expect(posted(text)).toMatchObject({ eventId: 'ORD1:TXN_SUCCESS', type: 'payment.TXN_SUCCESS', paymentId: 'ORD1', gatewayRef: 'ORD1' });
    expect(posted(text.replace('1.00', '2.00'))).toBe('bad_signature');
  });

  test('an old one is no replay: it is accepted, and only says what to ask about', async () => {
    const first = posted((await form()).toString());
    expect(first).toMatchObject({ eventId: 'pay_1:TXN_SUCCESS', paymentId: 'pay_1', payload: { TXNID: 'T1', TXNAMOUNT: '1.00' } });
    expect(JSON.stringify(first)).not.toContain('eve@');
    // Signed anew, with another salt: the same event.
    expect((posted((await form()).toString()) as GatewayNotification).eventId).toBe('pay_1:TXN_SUCCESS');
  });

  test('a plus that was not escaped is read as one', async () => {
    let checksum = '';
    while (!checksum.includes('+')) checksum = (await form()).get('CHECKSUMHASH') ?? '';
    const text = `${new URLSearchParams(fields).toString()}&CHECKSUMHASH=${checksum}`;
    expect(posted(text)).toMatchObject({ paymentId: 'pay_1' });
  });

  test.each<[string, (params: URLSearchParams) => void, string]>([
    ['a changed status', (params) => params.set('STATUS', 'TXN_FAILURE'), 'bad_signature'],
    ['one field more', (params) => params.append('EXTRA', '1'), 'bad_signature'],
    ['one field less', (params) => params.delete('RESPCODE'), 'bad_signature'],
    ['a field twice', (params) => params.append('STATUS', 'TXN_SUCCESS'), 'malformed'],
    ['the signature twice', (params) => params.append('CHECKSUMHASH', 'x'), 'malformed'],
    ['no signature', (params) => params.delete('CHECKSUMHASH'), 'malformed'],
    ['a prototype', (params) => params.append('__proto__', 'x'), 'bad_signature'],
    ['a thousand fields', (params) => { for (let nth = 0; nth < 1_000; nth += 1) params.append(`F${nth}`, ''); }, 'malformed'],
  ])('%s is refused', async (_name, change, refusal) => {
    const params = await form();
    change(params);
    expect(posted(params.toString())).toBe(refusal);
  });

  test('another merchant, another key and an odd order are refused although they are signed', async () => {
    expect(posted((await form({ ...fields, MID: 'MID2' })).toString())).toBe('bad_signature');
    expect(posted((await form(fields, 'another key 1234')).toString())).toBe('bad_signature');
    expect(posted((await form({ ...fields, ORDERID: "'; drop" })).toString())).toBe('malformed');
    expect(posted((await form({ MID: 'MID1' })).toString())).toBe('malformed');
    expect(posted((await form(JSON.parse('{"__proto__":"x","MID":"MID1","ORDERID":"pay_1","STATUS":"PENDING"}') as Record<string, string>)).toString())).toMatchObject({ paymentId: 'pay_1' });
  });

  test('a refund\'s webhook is signed as its body stands there', async () => {
    const body = '{ "mid":"MID1", "orderId":"pay_1","txnId":"T1","refId":"ref_1","refundId":"R1","status":"TXN_SUCCESS","totalRefundAmount":"3.45","userInfo":"eve@example.com" }';
    const notification = posted(await json(body), 'application/json');
    expect(notification).toMatchObject({ eventId: 'ref_1:TXN_SUCCESS:3.45', type: 'refund.TXN_SUCCESS', paymentId: 'pay_1', gatewayRef: 'pay_1', payload: { refId: 'ref_1' } });
    expect(JSON.stringify(notification)).not.toContain('eve@');
    expect(posted((await json(body)).replace('3.45', '9.99'), 'application/json')).toBe('bad_signature');
    expect(posted((await json(body)).replace('"orderId":"pay_1"', '"orderId": "pay_1"'), 'application/json')).toBe('bad_signature');
    expect(posted(await json('{"orderId":"pay_1","status":"PENDING"}', 'fedcba9876543210'), 'application/json')).toMatchObject({ eventId: 'pay_1:PENDING', type: 'payment.PENDING' });
  });

  test.each(['{', '{"head":{},"body":{}}', '{"head":{"signature":1},"body":{}}', '{"body":{}}', '[]', 'null', '{"head":{"signature":"x"},"body":{},"body":{}}'])('%s is malformed', (text) => {
    expect(posted(text, 'application/json')).toBe('malformed');
  });

  test('the content type says how to read it', async () => {
    const text = (await form()).toString();
    expect(posted(text, 'text/plain')).toBe('malformed');
    expect(posted(text, 'application/json')).toBe('malformed');
    expect(paytm({ body: bytes(text) })).toBe('malformed');
    expect(posted(`${text}&x=${'y'.repeat(300_000)}`)).toBe('malformed');
    expect(paytm({ body: Uint8Array.of(0xc3, 0x28), contentType: 'application/x-www-form-urlencoded' })).toBe('malformed');
  });

  test('whatever is sent, the answer is a refusal', () => { hostile(paytm); });
});
