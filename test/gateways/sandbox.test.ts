/** The adapters against the sandbox. Its journal says what was really executed, whatever the answers said. */
import '../support/realm.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSandbox, type Sandbox } from '../../sandbox/server.ts';
import type { GatewayName } from '../../contracts/payments/flow.ts';
import type { Charge, Gateway, RefundOrder } from '../../services/payments/gateway.ts';
import { createGateways } from '../../services/payments/index.ts';
import { kindOf, someCharge } from './fake-gateway.ts';

let sandbox: Sandbox;
let url: string;
let gateways: Partial<Record<GatewayName, Gateway>>;
beforeAll(async () => {
  sandbox = buildSandbox({
    stripe: { secretKeys: ['sk_test_1'], searchLagMs: 60_000 },
    gopay: { goid: '8123456789', clientId: 'id', clientSecret: 'secret' },
    paytm: { mid: 'MID1', merchantKey: '0123456789abcdef', refundDelayMs: 0 },
  });
  url = await sandbox.listen();
  const shop = (): string => 'https://shop.example/back';
  gateways = createGateways({
    stripe: { secretKey: 'sk_test_1', apiBase: url, webhookSecrets: [], returnUrl: shop, timeoutMs: 3_000 },
    gopay: { apiBase: `${url}/gopay/api`, goid: '8123456789', clientId: 'id', clientSecret: 'secret', returnUrl: shop, notificationUrl: () => `${url}/nobody`, timeoutMs: 3_000, refundSettleMs: 0 },
    paytm: { apiBase: `${url}/paytm`, mid: 'MID1', merchantKeys: ['0123456789abcdef'], website: 'WEBSTAGING', callbackUrl: shop, pageUrl: () => `${url}/paytm/theia/api/v1/showPaymentPage?mid=MID1`, timeoutMs: 3_000 },
  });
});
afterEach(async () => { await fetch(`${url}/_faults`, { method: 'DELETE' }); });
afterAll(async () => await sandbox.close());

const post = async (address: string, body: unknown): Promise<void> => {
  const answer = await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`);
};
const fault = async (kind: string, operation: string, more: Record<string, unknown> = {}): Promise<void> => await post(`${url}/_faults`, { faults: [{ kind, operation, times: 1, ...more }] });
const executed = async (paymentId: string): Promise<string[]> => {
  const { items } = (await (await fetch(`${url}/_journal?paymentId=${paymentId}`)).json()) as { items: { operation: string; amountMinor: number; status: string }[] };
  return items.filter(({ status }) => status === 'executed').map(({ operation, amountMinor }) => `${operation} ${amountMinor}`);
};
const gatewayOf = (name: GatewayName): Gateway => {
  const gateway = gateways[name];
  if (gateway === undefined) throw new Error(`no ${name}`);
  return gateway;
};
let made = 0;
const fresh = (changes: Partial<Charge> = {}): Charge => someCharge({ paymentId: `pay_${(made += 1)}`, ...changes });
const withRef = async (gateway: Gateway, charge: Charge): Promise<Charge & { readonly gatewayRef: string }> => {
  const state = await gateway.authorise(charge);
  if (state.state === 'absent' || state.gatewayRef === undefined) throw new Error('it has no id');
  return { ...charge, gatewayRef: state.gatewayRef };
};
const refundOf = (charge: Charge & { readonly gatewayRef: string }, amountMinor: number, changes: Partial<RefundOrder> = {}): RefundOrder => ({ refundId: `ref_${(made += 1)}`, amountMinor, charge, createdAt: new Date(), ...changes });

describe('Stripe', () => {
  test('held, taken, given back in part, and listed so', async () => {
    const stripe = gatewayOf('stripe');
    const charge = await withRef(stripe, fresh({ capture: 'manual' }));
    expect(await stripe.lookUp(charge)).toMatchObject({ state: 'authorised', amountMinor: 12_345, currency: 'EUR' });
    expect(await stripe.capture(charge)).toMatchObject({ state: 'captured', capturedMinor: 12_345 });
    expect(await stripe.cancel(charge)).toMatchObject({ state: 'captured' });
    const order = refundOf(charge, 345);
    expect(await stripe.refund(order)).toMatchObject({ state: 'succeeded', amountMinor: 345 });
    expect(await stripe.refund(order)).toMatchObject({ state: 'succeeded' });
    expect(await stripe.lookUp(charge)).toMatchObject({ state: 'captured', refundedMinor: 345 });
    const listed = [];
    for await (const item of stripe.list?.(new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)) ?? []) listed.push(item);
    expect(listed).toContainEqual(expect.objectContaining({ paymentId: charge.paymentId, tenantId: 'shop-a', state: expect.objectContaining({ state: 'captured', refundedMinor: 345 }) }));
    expect(await executed(charge.paymentId)).toEqual(['authorise 12345', 'capture 12345', 'refund 345']);
  });

  test.each([['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'], ['pm_card_chargeDeclinedExpiredCard', 'card_expired'], ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc']])('%s fails with %s, also when it is repeated or looked up', async (method, code) => {
    const stripe = gatewayOf('stripe');
    const charge = fresh({ method });
    for (const call of ['authorise', 'authorise', 'lookUp'] as const) expect(await stripe[call](charge)).toMatchObject({ state: 'failed', decline: { code } });
    expect(await executed(charge.paymentId)).toEqual([]);
  });

  test('a payer who has to act gets a page', async () => {
    expect(await gatewayOf('stripe').authorise(fresh({ method: 'pm_card_authenticationRequired' }))).toMatchObject({ state: 'open', redirectUrl: expect.stringContaining('/stripe/pay/') });
  });

  test.each(['drop', 'error_after'])('executed, but lost by %s: found before the search knows it, and taken once', async (kind) => {
    const stripe = gatewayOf('stripe');
    const charge = fresh();
    await fault(kind, 'authorise');
    expect(await kindOf(stripe.authorise(charge))).toBe('unknown');
    // A stored 500 is answered again under the same key; the look-up knows better.
    expect(await stripe.lookUp(charge)).toMatchObject({ state: 'captured', capturedMinor: 12_345 });
    if (kind === 'error_after') expect(await kindOf(stripe.authorise(charge))).toBe('unknown');
    else expect(await stripe.authorise(charge)).toMatchObject({ state: 'captured' });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345']);
  });

  test('not executed: absent, and a repeat goes through', async () => {
    const stripe = gatewayOf('stripe');
    const charge = fresh();
    await fault('rate_limit', 'authorise');
    expect(await kindOf(stripe.authorise(charge))).toBe('busy');
    expect(await stripe.lookUp(charge)).toEqual({ state: 'absent' });
    expect(await stripe.authorise(charge)).toMatchObject({ state: 'captured' });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345']);
  });

  test('a lost refund is found by our id and not made twice', async () => {
    const stripe = gatewayOf('stripe');
    const charge = await withRef(stripe, fresh());
    const order = refundOf(charge, 345);
    await fault('drop', 'refund');
    expect(await kindOf(stripe.refund(order))).toBe('unknown');
    expect(await stripe.lookUpRefund(order)).toMatchObject({ state: 'succeeded' });
    expect(await stripe.lookUpRefund(refundOf(charge, 345))).toEqual({ state: 'absent' });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345', 'refund 345']);
  });
});

describe('GoPay', () => {
  const czk = { currency: 'CZK', method: '' } as const;
  const pays = async ({ gatewayRef }: { readonly gatewayRef: string }, outcome: string): Promise<void> => await post(`${url}/gopay/pay/${gatewayRef}`, { outcome });

  test('paid, and given back in two equal parts that are told apart', async () => {
    const gopay = gatewayOf('gopay');
    const charge = await withRef(gopay, fresh(czk));
    expect(await gopay.lookUp(charge)).toMatchObject({ state: 'open', redirectUrl: expect.stringContaining('/gopay/pay/') });
    await pays(charge, 'paid');
    expect(await gopay.lookUp(charge)).toMatchObject({ state: 'captured', capturedMinor: 12_345, refundedMinor: 0 });
    const first = await gopay.refund(refundOf(charge, 300));
    if (first.state !== 'succeeded') throw new Error(first.state);
    const second = refundOf(charge, 300, { otherRefs: [first.gatewayRef] });
    expect(await gopay.lookUpRefund(second)).toEqual({ state: 'absent' });
    await fault('drop', 'refund');
    expect(await kindOf(gopay.refund(second))).toBe('unknown');
    expect(await gopay.lookUpRefund(second)).toMatchObject({ state: 'succeeded' });
    expect(await gopay.refund(second)).toMatchObject({ state: 'succeeded' });
    expect(await gopay.lookUp(charge)).toMatchObject({ state: 'captured', refundedMinor: 600 });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345', 'refund 300', 'refund 300']);
  });

  test('held, then taken or given up; a lost capture is found', async () => {
    const gopay = gatewayOf('gopay');
    const taken = await withRef(gopay, fresh({ ...czk, capture: 'manual' }));
    await pays(taken, 'authorised');
    expect(await gopay.lookUp(taken)).toMatchObject({ state: 'authorised' });
    await fault('drop', 'capture');
    expect(await kindOf(gopay.capture(taken))).toBe('unknown');
    expect(await gopay.capture(taken)).toMatchObject({ state: 'captured' });
    expect(await executed(taken.paymentId)).toEqual(['authorise 12345', 'capture 12345']);
    const freed = await withRef(gopay, fresh({ ...czk, capture: 'manual' }));
    await pays(freed, 'authorised');
    expect(await gopay.cancel(freed)).toMatchObject({ state: 'failed', decline: { code: 'cancelled' } });
    expect(await gopay.cancel(freed)).toMatchObject({ state: 'failed' });
  });

  test.each([['_5006', 'insufficient_funds'], ['canceled', 'payer_cancelled'], ['timeouted', 'payer_timed_out']])('%s fails with %s', async (outcome, code) => {
    const gopay = gatewayOf('gopay');
    const charge = await withRef(gopay, fresh(czk));
    await pays(charge, outcome);
    expect(await gopay.lookUp(charge)).toMatchObject({ state: 'failed', decline: { code } });
  });
});

describe('Paytm', () => {
  const inr = { currency: 'INR', method: '' } as const;
  const begun = async (charge: Charge): Promise<string> => {
    const state = await gatewayOf('paytm').authorise(charge);
    if (state.state !== 'open' || state.redirectUrl === undefined) throw new Error(state.state);
    return state.redirectUrl;
  };

  test('paid and given back, with a lost refund found by our id', async () => {
    const paytm = gatewayOf('paytm');
    const charge = fresh(inr);
    expect(await paytm.lookUp(charge)).toEqual({ state: 'absent' });
    const redirectUrl = await begun(charge);
    const known = { ...charge, gatewayRef: charge.paymentId };
    expect(await paytm.lookUp(known)).toMatchObject({ state: 'open' });
    await post(redirectUrl, { outcome: 'success' });
    expect(await paytm.lookUp(known)).toMatchObject({ state: 'captured', amountMinor: 12_345, currency: 'INR', capturedMinor: 12_345 });
    const order = refundOf(known, 345);
    expect(await paytm.lookUpRefund(order)).toEqual({ state: 'absent' });
    await fault('drop', 'refund');
    expect(await kindOf(paytm.refund(order))).toBe('unknown');
    expect(await paytm.lookUpRefund(order)).toMatchObject({ state: expect.stringMatching(/open|succeeded/), amountMinor: 345 });
    expect(await paytm.refund(order)).toMatchObject({ state: expect.stringMatching(/open|succeeded/) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await paytm.lookUpRefund(order)).toMatchObject({ state: 'succeeded' });
    expect(await paytm.lookUp(known)).toMatchObject({ state: 'captured', refundedMinor: 345 });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345', 'refund 345']);
  });

  test.each([['failure', '235', 'failed', 'insufficient_funds'], ['failure', '227', 'failed', 'card_declined'], ['pending', undefined, 'open', undefined]])('%s %s is %s', async (outcome, code, state, decline) => {
    const charge = fresh(inr);
    await post(await begun(charge), { outcome, code });
    expect(await gatewayOf('paytm').lookUp({ ...charge, gatewayRef: charge.paymentId })).toMatchObject({ state, ...(decline !== undefined && { decline: { code: decline, gatewayCode: code } }) });
  });

  test('an order that was not answered is absent, and can be begun again', async () => {
    const paytm = gatewayOf('paytm');
    const charge = fresh(inr);
    await fault('drop', 'create');
    expect(await kindOf(paytm.authorise(charge))).toBe('unknown');
    expect(await paytm.lookUp(charge)).toEqual({ state: 'absent' });
    await post(await begun(charge), { outcome: 'success' });
    expect(await executed(charge.paymentId)).toEqual(['charge 12345']);
  });
});
