/** The sandbox's Stripe, as the official library sees it over the wire. */
import '../support/realm.ts';
import { mkdtempSync, readFileSync, rmSync, appendFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Stripe } from 'stripe';
import { buildSandbox, type Sandbox } from '../../sandbox/server.ts';
import { signature } from '../../sandbox/stripe/events.ts';

const secretKey = 'sk_test_sandbox';
const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(stripe: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<{ sandbox: Sandbox; url: string; client: Stripe; journal: () => Promise<Record<string, unknown>[]>; faults: (body: unknown) => Promise<void> }> {
  const sandbox = buildSandbox({ stripe: { secretKeys: [secretKey], ...stripe }, ...more });
  const url = await sandbox.listen();
  closing.push(async () => { await sandbox.close(); });
  return {
    sandbox,
    url,
    client: clientOf(url),
    journal: async () => ((await (await fetch(`${url}/_journal`)).json()) as { items: Record<string, unknown>[] }).items,
    faults: async (body) => {
      const answer = await fetch(`${url}/stripe/_faults`, { method: 'POST', body: JSON.stringify(body) });
      expect({ status: answer.status, said: answer.status === 201 ? '' : await answer.text() }).toEqual({ status: 201, said: '' });
    },
  };
}

const clientOf = (url: string, key = secretKey): Stripe => new Stripe(key, { host: '127.0.0.1', port: Number(new URL(url).port), protocol: 'http', maxNetworkRetries: 0, timeout: 5_000, telemetry: false });
const order = (more: Partial<Stripe.PaymentIntentCreateParams> = {}): Stripe.PaymentIntentCreateParams => ({ amount: 2_500, currency: 'eur', confirm: true, payment_method: 'pm_card_visa', automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, metadata: { paymentId: 'pay_1', tenantId: 'shop-a' }, ...more });
const refusal = async (work: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await work;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('it was not refused');
};

/** Where events arrive. */
async function receiver(answer: (times: number) => number = () => 200): Promise<{ url: string; received: { body: string; signature: string; type: string; id: string }[] }> {
  const received: { body: string; signature: string; type: string; id: string }[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      received.push({ body, signature: String(request.headers['stripe-signature']), ...(JSON.parse(body) as { type: string; id: string }) });
      response.writeHead(answer(received.length)).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

const eventually = async (what: () => boolean): Promise<void> => {
  for (let tries = 0; !what(); tries += 1) {
    if (tries > 200) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('a payment', () => {
  test('is taken at once, held and taken, or given up', async () => {
    const { client, journal } = await start();
    const taken = await client.paymentIntents.create(order());
    expect(taken).toMatchObject({ status: 'succeeded', amount_received: 2_500, livemode: false });
    const held = await client.paymentIntents.create(order({ capture_method: 'manual' }));
    expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 2_500, amount_received: 0 });
    expect(await client.paymentIntents.capture(held.id, { amount_to_capture: 1_000, expand: ['latest_charge'] })).toMatchObject({ status: 'succeeded', amount_received: 1_000, latest_charge: { amount_captured: 1_000 } });
    const given = await client.paymentIntents.create(order({ capture_method: 'manual' }));
    expect(await client.paymentIntents.cancel(given.id)).toMatchObject({ status: 'canceled', amount_capturable: 0 });
    expect((await journal()).map(({ operation, amountMinor, currency, paymentId, tenantId }) => [operation, amountMinor, currency, paymentId, tenantId])).toEqual([
      ['charge', 2_500, 'EUR', 'pay_1', 'shop-a'],
      ['authorise', 2_500, 'EUR', 'pay_1', 'shop-a'],
      ['capture', 1_000, 'EUR', 'pay_1', 'shop-a'],
      ['authorise', 2_500, 'EUR', 'pay_1', 'shop-a'],
      ['cancel', 2_500, 'EUR', 'pay_1', 'shop-a'],
    ]);
    expect(await refusal(client.paymentIntents.cancel(taken.id))).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
  });

  test.each([
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
  ])('with %s is declined, and stays there without money', async (method, code, declineCode) => {
    const { client, journal } = await start();
    const error = await refusal(client.paymentIntents.create(order({ payment_method: method })));
    expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code, decline_code: declineCode, payment_intent: { status: 'requires_payment_method', amount_received: 0 } });
    expect(await journal()).toMatchObject([{ status: 'declined', code: declineCode }]);
    expect(await client.paymentIntents.confirm((error['payment_intent'] as { id: string }).id, { payment_method: 'pm_card_visa' })).toMatchObject({ status: 'succeeded' });
  });

  test.each([
    ['no amount', { amount: undefined }, 'parameter_missing', 'amount'],
    ['a negative amount', { amount: -5 }, 'parameter_invalid_integer', 'amount'],
    ['too small an amount', { amount: 5 }, 'amount_too_small', 'amount'],
    ['too large an amount', { amount: 100_000_000 }, 'amount_too_large', 'amount'],
    ['a currency that is none', { currency: 'xyz' }, undefined, 'currency'],
    ['an unknown method', { payment_method: 'pm_card_nobody' }, 'resource_missing', 'payment_method'],
    ['an unknown parameter', { colour: 'red' }, 'parameter_unknown', 'colour'],
    ['card numbers', { payment_method_data: { type: 'card', card: { number: '4242424242424242' } } }, undefined, 'payment_method_data'],
  ])('with %s is refused and never made', async (_, wrong, code, param) => {
    const { client } = await start();
    expect(await refusal(client.paymentIntents.create(order(wrong as object)))).toMatchObject({ statusCode: 400, type: 'StripeInvalidRequestError', code, param });
    expect((await client.paymentIntents.list()).data).toEqual([]);
  });

  test('is refused to whoever has not the key', async () => {
    const { url } = await start();
    expect(await refusal(clientOf(url, 'sk_test_other').paymentIntents.create(order()))).toMatchObject({ statusCode: 401, type: 'StripeAuthenticationError' });
  });

  test('is found by listing and by its metadata', async () => {
    const { client } = await start();
    for (const paymentId of ['pay_1', 'pay_2', 'pay_3']) await client.paymentIntents.create(order({ metadata: { paymentId } }));
    const listed: unknown[] = [];
    for await (const intent of client.paymentIntents.list({ limit: 1, created: { gte: Math.floor(Date.now() / 1_000) - 60 } })) listed.push(intent.metadata['paymentId']);
    expect(listed).toEqual(['pay_3', 'pay_2', 'pay_1']);
    expect((await client.paymentIntents.search({ query: `metadata['paymentId']:'pay_2' AND status:'succeeded'` })).data.map(({ metadata }) => metadata)).toEqual([{ paymentId: 'pay_2' }]);
    expect(await refusal(client.paymentIntents.retrieve('pi_nobody'))).toMatchObject({ statusCode: 404, code: 'resource_missing' });
  });
});

describe('a refund', () => {
  test('gives back no more than was taken', async () => {
    const { client, journal } = await start();
    const { id } = await client.paymentIntents.create(order());
    expect(await client.refunds.create({ payment_intent: id, amount: 1_000, metadata: { refundId: 'ref_1' } })).toMatchObject({ status: 'succeeded', amount: 1_000 });
    expect(await refusal(client.refunds.create({ payment_intent: id, amount: 1_501 }))).toMatchObject({ statusCode: 400, param: 'amount' });
    await client.refunds.create({ payment_intent: id });
    expect(await refusal(client.refunds.create({ payment_intent: id }))).toMatchObject({ statusCode: 400, code: 'charge_already_refunded' });
    expect((await client.refunds.list({ payment_intent: id })).data.map(({ amount }) => amount)).toEqual([1_500, 1_000]);
    expect((await journal()).filter(({ operation }) => operation === 'refund')).toMatchObject([{ amountMinor: 1_000, refundId: 'ref_1' }, { amountMinor: 1_500 }]);
  });
});

describe('a payer who must authenticate', () => {
  const back = 'https://shop.example/back?booking=1';

  test('approves or refuses on a page, and returns to the shop', async () => {
    const { client, journal } = await start();
    const wanting = await client.paymentIntents.create(order({ payment_method: 'pm_card_authenticationRequired', return_url: back, metadata: { paymentId: '<b>"pay"</b>' } }));
    expect(wanting).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: back } } });
    const url = wanting.next_action?.redirect_to_url?.url ?? '';
    const page = await (await fetch(url)).text();
    expect(page).toContain('25.00 EUR');
    expect(page).toContain('&lt;b&gt;&quot;pay&quot;&lt;/b&gt;');
    expect(page).not.toMatch(/<b>|(?:src|href)=/);
    expect((await fetch(url.replace(/client_secret=.*/, 'client_secret=guess'), { method: 'POST', body: new URLSearchParams({ outcome: 'approve' }) })).status).toBe(404);
    const posted = await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome: 'approve' }), redirect: 'manual' });
    expect([posted.status, posted.headers.get('location')]).toEqual([303, `${back}&payment_intent=${wanting.id}&payment_intent_client_secret=${String(wanting.client_secret)}&redirect_status=succeeded`]);
    expect(await client.paymentIntents.retrieve(wanting.id)).toMatchObject({ status: 'succeeded' });
    expect((await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome: 'refuse' }) })).status).toBe(400);

    const other = await client.paymentIntents.create(order({ payment_method: 'pm_card_authenticationRequired', return_url: back }));
    await fetch(other.next_action?.redirect_to_url?.url ?? '', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ outcome: 'refuse' }) });
    expect(await client.paymentIntents.retrieve(other.id)).toMatchObject({ status: 'requires_payment_method', last_payment_error: { code: 'payment_intent_authentication_failure' } });
    expect((await journal()).map(({ status }) => status)).toEqual(['executed', 'declined']);
  });

  test('is a decline when nobody is there', async () => {
    const { client } = await start();
    expect(await refusal(client.paymentIntents.create(order({ payment_method: 'pm_card_authenticationRequired', off_session: true })))).toMatchObject({ statusCode: 402, code: 'authentication_required' });
  });
});

describe('an idempotency key', () => {
  test('gives the first answer again, and executes once', async () => {
    const { client, journal } = await start();
    const first = await client.paymentIntents.create(order(), { idempotencyKey: 'k' });
    const again = await client.paymentIntents.create(order(), { idempotencyKey: 'k' });
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
    expect(await journal()).toHaveLength(1);
    expect(await refusal(client.paymentIntents.create(order({ amount: 2_600 }), { idempotencyKey: 'k' }))).toMatchObject({ statusCode: 400, type: 'StripeIdempotencyError' });
    expect(await refusal(client.refunds.create({ payment_intent: first.id }, { idempotencyKey: 'k' }))).toMatchObject({ type: 'StripeIdempotencyError' });
  });

  test('keeps declines, but not refused parameters, and ends after its life', async () => {
    const { client, journal } = await start({ keyLifeMs: 2_000 });
    const declined = order({ payment_method: 'pm_card_visa_chargeDeclined' });
    for (let time = 0; time < 2; time += 1) await refusal(client.paymentIntents.create(declined, { idempotencyKey: 'd' }));
    expect(await journal()).toHaveLength(1);
    await refusal(client.paymentIntents.create(order({ amount: -1 }), { idempotencyKey: 'v' }));
    expect(await client.paymentIntents.create(order(), { idempotencyKey: 'v' })).toMatchObject({ status: 'succeeded' });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await client.paymentIntents.create(order(), { idempotencyKey: 'v' });
    expect(await journal()).toHaveLength(3);
  });

  test('that is in use is a conflict', async () => {
    const { client, faults } = await start();
    await faults({ kind: 'delay', delayMs: 2_000, times: 1 });
    const slow = client.paymentIntents.create(order(), { idempotencyKey: 'k' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await refusal(client.paymentIntents.create(order(), { idempotencyKey: 'k' }))).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    expect(await slow).toMatchObject({ status: 'succeeded' });
  });
});

describe('a fault', () => {
  test('loses the answer of what was executed', async () => {
    const { client, journal, faults } = await start();
    // On a connection that was idle before, the library itself sends a second time.
    await faults({ kind: 'drop', operation: 'create', times: 2 });
    expect(await refusal(client.paymentIntents.create(order(), { idempotencyKey: 'k' }))).toMatchObject({ type: 'StripeConnectionError' });
    expect(await journal()).toMatchObject([{ operation: 'charge', status: 'executed' }]);
    expect(await client.paymentIntents.create(order(), { idempotencyKey: 'k' })).toMatchObject({ status: 'succeeded' });
    expect(await journal()).toHaveLength(1);
  });

  test('answers 5xx before or after the execution; the latter is what the key keeps', async () => {
    const { client, journal, faults } = await start();
    await faults([{ kind: 'error', times: 1, status: 503 }]);
    expect(await refusal(client.paymentIntents.create(order(), { idempotencyKey: 'k' }))).toMatchObject({ statusCode: 503, type: 'StripeAPIError' });
    expect(await journal()).toEqual([]);
    await faults([{ kind: 'error_after', times: 1 }]);
    for (let time = 0; time < 2; time += 1) expect(await refusal(client.paymentIntents.create(order(), { idempotencyKey: 'k' }))).toMatchObject({ statusCode: 500 });
    expect(await journal()).toHaveLength(1);
    expect((await client.paymentIntents.search({ query: `metadata["paymentId"]:"pay_1"` })).data).toMatchObject([{ status: 'succeeded' }]);
  });

  test('declines, limits, and tells how often it fired', async () => {
    const { url, client, faults } = await start();
    await faults({ seed: 7, faults: [{ kind: 'decline', code: 'lost_card', match: { paymentId: 'pay_1' } }, { kind: 'rate_limit', operation: 'lookup', times: 1 }] });
    expect(await refusal(client.paymentIntents.create(order()))).toMatchObject({ decline_code: 'lost_card' });
    expect(await client.paymentIntents.create(order({ metadata: { paymentId: 'pay_2' } }))).toMatchObject({ status: 'succeeded' });
    expect(await refusal(client.paymentIntents.list())).toMatchObject({ statusCode: 429, type: 'StripeRateLimitError' });
    expect(await (await fetch(`${url}/_faults`)).json()).toMatchObject({ seed: '7', items: [{ kind: 'decline', seen: 1, fired: 1 }, { kind: 'rate_limit', fired: 1 }] });
    expect(await (await fetch(`${url}/_faults`, { method: 'DELETE' })).json()).toEqual({ removed: 2 });
    expect(await client.paymentIntents.list()).toMatchObject({ object: 'list' });
  });

  test('that is not understood is refused with its name', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/_faults`, { method: 'POST', body: JSON.stringify({ kind: 'earthquake' }) });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('kind')]);
  });

  test('with a chance hits the same calls again under the same seed', async () => {
    const pattern = async (seed: string): Promise<boolean[]> => {
      const { client, faults } = await start();
      await faults({ seed, faults: [{ kind: 'error', rate: 0.5 }] });
      const hits: boolean[] = [];
      for (let call = 0; call < 24; call += 1) hits.push(await client.paymentIntents.list().then(() => false, () => true));
      return hits;
    };
    const first = await pattern('a');
    expect(await pattern('a')).toEqual(first);
    expect(await pattern('b')).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([true, false]));
  });
});

describe('an event', () => {
  test('is signed as the vector says', () => {
    expect(signature('{"id":"evt_1"}', ['whsec_test_secret'], 1_700_000_000_500)).toBe('t=1700000000,v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a');
  });

  test('reaches the endpoint with a signature for each secret, and the library accepts it', async () => {
    const hook = await receiver();
    const { client } = await start({ endpoints: [hook.url, { url: hook.url, tenantId: 'shop-b' }], webhookSecrets: ['whsec_old', 'whsec_new'] });
    const { id } = await client.paymentIntents.create(order());
    await client.refunds.create({ payment_intent: id });
    await eventually(() => hook.received.length === 4);
    expect(hook.received.map(({ type }) => type).toSorted()).toEqual(['charge.refunded', 'payment_intent.created', 'payment_intent.succeeded', 'refund.created']);
    for (const { body, signature } of hook.received) for (const secret of ['whsec_old', 'whsec_new']) expect(client.webhooks.constructEvent(body, signature, secret)).toMatchObject({ object: 'event', livemode: false });
    expect(() => client.webhooks.constructEvent(hook.received[0]?.body ?? '', hook.received[0]?.signature ?? '', 'whsec_other')).toThrow();
  });

  test('reaches an endpoint that names types only when it is one of them', async () => {
    const hook = await receiver();
    const { client } = await start({ endpoints: [{ url: hook.url, events: ['refund.created'] }] });
    const { id } = await client.paymentIntents.create(order());
    await client.refunds.create({ payment_intent: id });
    await client.refunds.create({ payment_intent: (await client.paymentIntents.create(order())).id });
    await eventually(() => hook.received.length === 2);
    expect(hook.received.map(({ type }) => type)).toEqual(['refund.created', 'refund.created']);
  });

  test('is sent again until it is accepted', async () => {
    const hook = await receiver((times) => (times < 3 ? 500 : 200));
    const { url, client } = await start({ endpoints: [hook.url], webhookSecrets: ['whsec_a'] }, { webhookRetryDelaysMs: [10, 20, 30] });
    await client.paymentIntents.create(order({ confirm: false }));
    await eventually(() => hook.received.length === 3);
    expect(new Set(hook.received.map(({ id }) => id)).size).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(hook.received).toHaveLength(3);
    expect(await (await fetch(`${url}/_webhooks`)).json()).toMatchObject({ pending: 0, delivered: 1, refused: 2 });
  });

  test('is doubled, shuffled or lost on demand', async () => {
    const hook = await receiver();
    const { client, faults } = await start({ endpoints: [hook.url] });
    await faults([{ kind: 'duplicate_webhooks', copies: 4, windowMs: 50 }, { kind: 'shuffle_webhooks', windowMs: 50 }]);
    await client.paymentIntents.create(order({ confirm: false }));
    await eventually(() => hook.received.length === 5);
    expect(new Set(hook.received.map(({ id }) => id)).size).toBe(1);
    await faults({ kind: 'drop_webhooks' });
    await client.paymentIntents.create(order({ confirm: false }));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(hook.received).toHaveLength(5);
  });

  test('goes to an endpoint made over the API with its own secret, if it wants that type', async () => {
    const hook = await receiver();
    const { client } = await start();
    const { secret } = await client.webhookEndpoints.create({ url: hook.url, enabled_events: ['payment_intent.succeeded'] });
    await client.paymentIntents.create(order());
    await eventually(() => hook.received.length === 1);
    expect(client.webhooks.constructEvent(hook.received[0]?.body ?? '', hook.received[0]?.signature ?? '', secret ?? '').type).toBe('payment_intent.succeeded');
    expect((await client.webhookEndpoints.list()).data[0]?.secret).toBeUndefined();
  });
});

test('a restart keeps payments, keys, journal and undelivered events, and forgets half a line', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-sandbox-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const stateFile = path.join(folder, 'state.jsonl');
  let open = false;
  const hook = await receiver(() => (open ? 200 : 500));
  const settings = [{ endpoints: [hook.url] }, { stateFile, webhookRetryDelaysMs: [60_000] }] as const;
  const before = await start(...settings);
  const { id } = await before.client.paymentIntents.create(order({ capture_method: 'manual' }), { idempotencyKey: 'k' });
  await eventually(() => hook.received.length === 2);
  await before.sandbox.close();
  appendFileSync(stateFile, '[["stripe.intents","pi_half",{"id":');
  open = true;

  const after = await start(...settings);
  expect((await after.client.paymentIntents.create(order({ capture_method: 'manual' }), { idempotencyKey: 'k' })).id).toBe(id);
  expect(await after.client.paymentIntents.capture(id)).toMatchObject({ status: 'succeeded' });
  expect((await after.journal()).map(({ seq, operation }) => [seq, operation])).toEqual([[1, 'authorise'], [2, 'capture']]);
  await eventually(() => hook.received.length === 5);
  expect(readFileSync(stateFile, 'utf8')).not.toContain('pi_half');
});
