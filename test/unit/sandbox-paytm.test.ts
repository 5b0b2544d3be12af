/** The sandbox's Paytm over the wire, with the official checksum library as the merchant's side. */
import '../support/realm.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { buildSandbox } from '../../sandbox/server.ts';
import { rawMember, verify } from '../../sandbox/paytm/signature.ts';

const checksum = createRequire(import.meta.url)('paytmchecksum') as { generateSignature: (input: unknown, key: string) => Promise<string>; verifySignature: (input: unknown, key: string, signature: string) => boolean };
const key = '0123456789abcdef';
type Json = Record<string, unknown>;
type Body = Json & { resultInfo: { resultStatus: string; resultCode: string } };
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(paytm: Json = {}, more: Json = {}) {
  const told: { type: string; body: string }[] = [];
  const shop = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      told.push({ type: request.headers['content-type'] ?? '', body });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(shop, 'listening');
  const sandbox = buildSandbox({ paytm: { mid: 'MID1', merchantKey: key, webhookUrl: `http://127.0.0.1:${(shop.address() as AddressInfo).port}/hook`, ...paytm }, ...more });
  const url = await sandbox.listen();
  closing.push(async () => {
    shop.close();
    shop.closeAllConnections();
    await sandbox.close();
  });
  const post = async (path: string, body: Json, signedBody: Json = body): Promise<Body> => {
    const answer = await fetch(`${url}/paytm${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ body, head: { signature: await checksum.generateSignature(JSON.stringify(signedBody), key) } }) });
    const text = await answer.text();
    expect(answer.status).toBe(200);
    const { head } = JSON.parse(text) as { head: { signature: string } };
    expect(checksum.verifySignature(rawMember(text, 'body') ?? '', key, head.signature)).toBe(true);
    return (JSON.parse(text) as { body: Body }).body;
  };
  const wish = (more: Json = {}): Json => ({ requestType: 'Payment', mid: 'MID1', orderId: 'ORD1', websiteName: 'WEBSTAGING', callbackUrl: 'https://shop.example/back?a=1&b=2', txnAmount: { value: '25.00', currency: 'INR' }, userInfo: { custId: 'cust-1' }, ...more });
  const initiate = async (more: Json = {}, query = 'mid=MID1&orderId=ORD1', signed?: Json) => await post(`/theia/api/v1/initiateTransaction?${query}`, wish(more), signed ?? wish(more));
  const pay = async (txnToken: unknown, outcome: string, extra: Json = {}) =>
    await fetch(`${url}/paytm/theia/api/v1/showPaymentPage?mid=MID1&orderId=ORD1`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ txnToken, outcome, ...extra }) });
  const status = async () => await post('/v3/order/status', { mid: 'MID1', orderId: 'ORD1' });
  const refund = async (refId: string, refundAmount: string, txnId: unknown) => await post('/refund/apply', { mid: 'MID1', txnType: 'REFUND', orderId: 'ORD1', txnId, refId, refundAmount });
  const refundStatus = async (refId: string) => await post('/v2/refund/status', { mid: 'MID1', orderId: 'ORD1', refId });
  const journal = async () => ((await (await fetch(`${url}/paytm/_journal`)).json()) as { items: Json[] }).items;
  const faults = async (body: unknown) => expect((await fetch(`${url}/paytm/_faults`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(201);
  return { url, told, post, initiate, wish, pay, status, refund, refundStatus, journal, faults };
}

const code = ({ resultInfo: { resultStatus, resultCode } }: Body): string => `${resultStatus} ${resultCode}`;
const eventually = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries > 200) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('a checksum', () => {
  test('of the vectors is accepted, another is not', () => {
    const text = '{"mid":"MID1","orderId":"ORD1"}';
    const signature = 'E2vZ9NNItz7jtUySdShJkfQ7pxOre48Q5T6a6ddv5EmCe7cCskxXxOFWNjXgCcfhM462RuhUftc41aGb4lK2Om+L2r41KkVRZrzCBF8g2o8=';
    expect(verify(text, key, signature)).toBe(true);
    expect(verify({ MID: 'MID1', STATUS: 'TXN_SUCCESS', ORDERID: 'ORD1', TXNAMOUNT: '1.00' }, key, 'F2oVOjw8DYomRBjNOjkii1x4XQIovZjUjy/YUreXdZvbGJ4za594ShY1IizIP/BLdglXBtL6kIuSQ9no7QjnGhk3mdU3nLRVE1Fx2R0D9Kg=')).toBe(true);
    for (const wrong of ['', 'x', signature.replace('E2', 'E3'), signature.slice(4)]) expect(verify(text, key, wrong)).toBe(false);
    expect(verify(text.replace('ORD1', 'ORD2'), key, signature)).toBe(false);
  });

  test('is over the text of the body, whatever stands around it', () => {
    expect(rawMember('{"head":{"body":"no, \\"body\\": 1"}, "body" : {"a" : "}\\"", "b":[1, {}]} ,"z":1}', 'body')).toBe('{"a" : "}\\"", "b":[1, {}]}');
    expect(rawMember('{"a":"body"}', 'body')).toBeUndefined();
  });
});

test('a transaction is begun once, and what is wrong with it has its code', async () => {
  const { initiate, wish } = await start();
  const first = await initiate();
  expect(code(first)).toBe('S 0000');
  const again = await initiate();
  expect([code(again), again['txnToken']]).toEqual(['S 0002', first['txnToken']]);
  expect(code(await initiate({ txnAmount: { value: '26.00', currency: 'INR' } }))).toBe('F 2023');
  expect(code(await initiate({}, undefined, { ...wish(), orderId: 'ORD2' }))).toBe('F 2005');
  expect(code(await initiate({}, 'mid=MID2&orderId=ORD1'))).toBe('F 2013');
  expect(code(await initiate({}, 'mid=MID1&orderId=ORD2'))).toBe('F 2014');
  expect(code(await initiate({ orderId: 'ORD2', txnAmount: { value: '1', currency: 'INR' } }, 'mid=MID1&orderId=ORD2'))).toBe('F 2007');
  expect(code(await initiate({ userInfo: undefined }))).toBe('F 1007');
  expect(code(await initiate({ mid: 'MID2' }))).toBe('F 335');
});

test('a payer pays on the page; the browser and the server bring signed fields', async () => {
  const { url, told, initiate, status, journal } = await start();
  const { txnToken } = await initiate();
  expect(code(await status())).toBe('NO_RECORD_FOUND 331');
  const pageUrl = `${url}/paytm/theia/api/v1/showPaymentPage?mid=MID1&orderId=ORD1`;
  expect((await fetch(`${pageUrl}&txnToken=guess`)).status).toBe(400);
  expect(await (await fetch(`${pageUrl}&txnToken=${String(txnToken)}`)).text()).toContain('25.00 INR');
  const back = await (await fetch(pageUrl, { method: 'POST', body: new URLSearchParams({ txnToken: String(txnToken), outcome: 'success' }) })).text();
  expect(back).toContain('action="https://shop.example/back?a=1&amp;b=2"');
  const fields: Record<string, string> = Object.fromEntries([...back.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value] as const));
  const { CHECKSUMHASH: signature = '', ...unsigned } = fields;
  expect(unsigned).toMatchObject({ STATUS: 'TXN_SUCCESS', RESPCODE: '01', TXNAMOUNT: '25.00', ORDERID: 'ORD1' });
  expect(checksum.verifySignature({ ...unsigned }, key, signature)).toBe(true);
  const paid = await status();
  expect([code(paid), paid['txnAmount'], paid['txnId']]).toEqual(['TXN_SUCCESS 01', '25.00', unsigned['TXNID']]);
  await eventually(() => told.length === 1);
  const { CHECKSUMHASH: hash = '', ...webhook } = Object.fromEntries(new URLSearchParams(told[0]?.body));
  expect([told[0]?.type, webhook['STATUS'], webhook['CUSTID']]).toEqual(['application/x-www-form-urlencoded', 'TXN_SUCCESS', 'cust-1']);
  expect(checksum.verifySignature({ ...webhook }, key, hash)).toBe(true);
  expect(await journal()).toMatchObject([{ operation: 'charge', paymentId: 'ORD1', amountMinor: 2_500, currency: 'INR', status: 'executed' }]);
  expect(code(await initiate())).toBe('F 325');
});

test('a payment may be pending before it is declined, and then stays so', async () => {
  const { initiate, pay, status, told, journal } = await start();
  const { txnToken } = await initiate();
  await pay(txnToken, 'pending');
  expect(code(await status())).toBe('PENDING 402');
  expect(told).toEqual([]);
  expect(await (await pay(txnToken, 'failure', { code: '227' })).json()).toMatchObject({ status: 'TXN_FAILURE', code: '227' });
  expect(code(await status())).toBe('TXN_FAILURE 227');
  expect((await pay(txnToken, 'success')).status).toBe(409);
  expect(await journal()).toMatchObject([{ status: 'declined', code: '227' }]);
});

test('a refund is registered, done later, told, and never more than was paid', async () => {
  const { initiate, pay, status, refund, refundStatus, journal, told } = await start({ refundDelayMs: 1_500 });
  await pay((await initiate())['txnToken'], 'success');
  const { txnId } = await status();
  expect(code(await refundStatus('ref_1'))).toBe('TXN_FAILURE 631');
  expect(code(await refund('ref_1', '25.01', txnId))).toBe('TXN_FAILURE 619');
  expect(code(await refund('ref_1', '0.50', txnId))).toBe('TXN_FAILURE 635');
  expect(code(await refund('ref_1', '10.00', '123'))).toBe('TXN_FAILURE 627');
  expect(code(await refund('ref_1', '10.00', txnId))).toBe('PENDING 601');
  expect(code(await refund('ref_1', '10.00', txnId))).toBe('TXN_FAILURE 617');
  expect(code(await refund('ref_2', '5.00', txnId))).toBe('TXN_FAILURE 626');
  expect(code(await refundStatus('ref_1'))).toBe('PENDING 601');
  expect((await journal()).filter(({ operation }) => operation === 'refund')).toEqual([]);
  await eventually(() => told.length === 2);
  const text = told[1]?.body ?? '';
  expect(checksum.verifySignature(rawMember(text, 'body') ?? '', key, (JSON.parse(text) as { head: { signature: string } }).head.signature)).toBe(true);
  expect(await refundStatus('ref_1')).toMatchObject({ totalRefundAmount: '10.00', resultInfo: { resultCode: '10' } });
  expect(code(await refund('ref_2', '15.00', txnId))).toBe('PENDING 601');
  await eventually(async () => code(await refundStatus('ref_2')) === 'TXN_SUCCESS 10');
  expect(code(await refund('ref_3', '1.00', txnId))).toBe('TXN_FAILURE 629');
  expect((await journal()).filter(({ operation }) => operation === 'refund')).toMatchObject([{ refundId: 'ref_1', amountMinor: 1_000 }, { refundId: 'ref_2', amountMinor: 1_500 }]);
});

test('faults: unclear answers, lost answers, payers who decide by themselves', async () => {
  const { url, initiate, wish, post, status, faults, journal } = await start({}, { autoPay: { paytm: 'success', delayMs: 1_500 } });
  await faults([{ kind: 'error', operation: 'create', code: '501', times: 1, status: 500 }]);
  expect(code(await initiate())).toBe('U 501');
  await faults([{ kind: 'drop', operation: 'create', times: 1 }]);
  await expect(initiate()).rejects.toThrow();
  expect(code(await initiate())).toBe('S 0002');
  await eventually(async () => code(await status()) === 'TXN_SUCCESS 01');
  await faults([{ kind: 'error', operation: 'lookup', status: 503, times: 1 }, { kind: 'decline', operation: 'refund', times: 1 }]);
  expect((await fetch(`${url}/paytm/v3/order/status`, { method: 'POST', body: JSON.stringify({ body: wish(), head: { signature: '' } }) })).status).toBe(503);
  const { txnId } = await status();
  expect(code(await post('/refund/apply', { mid: 'MID1', txnType: 'REFUND', orderId: 'ORD1', txnId, refId: 'r', refundAmount: '5.00' }))).toBe('TXN_FAILURE 600');
  expect(await journal()).toMatchObject([{ operation: 'charge', status: 'executed' }, { operation: 'refund', status: 'declined', code: '600' }]);
});
