/** The sandbox's GoPay over the wire. */
import '../support/realm.ts';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { buildSandbox } from '../../sandbox/server.ts';

type Json = Record<string, unknown>;
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
const basic = `Basic ${Buffer.from('client:secret').toString('base64')}`;

async function start(gopay: Json = {}, more: Json = {}) {
  const told: string[] = [];
  const shop = createServer((request, response) => {
    told.push(request.url ?? '');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(shop, 'listening');
  const shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  const sandbox = buildSandbox({ gopay: { goid: '8123456789', clientId: 'client', clientSecret: 'secret', ...gopay }, ...more });
  const url = await sandbox.listen();
  closing.push(async () => {
    shop.close();
    shop.closeAllConnections();
    await sandbox.close();
  });
  const tokenOf = async (scope: string): Promise<Response> => await fetch(`${url}/gopay/api/oauth2/token`, { method: 'POST', headers: { authorization: basic }, body: new URLSearchParams({ grant_type: 'client_credentials', scope }) });
  const { access_token: all } = (await (await tokenOf('payment-all')).json()) as { access_token: string };
  const call = async (method: string, path: string, body?: Json | URLSearchParams, token = all): Promise<{ status: number; body: Json }> => {
    const json = body !== undefined && !(body instanceof URLSearchParams);
    const answer = await fetch(`${url}/gopay/api/payments/payment${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(json && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: json ? JSON.stringify(body) : body }) });
    return { status: answer.status, body: (await answer.json()) as Json };
  };
  const wish = (wishes: Json = {}): Json => ({ amount: 150_000, currency: 'CZK', order_number: 'pay_1', target: { type: 'ACCOUNT', goid: 8_123_456_789 }, items: [{ name: 'Room', amount: 150_000, count: 1 }], callback: { return_url: `${shopUrl}/back?x=1`, notification_url: `${shopUrl}/told?t=a` }, additional_params: [{ name: 'tenantId', value: 'shop-a' }], ...wishes });
  const create = async (wishes: Json = {}) => (await call('POST', '', wish(wishes))).body as { id: number; gw_url: string; state: string };
  const decide = async (gwUrl: string, outcome: string) => await fetch(gwUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ outcome }) });
  const journal = async () => ((await (await fetch(`${url}/gopay/_journal`)).json()) as { items: Json[] }).items;
  const faults = async (body: unknown) => expect((await fetch(`${url}/gopay/_faults`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(201);
  return { url, shopUrl, told, tokenOf, call, wish, create, decide, journal, faults };
}

const eventually = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries > 200) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test('a token is for the client and for its scope', async () => {
  const { url, tokenOf, call, wish } = await start();
  expect((await fetch(`${url}/gopay/api/oauth2/token`, { method: 'POST', headers: { authorization: `Basic ${btoa('client:guess')}` }, body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'payment-all' }) })).status).toBe(401);
  const answer = (await (await tokenOf('payment-create')).json()) as { access_token: string; expires_in: number };
  expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 1_800 });
  const { status, body } = await call('POST', '', wish(), answer.access_token);
  expect([status, body['state']]).toEqual([200, 'CREATED']);
  expect((await call('GET', `/${String(body['id'])}`, undefined, answer.access_token)).status).toBe(403);
  expect((await call('GET', `/${String(body['id'])}`, undefined, `${answer.access_token}x`)).status).toBe(401);
});

test('a payer pays on the page, the shop is told by a GET and asks', async () => {
  const { told, call, create, journal, shopUrl } = await start();
  const { id, gw_url } = await create({ order_number: '<i>"1"</i>' });
  expect(id).toBeGreaterThan(2 ** 31);
  const page = await (await fetch(gw_url)).text();
  expect(page).toContain('1500.00 CZK');
  expect(page).toContain('&lt;i&gt;&quot;1&quot;&lt;/i&gt;');
  expect(page).not.toContain('<i>');
  const posted = await fetch(gw_url, { method: 'POST', body: new URLSearchParams({ outcome: 'paid' }), redirect: 'manual' });
  expect([posted.status, posted.headers.get('location')]).toEqual([303, `${shopUrl}/back?x=1&id=${id}`]);
  await eventually(() => told.length === 1);
  expect(told).toEqual([`/told?t=a&id=${id}`]);
  expect((await call('GET', `/${id}`)).body).toMatchObject({ id, state: 'PAID', amount: 150_000, order_number: '<i>"1"</i>' });
  expect(await journal()).toMatchObject([{ operation: 'charge', amountMinor: 150_000, currency: 'CZK', gatewayRef: String(id), tenantId: 'shop-a' }]);
  expect((await fetch(gw_url, { method: 'POST', body: new URLSearchParams({ outcome: 'paid' }) })).status).toBe(409);
});

test.each([['_5006', 'CANCELED', '_5006'], ['canceled', 'CANCELED', '_5037'], ['timeouted', 'TIMEOUTED', '_5024'], ['_101', 'PAYMENT_METHOD_CHOSEN', '_101']])('the outcome %s leaves it %s', async (outcome, state, subState) => {
  const { call, create, decide } = await start();
  const { id, gw_url } = await create();
  expect((await decide(gw_url, outcome)).status).toBe(200);
  expect((await call('GET', `/${id}`)).body).toMatchObject({ state, sub_state: subState });
});

test('a preauthorised payment is held, then captured in part or given up', async () => {
  const { call, create, decide, journal } = await start();
  const held = await create({ preauthorization: true });
  await decide(held.gw_url, 'paid');
  expect((await call('GET', `/${held.id}`)).body).toMatchObject({ state: 'AUTHORIZED' });
  expect((await call('POST', `/${held.id}/capture`, { amount: 100_000, items: [{ name: 'Room', amount: 100_000 }] })).body).toEqual({ id: held.id, result: 'FINISHED' });
  expect((await call('POST', `/${held.id}/capture`, new URLSearchParams())).body).toMatchObject({ errors: [{ error_name: 'PAYMENT_CAPTURE_DONE' }] });
  const given = await create({ preauthorization: true });
  await decide(given.gw_url, 'authorised');
  expect((await call('POST', `/${given.id}/void-authorization`, new URLSearchParams())).body).toEqual({ id: given.id, result: 'FINISHED' });
  expect((await call('POST', `/${given.id}/void-authorization`, new URLSearchParams())).body).toMatchObject({ errors: [{ error_name: 'PAYMENT_AUTH_VOID_FAILED' }] });
  expect((await journal()).map(({ operation, amountMinor }) => [operation, amountMinor])).toEqual([['authorise', 150_000], ['capture', 100_000], ['authorise', 150_000], ['cancel', 150_000]]);
});

test('refunds are listed, never exceed what was paid, and may be done later', async () => {
  const { call, create, decide, told } = await start({ refundDelayMs: 1_500 });
  const { id, gw_url } = await create();
  expect((await call('POST', `/${id}/refund`, new URLSearchParams({ amount: '1' }))).status).toBe(409);
  await decide(gw_url, 'paid');
  expect((await call('POST', `/${id}/refund`, new URLSearchParams({ amount: '50000' }))).body).toMatchObject({ id, result: 'ACCEPTED' });
  expect((await call('GET', `/${id}/refunds`)).body).toMatchObject([{ state: 'REQUESTED', amount: 50_000 }]);
  expect((await call('POST', `/${id}/refund`, { amount: 100_001 })).body).toMatchObject({ errors: [{ scope: 'F', field: 'amount' }] });
  await eventually(() => told.length === 2);
  expect((await call('GET', `/${id}`)).body).toMatchObject({ state: 'PARTIALLY_REFUNDED' });
  await call('POST', `/${id}/refund`, { amount: 100_000 });
  await eventually(async () => (await call('GET', `/${id}`)).body['state'] === 'REFUNDED');
  expect((await call('POST', `/${id}/refund`, { amount: 1 })).body).toMatchObject({ errors: [{ error_name: 'PAYMENT_REFUND_NOT_SUPPORTED' }] });
});

test.each([['no amount', { amount: undefined }, 'amount'], ['a text for an amount', { amount: '5' }, 'amount'], ['another account', { target: { type: 'ACCOUNT', goid: 1 } }, 'target.goid'], ['a callback that is no web address', { callback: { return_url: 'javascript:alert(1)', notification_url: 'http://a' } }, 'callback.return_url']])('a payment with %s is refused', async (_, wrong, field) => {
  const { call, wish } = await start();
  expect(await call('POST', '', wish(wrong))).toMatchObject({ status: 400, body: { errors: [{ scope: 'F', field }] } });
});

test('an unpaid payment times out, an unknown one is not found', async () => {
  const { call, create, told, decide } = await start({ paymentLifeMs: 100 });
  const { id, gw_url } = await create();
  await eventually(() => told.length === 1);
  expect((await call('GET', `/${id}`)).body).toMatchObject({ state: 'TIMEOUTED' });
  expect((await decide(gw_url, 'paid')).status).toBe(409);
  expect(await call('GET', '/12345')).toMatchObject({ status: 404, body: { errors: [{ error_name: 'PAYMENT_NOT_FOUND' }] } });
});

test('payers may decide by themselves, and faults spoil answers, money and notifications', async () => {
  const { url, told, call, create, wish, faults, journal } = await start({}, { autoPay: { gopay: 'paid' } });
  await create();
  await eventually(() => told.length === 1);
  await faults([{ kind: 'decline', code: '_5002', times: 1 }, { kind: 'drop', operation: 'create', times: 1 }, { kind: 'duplicate_webhooks', copies: 5, windowMs: 20, times: 1 }]);
  await expect(call('POST', '', wish({ order_number: 'pay_2' }))).rejects.toThrow();
  await eventually(() => told.length === 7);
  expect(await journal()).toMatchObject([{ paymentId: 'pay_1', status: 'executed' }, { paymentId: 'pay_2', status: 'declined', code: '_5002' }]);
  expect((await fetch(`${url}/_settings`, { method: 'POST', body: JSON.stringify({ autoPay: null }) })).status).toBe(200);
  const open = await create();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await call('GET', `/${open.id}`)).body).toMatchObject({ state: 'CREATED' });
});
