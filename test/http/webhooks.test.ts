import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { sql } from 'kysely';
import { buildServer } from '../../api/server.ts';
import { openTemporal, type Temporal } from '../../api/temporal.ts';
import { newPaymentId, type Holdfast } from '../../client/index.ts';
import { createLogger } from '../../config/logger.ts';
import { readSettings } from '../../config/settings.ts';
import type { GatewayName, PaymentStatus } from '../../contracts/payments/flow.ts';
import type { Databases } from '../../services/database/connection.ts';
import { claimWaiting, countWaiting, markWebhooksProcessed, settleOldWebhooks } from '../../services/database/inbound-webhooks.ts';
import { createNotificationVerifiers } from '../../services/payments/index.ts';
import { sign, signedText } from '../../services/payments/paytm/signature.ts';
import { openStorage } from '../../services/storage/storage.ts';
import { createResource, createTenant, openTestDatabase, someRoom } from '../support/database.ts';
import { eventually, shop } from '../support/http.ts';
import { freePort } from '../support/ports.ts';

const shopA = 'webhooks-a';
const shopB = 'webhooks-b';
const shopC = 'webhooks-c';
const secrets = ['whsec_old', 'whsec_new'];
const mid = 'WEBHOOKMID';
const paytmKey = '0123456789abcdef';
const perMinute = 20;

let databases: Databases;
let apis: FastifyInstance[] = [];
let told: string[] = [];
const closing: Temporal[] = [];
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, shopA);
  await createTenant(databases, shopB);
  await createTenant(databases, shopC);
});
afterAll(async () => {
  // What the SDK tries again throws from a timer when its connection is closed by then.
  await sleep(3_000);
  await Promise.all(closing.map(async (temporal) => await temporal.close()));
  await databases.close();
});
beforeEach(() => void (told = []));
afterEach(async () => {
  await Promise.all(apis.map(async (api) => await api.close()));
  apis = [];
});

/** Notes which flows are told. */
const listening = {
  forTenant: (tenantId: string) => ({ payments: { gatewayEvent: async (id: string) => void (await Promise.resolve(told.push(`${tenantId} ${id}`))) } }) as unknown as Holdfast,
  promptly: async <Answer>(call: () => Promise<Answer>) => await call(),
  check: async () => await Promise.resolve(),
  close: async () => await Promise.resolve(),
} satisfies Temporal;

interface Options {
  readonly temporal?: Temporal;
  readonly gateways?: readonly GatewayName[];
  readonly rateLimitPerMinute?: number;
  readonly shopReturnUrl?: string;
}

function server({ temporal = listening, gateways = ['stripe', 'gopay', 'paytm'], rateLimitPerMinute = 0, shopReturnUrl }: Options = {}): FastifyInstance {
  const settings = { stripe: { webhookSecrets: secrets }, gopay: {}, paytm: { mid, merchantKeys: [paytmKey] } };
  const api = buildServer({
    databases,
    temporal,
    logger: createLogger('api-test', 'silent'),
    apiKeys: [{ tenantId: shopA, key: 'webhooks-key-a' }, { tenantId: shopB, key: 'webhooks-key-b' }],
    rateLimitPerMinute,
    verifiers: createNotificationVerifiers(Object.fromEntries(gateways.map((name) => [name, settings[name]]))),
    shopReturnUrl,
    storage: openStorage('file:/nonexistent'),
    maxUploadBytes: 1_000,
    signingKeys: ['x'.repeat(32)],
    publicUrl: 'http://127.0.0.1:9',
  });
  apis.push(api);
  return api;
}

async function payment(status: PaymentStatus, { tenantId = shopA, gateway = 'stripe', gatewayRef = randomUUID(), id = newPaymentId() }: { tenantId?: string; gateway?: GatewayName; gatewayRef?: string; id?: string } = {}): Promise<{ id: string; gatewayRef: string }> {
  const taken = status === 'captured' || status === 'settled' || status === 'refunded';
  await databases.write
    .insertInto('payments')
    .values({
      tenant_id: tenantId, id, subject_kind: 'booking', subject_id: randomUUID(), customer_id: 'ada', gateway, method: '', capture: 'automatic', description: 'a room', amount_minor: 1_000,
      currency: gateway === 'paytm' ? 'INR' : 'EUR', status, captured_minor: taken ? 1_000 : 0, refunded_minor: status === 'refunded' ? 1_000 : 0, failure_code: status === 'failed' ? 'card_declined' : null,
      gateway_ref: gatewayRef, pay_by: new Date(Date.now() + 600_000),
    })
    .execute();
  return { id, gatewayRef };
}

const now = (): number => Math.floor(Date.now() / 1_000);
const hmac = (secret: string, at: number, body: string | Buffer): string => createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex');

function event(more: { id?: string; type?: string; paymentId?: string; tenantId?: string; gatewayRef?: string }): string {
  const { id = `evt_${randomUUID()}`, type = 'payment_intent.succeeded', paymentId, tenantId, gatewayRef = `pi_${randomUUID()}` } = more;
  return JSON.stringify({ id, object: 'event', type, created: now(), livemode: false, data: { object: { id: gatewayRef, object: 'payment_intent', status: 'succeeded', amount: 1_000, currency: 'eur', metadata: { ...(paymentId !== undefined && { paymentId }), ...(tenantId !== undefined && { tenantId }) } } } });
}

interface Sent {
  readonly tenant?: string;
  readonly secret?: string;
  readonly at?: number;
  readonly signature?: string;
  readonly contentType?: string;
  readonly address?: string;
}
const stripe = (body: string | Buffer, { tenant = shopA, secret = 'whsec_new', at = now(), signature = `t=${at},v1=${hmac(secret, at, body)}`, contentType = 'application/json', address = '127.0.0.1' }: Sent = {}): InjectOptions => ({
  method: 'POST',
  url: `/v1/webhooks/stripe/${tenant}`,
  headers: { 'stripe-signature': signature, 'content-type': contentType },
  payload: body,
  remoteAddress: address,
});

const send = async (api: FastifyInstance, request: InjectOptions): Promise<[number, unknown]> => {
  const answer = await api.inject(request);
  return [answer.statusCode, answer.json<{ code?: string; received?: boolean }>().code ?? answer.json<unknown>()];
};
const accepted = [200, { received: true }];

const rows = async (paymentId: string) => await databases.write.selectFrom('inbound_webhooks').selectAll().where('payment_id', '=', paymentId).orderBy('received_at').execute();
const rowOf = async (eventId: string) => await databases.write.selectFrom('inbound_webhooks').selectAll().where('event_id', '=', eventId).execute();

describe('a webhook of Stripe', () => {
  test('is stored, answered, and the flow of the payment that it names is told', async () => {
    const api = server();
    const { id } = await payment('created');
    expect(await send(api, stripe(event({ id: `evt_${id}`, paymentId: id, tenantId: shopA })))).toEqual(accepted);
    await api.close();
    expect(told).toEqual([`${shopA} ${id}`]);
    expect(await rows(id)).toMatchObject([{ tenant_id: shopA, gateway: 'stripe', event_id: `evt_${id}`, type: 'payment_intent.succeeded', processed_at: null, outcome: null }]);
  });

  test('that names no payment of ours finds it by the id that the gateway gave it', async () => {
    const api = server();
    const { id, gatewayRef } = await payment('created');
    expect(await send(api, stripe(event({ gatewayRef })))).toEqual(accepted);
    expect([told, (await rows(id)).length]).toEqual([[`${shopA} ${id}`], 1]);
  });

  test('that says nothing new is stored as known and wakes nobody', async () => {
    const api = server();
    const { id } = await payment('settled');
    expect(await send(api, stripe(event({ paymentId: id })))).toEqual(accepted);
    expect(told).toEqual([]);
    expect(await rows(id)).toMatchObject([{ outcome: 'already_known', processed_at: expect.any(Date) }]);
    expect(await send(api, stripe(event({ paymentId: id, type: 'charge.refunded' })))).toEqual(accepted);
    expect(told).toEqual([`${shopA} ${id}`]);
  });

  test('that says of money that was all given back that it did not arrive wakes the flow; nothing else about it does', async () => {
    const api = server();
    const { id } = await payment('refunded');
    for (const type of ['charge.refunded', 'refund.updated', 'payment_intent.succeeded']) expect(await send(api, stripe(event({ paymentId: id, type })))).toEqual(accepted);
    expect(told).toEqual([]);
    expect(await send(api, stripe(event({ paymentId: id, type: 'refund.failed' })))).toEqual(accepted);
    expect(told).toEqual([`${shopA} ${id}`]);
  });

  test('that comes again is answered again, stored once, and told once', async () => {
    const api = server();
    const { id } = await payment('created');
    const body = event({ paymentId: id });
    for (let times = 0; times < 3; times += 1) expect(await send(api, stripe(body))).toEqual(accepted);
    expect([(await rows(id)).length, told.length]).toEqual([1, 1]);
  });

  test('that comes fifty times at once is one row, and one reminder', async () => {
    const api = server();
    const { id } = await payment('created');
    const body = event({ paymentId: id });
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await send(api, stripe(body))));
    expect(answers).toEqual(Array.from({ length: 50 }, () => accepted));
    expect([(await rows(id)).length, told.length]).toEqual([1, 1]);
  });

  test('is believed by either secret while one is replaced, and by no other', async () => {
    const api = server();
    const { id } = await payment('created');
    expect(await send(api, stripe(event({ paymentId: id }), { secret: 'whsec_old' }))).toEqual(accepted);
    expect(await send(api, stripe(event({ paymentId: id }), { secret: 'whsec_new' }))).toEqual(accepted);
    const body = event({ paymentId: id });
    const [at, wrong] = [now(), hmac('whsec_forged', now(), body)];
    expect(await send(api, stripe(body, { signature: `t=${at},v1=${wrong}` }))).toEqual([401, 'webhook_signature_invalid']);
    expect(await send(api, stripe(body, { signature: `t=${at},v1=${wrong},v1=${hmac('whsec_old', at, body)}` }))).toEqual(accepted);
    expect((await rows(id)).length).toBe(3);
  });

  test.each<[string, number, string, (body: string) => InjectOptions]>([
    ['with a forged signature', 401, 'webhook_signature_invalid', (body) => stripe(body, { secret: 'whsec_forged' })],
    ['without a signature', 401, 'webhook_signature_invalid', (body) => ({ ...stripe(body), headers: { 'content-type': 'application/json' } })],
    ['with a signature that is no signature', 401, 'webhook_signature_invalid', (body) => stripe(body, { signature: 't=x,v1=,v1=é' })],
    ['signed five minutes and a bit ago', 401, 'webhook_signature_invalid', (body) => stripe(body, { at: now() - 302 })],
    ['of which the time was changed', 401, 'webhook_signature_invalid', (body) => stripe(body, { signature: `t=${now()},v1=${hmac('whsec_new', now() - 3_600, body)}` })],
    ['that was cut off', 401, 'webhook_signature_invalid', (body) => ({ ...stripe(body), payload: body.slice(0, -20) })],
    ['of which one byte was changed', 401, 'webhook_signature_invalid', (body) => ({ ...stripe(body), payload: body.replace('1000', '1001') })],
    ['that is empty', 400, 'webhook_malformed', () => stripe('')],
    ['that is signed, but no event', 400, 'webhook_malformed', () => stripe('{"id":"evt_1"}')],
    ['that is signed, but no JSON', 400, 'webhook_malformed', () => stripe('not json')],
    ['that is binary', 400, 'webhook_malformed', () => stripe(Buffer.from([0xff, 0x00, 0xfe, 0x80]))],
    ['that is larger than anything that Stripe sends', 413, 'payload_too_large', () => stripe('x'.repeat(256 * 1_024 + 1))],
    ['for a shop that there is not', 404, 'not_found', (body) => stripe(body, { tenant: 'nobody' })],
    ['for a shop that there cannot be', 404, 'not_found', (body) => stripe(body, { tenant: '%00' })],
  ])('%s is refused, stored nowhere, and wakes nobody', async (_, status, code, request) => {
    const api = server();
    const { id } = await payment('created');
    expect(await send(api, request(event({ paymentId: id })))).toEqual([status, code]);
    expect([told, await rows(id)]).toEqual([[], []]);
  });

  test('signed just within five minutes is believed', async () => {
    const { id } = await payment('created');
    expect(await send(server(), stripe(event({ paymentId: id }), { at: now() - 290 }))).toEqual(accepted);
  });

  test.each(['text/plain', 'application/octet-stream', 'application/json; charset=iso-8859-1'])('is read as the bytes that it is, though it says %s', async (contentType) => {
    const { id } = await payment('created');
    expect(await send(server(), stripe(`${event({ paymentId: id })}\r\n  `, { contentType }))).toEqual(accepted);
  });

  test.each([['a NUL', '\u0000'], ['half a character', '\ud83d']])('with %s in it, which the database cannot keep, is no notification', async (_, text) => {
    const { id } = await payment('created');
    expect(await send(server(), stripe(event({ paymentId: id, gatewayRef: `pi_${text}` })))).toEqual([400, 'webhook_malformed']);
    expect(await send(server(), stripe(event({ paymentId: `${id}${text}` })))).toEqual([400, 'webhook_malformed']);
    expect(await rows(id)).toEqual([]);
  });

  test.each<[string, (theirs: { id: string; gatewayRef: string }) => Parameters<typeof event>[0]]>([
    ['names it and its shop', ({ id }) => ({ paymentId: id, tenantId: shopB })],
    ['names it', ({ id }) => ({ paymentId: id })],
    ['has the id that the gateway gave it', ({ gatewayRef }) => ({ gatewayRef })],
  ])("about another shop's payment is that shop's, when it %s", async (_, names) => {
    const theirs = await payment('created', { tenantId: shopB });
    expect(await send(server(), stripe(event(names(theirs))))).toEqual(accepted);
    expect([told, await rows(theirs.id)]).toMatchObject([[`${shopB} ${theirs.id}`], [{ tenant_id: shopB, processed_at: null }]]);
  });

  test("about another shop's payment is stored once and told once, whichever shops' addresses it comes to", async () => {
    const api = server();
    const theirs = await payment('created', { tenantId: shopB });
    const body = event({ paymentId: theirs.id });
    const bring = async (tenant: string): Promise<void> => expect(await send(api, stripe(body, { tenant }))).toEqual(accepted);
    await Promise.all([shopA, shopC, shopA, shopC].map(bring));
    expect([told, (await rows(theirs.id)).length]).toEqual([[`${shopB} ${theirs.id}`], 1]);
    await bring(shopB);
    expect([told.length, (await rows(theirs.id)).length]).toEqual([1, 1]);
  });

  test('that names another shop than that of the payment, or one without such a payment, is answered, stored nowhere, and changes nothing', async () => {
    const api = server();
    const theirs = await payment('created', { tenantId: shopB });
    for (const tenant of [shopA, shopB]) expect(await send(api, stripe(event({ paymentId: theirs.id, tenantId: shopA }), { tenant }))).toEqual(accepted);
    expect(await send(api, stripe(event({ gatewayRef: theirs.gatewayRef, tenantId: 'somebody-else' })))).toEqual(accepted);
    const id = `evt_${randomUUID()}`;
    expect(await send(api, stripe(event({ id, tenantId: 'somebody-else' })))).toEqual(accepted);
    expect([told, await rows(theirs.id), await rowOf(id)]).toEqual([[], [], []]);
  });

  test('about an id that two shops have given is about the payment of the shop that it names, else of the address', async () => {
    const api = server();
    const { id } = await payment('created');
    const theirs = await payment('created', { tenantId: shopB, id });
    expect(await send(api, stripe(event({ paymentId: id, tenantId: shopB })))).toEqual(accepted);
    expect(await send(api, stripe(event({ paymentId: id })))).toEqual(accepted);
    expect([told, theirs.id]).toEqual([[`${shopB} ${id}`, `${shopA} ${id}`], id]);
  });

  test("that came to other shops' addresses before the payment had its id there is its shop's, once, when it has", async () => {
    const api = server();
    const [eventId, gatewayRef] = [`evt_${randomUUID()}`, `pi_${randomUUID()}`];
    for (const tenant of [shopA, shopC]) expect(await send(api, stripe(event({ id: eventId, gatewayRef }), { tenant }))).toEqual(accepted);
    const { id } = await payment('created', { tenantId: shopB, gatewayRef });
    await databases.write.updateTable('inbound_webhooks').set({ received_at: new Date(Date.now() - 6_000) }).where('event_id', '=', eventId).execute();
    // The sweep of the running workers may be first.
    for (const _ of [1, 2]) await claimWaiting(databases.write);
    expect(await rows(id)).toMatchObject([{ tenant_id: shopB, event_id: eventId }]);
  });

  test('about no payment of anybody is kept for the record', async () => {
    const id = `evt_${randomUUID()}`;
    expect(await send(server(), stripe(event({ id, tenantId: shopA })))).toEqual(accepted);
    expect([told, await rowOf(id)]).toMatchObject([[], [{ tenant_id: shopA, payment_id: null, processed_at: null }]]);
    await databases.write.updateTable('inbound_webhooks').set({ received_at: new Date(Date.now() - 3_700_000) }).where('event_id', '=', id).execute();
    await settleOldWebhooks(databases.write);
    expect(await rowOf(id)).toMatchObject([{ outcome: 'unknown_payment' }]);
  });

  test('for a gateway that is not set up is answered as if there were no such address', async () => {
    const { id } = await payment('created');
    expect(await send(server({ gateways: ['gopay'] }), stripe(event({ paymentId: id })))).toEqual([404, 'not_found']);
  });

  test('is answered before the flow has been told', async () => {
    const telling = Promise.withResolvers<undefined>();
    const slow: Temporal = { ...listening, promptly: async (call) => { await telling.promise; return await call(); } };
    const api = server({ temporal: slow });
    const { id } = await payment('created');
    expect(await send(api, stripe(event({ paymentId: id })))).toEqual(accepted);
    expect(told).toEqual([]);
    telling.resolve(undefined);
    // A stopping API tells what it has begun to tell.
    await api.close();
    expect(told).toEqual([`${shopA} ${id}`]);
  });

  test('takes less than 100 ms of work', async () => {
    const api = server();
    const { id } = await payment('created');
    await send(api, stripe(event({ paymentId: id })));
    const took: number[] = [];
    for (let times = 0; times < 20; times += 1) {
      const start = performance.now();
      await send(api, stripe(event({ paymentId: id })));
      took.push(performance.now() - start);
    }
    expect(took.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
  });
});

describe('a webhook of Paytm', () => {
  const form = async (fields: Record<string, string>, key = paytmKey): Promise<string> => new URLSearchParams({ ...fields, CHECKSUMHASH: await sign(signedText(new Map(Object.entries(fields))), key) }).toString();
  const paid = (orderId: string): Record<string, string> => ({ MID: mid, ORDERID: orderId, TXNID: '1', TXNAMOUNT: '10.00', CURRENCY: 'INR', STATUS: 'TXN_SUCCESS', RESPCODE: '01', BANKNAME: 'Bank & Söhne' });
  const post = (payload: string, url = `/v1/webhooks/paytm/${shopA}`): InjectOptions => ({ method: 'POST', url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload });

  test('is stored once and told once, by its checksum', async () => {
    const api = server();
    const { id } = await payment('created', { gateway: 'paytm' });
    const body = await form(paid(id));
    expect([await send(api, post(body)), await send(api, post(body))]).toEqual([accepted, accepted]);
    expect([told, (await rows(id)).map(({ event_id }) => event_id)]).toEqual([[`${shopA} ${id}`], [`${id}:TXN_SUCCESS`]]);
  });

  test('with a changed amount, another key or no checksum is refused and stored nowhere', async () => {
    const api = server();
    const { id } = await payment('created', { gateway: 'paytm' });
    expect(await send(api, post((await form(paid(id))).replace('10.00', '99.00')))).toEqual([401, 'webhook_signature_invalid']);
    expect(await send(api, post(await form(paid(id), 'fedcba9876543210')))).toEqual([401, 'webhook_signature_invalid']);
    expect(await send(api, post(new URLSearchParams(paid(id)).toString()))).toEqual([400, 'webhook_malformed']);
    expect([told, await rows(id)]).toEqual([[], []]);
  });

  test("about another shop's payment is that shop's: Paytm knows one address for each merchant id", async () => {
    const api = server();
    const { id } = await payment('created', { gateway: 'paytm', tenantId: shopB });
    const body = await form(paid(id));
    for (const tenant of [shopA, shopC, shopA]) expect(await send(api, post(body, `/v1/webhooks/paytm/${tenant}`))).toEqual(accepted);
    expect([told, await rows(id)]).toMatchObject([[`${shopB} ${id}`], [{ tenant_id: shopB, event_id: `${id}:TXN_SUCCESS` }]]);
    expect(await send(api, post(body, '/v1/webhooks/paytm/nobody'))).toEqual([404, 'not_found']);
  });

  test("about another shop's payment, but forged, is refused and stored nowhere", async () => {
    const { id } = await payment('created', { gateway: 'paytm', tenantId: shopB });
    expect(await send(server(), post(await form(paid(id), 'fedcba9876543210')))).toEqual([401, 'webhook_signature_invalid']);
    expect([told, await rows(id)]).toEqual([[], []]);
  });

  test('as a browser brings it back gives the payer a page and wakes the flow, when it is genuine', async () => {
    const api = server();
    const { id } = await payment('created', { gateway: 'paytm' });
    const back = `/v1/payments/paytm/return/${shopA}`;
    const forged = await api.inject(post((await form(paid(id))).replace('TXN_SUCCESS', 'TXN_FAILURE'), back));
    expect([forged.statusCode, told]).toEqual([200, []]);
    const page = await api.inject(post(await form(paid(id)), back));
    expect([page.statusCode, page.headers['content-type'], page.body]).toEqual([200, 'text/html; charset=utf-8', expect.stringContaining('You can close this page')]);
    expect(page.body).not.toContain(id);
    expect([told, await rows(id)]).toEqual([[`${shopA} ${id}`], []]);
  });
});

describe('a notification of GoPay', () => {
  const get = (id: string, tenant = shopA, address = '127.0.0.1'): InjectOptions => ({ method: 'GET', url: `/v1/webhooks/gopay/${tenant}?id=${encodeURIComponent(id)}`, remoteAddress: address });
  let made = 0;
  const gopayId = (): string => `3${Date.now()}${(made += 1)}`;

  test('wakes the flow of the payment that it names', async () => {
    const { id, gatewayRef } = await payment('created', { gateway: 'gopay', gatewayRef: gopayId() });
    expect(await send(server(), get(gatewayRef))).toEqual(accepted);
    expect([told, (await rows(id)).length]).toEqual([[`${shopA} ${id}`], 1]);
  });

  test('in a burst is one reminder and one row; later it may be about something else, so it waits again', async () => {
    const api = server();
    const { id, gatewayRef } = await payment('created', { gateway: 'gopay', gatewayRef: gopayId() });
    await Promise.all(Array.from({ length: 10 }, async () => await send(api, get(gatewayRef))));
    expect([told.length, await countWaiting(databases.write, shopA, id)]).toEqual([1, 1]);
    await markWebhooksProcessed(databases.write, shopA, id, 'settled');
    expect(await countWaiting(databases.write, shopA, id)).toBe(0);
    await databases.write.updateTable('inbound_webhooks').set({ received_at: new Date(Date.now() - 60_000) }).where('payment_id', '=', id).execute();
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await send(api, get(gatewayRef))).toEqual(accepted);
    expect([told.length, (await rows(id)).length, await countWaiting(databases.write, shopA, id)]).toEqual([2, 1, 1]);
  });

  test("about another shop's payment is answered and stored nowhere", async () => {
    const { id, gatewayRef } = await payment('created', { gateway: 'gopay', gatewayRef: gopayId(), tenantId: shopB });
    expect(await send(server(), get(gatewayRef))).toEqual(accepted);
    expect([told, await rows(id)]).toEqual([[], []]);
  });

  test('that came before the payment had its id there is told of when it has', async () => {
    const ref = gopayId();
    expect(await send(server(), get(ref))).toEqual(accepted);
    const { id } = await payment('created', { gateway: 'gopay', gatewayRef: ref });
    await databases.write.updateTable('inbound_webhooks').set({ received_at: new Date(Date.now() - 6_000) }).where('event_id', '=', ref).execute();
    // The sweep of the running workers may be first.
    await claimWaiting(databases.write);
    expect(await rows(id)).toMatchObject([{ event_id: ref }]);
  });

  test('about nothing that we know leaves no trace after an hour', async () => {
    const ref = gopayId();
    expect(await send(server(), get(ref))).toEqual(accepted);
    expect((await rowOf(ref)).length).toBe(1);
    await databases.write.updateTable('inbound_webhooks').set({ received_at: new Date(Date.now() - 3_700_000) }).where('event_id', '=', ref).execute();
    await settleOldWebhooks(databases.write);
    expect(await rowOf(ref)).toEqual([]);
  });

  test.each(['', '0', '-1', '1e3', '9'.repeat(20), "1' OR '1'='1", '\u0000'])('with the id %j is no notification', async (id) => {
    expect(await send(server(), get(id))).toEqual([400, 'webhook_malformed']);
  });

  test('about nothing that we know is stored as often as one address may ask, and no more', async () => {
    const api = server({ rateLimitPerMinute: perMinute });
    const address = `10.7.${process.pid % 250}.${Date.now() % 250}`;
    const refs = Array.from({ length: perMinute + 5 }, gopayId);
    const answers = await Promise.all(refs.map(async (ref) => (await send(api, { ...get(ref), remoteAddress: address }))[0]));
    expect(answers.filter((status) => status === 429)).toHaveLength(5);
    expect((await Promise.all(refs.map(rowOf))).flat()).toHaveLength(perMinute);
  });

  test('for a shop that there is not is answered so', async () => {
    expect(await send(server(), get('3000000001', 'nobody'))).toEqual([404, 'not_found']);
  });
});

describe('a payer who comes back from a page', () => {
  const back = async (query: string, options: Options = {}) => await server(options).inject({ url: `/v1/payments/return/${shopA}${query}` });

  test('wakes the flow of a payment that is open, and of no other', async () => {
    const [stripes, gopays, done, theirs] = [await payment('created'), await payment('created', { gateway: 'gopay' }), await payment('settled'), await payment('created', { tenantId: shopB })];
    for (const query of [`?payment_intent=${stripes.gatewayRef}&redirect_status=succeeded`, `?id=${gopays.gatewayRef}`, `?payment_intent=${done.gatewayRef}`, `?payment_intent=${theirs.gatewayRef}`, '?id=1', '', '?id=%00', '?id=<script>']) {
      const answer = await back(query);
      expect([query, answer.statusCode, answer.body.includes('<script>'), answer.headers['cache-control']]).toEqual([query, 200, false, 'no-store']);
    }
    expect(told).toEqual([`${shopA} ${stripes.id}`, `${shopA} ${gopays.id}`]);
  });

  test('goes on to the shop where there is an address for that, and nowhere that the request says', async () => {
    const answer = await back('?id=1&return_url=https://evil.example', { shopReturnUrl: 'https://shop.example/{tenant}/thanks' });
    expect([answer.statusCode, answer.headers['location']]).toEqual([303, `https://shop.example/${shopA}/thanks`]);
  });

  test('wakes nobody any more when too many came from one address, and still gets the page', async () => {
    const { gatewayRef } = await payment('created');
    const api = server({ rateLimitPerMinute: perMinute });
    const address = `10.9.${process.pid % 250}.${Date.now() % 250}`;
    const answers = await Promise.all(Array.from({ length: perMinute + 5 }, async () => (await api.inject({ url: `/v1/payments/return/${shopA}?payment_intent=${gatewayRef}`, remoteAddress: address })).statusCode));
    expect([new Set(answers), told.length]).toEqual([new Set([200]), perMinute]);
  });
});

test('only what cannot be verified counts against an address', async () => {
  const api = server({ rateLimitPerMinute: perMinute });
  const address = `10.8.${process.pid % 250}.${Date.now() % 250}`;
  const { id } = await payment('created');
  const forged = async (): Promise<number> => (await send(api, stripe(event({ paymentId: id }), { secret: 'whsec_forged', address })))[0];
  const genuine = async (): Promise<number> => (await send(api, stripe(event({ paymentId: id }), { address })))[0];
  expect(new Set(await Promise.all(Array.from({ length: 2 * perMinute }, genuine)))).toEqual(new Set([200]));
  expect(new Set(await Promise.all(Array.from({ length: perMinute }, forged)))).toEqual(new Set([401]));
  expect([await forged(), await genuine()]).toEqual([429, 200]);
});

test('JSON alone is still what every other call takes', async () => {
  const answer = await server().inject({ method: 'POST', url: '/v1/bookings', headers: { authorization: 'Bearer webhooks-key-a', 'content-type': 'text/plain' }, payload: '{}' });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([415, 'unsupported_media_type']);
});

describe('what was received', () => {
  test('is listed to its shop, newest first, page by page', async () => {
    const api = server();
    const { id } = await payment('created');
    const events = [1, 2, 3].map((number) => `evt_${number}_${id}`);
    for (const eventId of events) await send(api, stripe(event({ id: eventId, paymentId: id })));
    const list = async (query: string, key = 'webhooks-key-a') => (await api.inject({ url: `/v1/webhooks/received?${query}`, headers: { authorization: `Bearer ${key}` } })).json<{ items: { eventId: string }[]; nextCursor?: string }>();
    const first = await list(`paymentId=${id}&limit=2`);
    const second = await list(`paymentId=${id}&limit=2&cursor=${first.nextCursor ?? ''}`);
    expect([...first.items, ...second.items].map(({ eventId }) => eventId)).toEqual(events.toReversed());
    expect([second.nextCursor, (await list(`paymentId=${id}&gateway=gopay`)).items, (await list(`paymentId=${id}`, 'webhooks-key-b')).items]).toEqual([undefined, [], []]);
    expect((await api.inject({ url: '/v1/webhooks/received?cursor=bm9uc2Vuc2U', headers: { authorization: 'Bearer webhooks-key-a' } })).statusCode).toBe(422);
    expect((await api.inject({ url: '/v1/webhooks/received' })).statusCode).toBe(401);
  });
});

test('with Temporal away a webhook is accepted all the same, and its payment is told when the sweep comes by', async () => {
  const guests = await shop('shop-a');
  const resourceId = await createResource(databases, 'shop-a', someRoom);
  const booking = await guests.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2031-05-01', to: '2031-05-02' });
  const paid = await guests.call('POST', `/v1/bookings/${booking.body['id'] as string}/payment`, { gateway: 'stripe', method: 'pm_card_visa' });
  const paymentId = paid.body['id'] as string;
  await eventually('the payment', async () => (await guests.call('GET', `/v1/payments/${paymentId}`)).body['status'] === 'settled');

  const nowhere = openTemporal(readSettings({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` }));
  closing.push(nowhere);
  const api = server({ temporal: nowhere });
  const eventId = `evt_${randomUUID()}`;
  expect(await send(api, stripe(event({ id: eventId, type: 'charge.refunded', paymentId }), { tenant: 'shop-a' }))).toEqual(accepted);
  expect(await rowOf(eventId)).toMatchObject([{ processed_at: null }]);
  // As if half a minute had passed since the API tried.
  await sql`UPDATE inbound_webhooks SET received_at = now() - interval '1 minute', told_at = now() - interval '50 seconds' WHERE event_id = ${eventId}`.execute(databases.write);
  expect(await eventually('the sweep', async () => (await rowOf(eventId))[0]?.outcome ?? undefined, 30_000)).toBe('settled');
});
