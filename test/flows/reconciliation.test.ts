import '../support/realm.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'kysely';
import { createReconciliationActivities, type ReconciliationActivities } from '../../activities/reconciliation.ts';
import { newPaymentId, newRefundId } from '../../client/index.ts';
import type { GatewayName } from '../../contracts/payments/flow.ts';
import type { CaseView, Tally } from '../../contracts/reconciliation.ts';
import type { Databases } from '../../services/database/connection.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { toCharge } from '../../services/database/payments/queries.ts';
import { markUndecided, recordCharge } from '../../services/database/payments/record.ts';
import { selectPayment } from '../../services/database/payments/rows.ts';
import { recordRefund, requestRefund } from '../../services/database/payments/refunds.ts';
import { listCases } from '../../services/database/reconciliation/cases.ts';
import { withAddresses } from '../../services/payments/addresses.ts';
import { GatewayError, type ChargeState, type Gateway } from '../../services/payments/gateway.ts';
import { createGateways } from '../../services/payments/index.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { heldBooking, made } from '../support/sales.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

const hourMs = 3_600_000;
const room = { kind: 'room', name: 'Room', price: 3_000, currency: 'EUR' } as const;
const indian = { ...room, currency: 'INR' } as const;

let databases: Databases;
let sandbox: TestSandbox;
let gateways: Partial<Record<GatewayName, Gateway>>;
let tenantId: string;
let told: string[];
beforeAll(async () => {
  databases = await openTestDatabase();
  sandbox = await startTestSandbox();
  gateways = createGateways(withAddresses(sandbox.accounts, 'http://127.0.0.1:9'));
});
afterAll(async () => {
  await sandbox.close();
  await databases.close();
});
// Each test has a shop of its own, so that one never sees another's cases.
beforeEach(async () => {
  tenantId = `rec-${randomUUID().slice(0, 8)}`;
  told = [];
  await createTenant(databases, tenantId);
  await sandbox.clearFaults();
});

const gatewayOf = (name: GatewayName): Gateway => {
  const gateway = gateways[name];
  if (gateway === undefined) throw new Error(`${name} is not set up`);
  return gateway;
};

/** A payment, begun with us and sent; what the gateway answered is written down unless it got lost. */
async function pay(gateway: GatewayName, { recorded = true, method = gateway === 'stripe' ? 'pm_card_visa' : '' } = {}): Promise<string> {
  const paymentId = newPaymentId();
  const ref = { tenantId, paymentId };
  const subject = await heldBooking(databases, tenantId, gateway === 'paytm' ? indian : room);
  made(await beginPayment(databases.write, ref, { subject, gateway, method, capture: 'automatic' }, new Date()));
  const state = await gatewayOf(gateway).authorise(await chargeOf(paymentId));
  if (recorded) made(await recordCharge(databases.write, ref, state, new Date()));
  else made(await markUndecided(databases.write, ref, 'unknown'));
  return paymentId;
}

async function chargeOf(paymentId: string) {
  const row = await selectPayment(databases.write, tenantId, paymentId);
  if (row === undefined) throw new Error(`no payment ${paymentId}`);
  return toCharge(row);
}

/** Both sides as they would be some minutes later: the sandbox's list goes by its own clock, so only ours is set back. */
const later = async (minutes = 5): Promise<void> =>
  void (await sql`UPDATE payments SET created_at = created_at - ${minutes} * interval '1 minute', updated_at = updated_at - ${minutes} * interval '1 minute', pay_by = pay_by - ${minutes} * interval '1 minute' WHERE tenant_id = ${tenantId}`.execute(databases.write));
const pokedLongAgo = async (): Promise<void> => void (await sql`UPDATE reconciliation_marks SET poked_at = poked_at - interval '3 minutes' WHERE tenant_id = ${tenantId}`.execute(databases.write));

const activities = (of = gateways): ReconciliationActivities =>
  createReconciliationActivities({ databases, gateways: of, tellPayment: async (_tenant, paymentId) => void (await Promise.resolve(told.push(paymentId))) });

async function compare(gateway: GatewayName, { of = gateways, heartbeatDetails, from = Date.now() - hourMs }: { of?: typeof gateways; heartbeatDetails?: unknown; from?: number } = {}): Promise<Tally> {
  const environment = new MockActivityEnvironment({ heartbeatDetails }, { logger: new DefaultLogger('ERROR', () => undefined) });
  return await environment.run(async () => await activities(of).compareWithGateway({ gateway, tenantId, fromMs: from, toMs: Date.now() }));
}
const cases = async (): Promise<readonly CaseView[]> => (await listCases(databases.write, tenantId, { limit: 200 })).items;

test('payments that are in order at all three gateways make no case', async () => {
  await pay('stripe');
  await pay('gopay');
  await pay('paytm');
  // The pages are open, and the payers have time.
  await later();
  for (const gateway of ['stripe', 'gopay', 'paytm'] as const) expect(await compare(gateway)).toMatchObject({ compared: 1, opened: 0, poked: 0, unanswered: 0 });
  expect([await cases(), told]).toEqual([[], []]);
});

test('a payment younger than two minutes is left to the next run', async () => {
  await pay('stripe');
  expect(await compare('stripe')).toMatchObject({ compared: 0 });
});

test('an answer that got lost is first for the flow, then a case, and the case ends when the flow has found out', async () => {
  const paymentId = await pay('stripe', { recorded: false });
  await later();
  expect(await compare('stripe')).toMatchObject({ poked: 1, opened: 0 });
  expect([told, await cases()]).toEqual([[paymentId], []]);
  // A second run right after it leaves the flow its time.
  expect(await compare('stripe')).toMatchObject({ poked: 0, opened: 0 });

  await pokedLongAgo();
  expect(await compare('stripe')).toMatchObject({ poked: 1, opened: 1 });
  expect(await cases()).toMatchObject([{ kind: 'state_differs', paymentId, status: 'open', evidence: { ours: { state: 'unknown', ledger: 0 }, theirs: { state: 'captured', captured: 9_000 } } }]);

  made(await recordCharge(databases.write, { tenantId, paymentId }, await gatewayOf('stripe').lookUp(await chargeOf(paymentId)), new Date()));
  await later();
  expect(await compare('stripe')).toMatchObject({ resolved: 1, opened: 0 });
  expect(await cases()).toMatchObject([{ status: 'resolved', resolvedBy: 'reconciliation', evidence: { ours: { state: 'unknown' } } }]);
});

test('an unknown payment that the gateway has never heard of is raised when nobody goes on with it', async () => {
  const paymentId = newPaymentId();
  made(await beginPayment(databases.write, { tenantId, paymentId }, { subject: await heldBooking(databases, tenantId, room), gateway: 'stripe', method: 'pm_card_visa', capture: 'automatic' }, new Date()));
  made(await markUndecided(databases.write, { tenantId, paymentId }, 'unknown'));
  await later(20);
  expect(await compare('stripe')).toMatchObject({ poked: 1, opened: 0 });
  await pokedLongAgo();
  await compare('stripe');
  expect(await cases()).toMatchObject([{ kind: 'stuck', paymentId, evidence: { theirs: { state: 'absent' } } }]);
});

test('a payment that the gateway has lost, or never had, is a case', async () => {
  const paymentId = await pay('stripe');
  await sql`UPDATE payments SET gateway_ref = NULL WHERE id = ${paymentId}`.execute(databases.write);
  const forgetful: Gateway = { ...gatewayOf('stripe'), lookUp: async () => await Promise.resolve({ state: 'absent' }), list: async function* () { /* nothing */ } };
  await later();
  await compare('stripe', { of: { stripe: forgetful } });
  expect(await cases()).toMatchObject([{ kind: 'missing_there', paymentId, evidence: { ours: { state: 'captured', captured: 9_000 }, theirs: { state: 'absent' } } }]);
});

test('money that we have by an id which the gateway has never heard of is a case', async () => {
  const paymentId = await pay('stripe');
  await later();
  const elsewhere: Gateway = { ...gatewayOf('stripe'), lookUp: async () => await Promise.reject(new GatewayError('stripe', 'final', 'resource_missing', 'No such payment_intent')), list: async function* () { /* nothing */ } };
  await compare('stripe', { of: { stripe: elsewhere } });
  expect(await cases()).toMatchObject([{ kind: 'missing_there', paymentId }]);
});

test('a gateway that has taken money and is not set up any more is not passed over', async () => {
  await pay('gopay');
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
  const { stripe } = gateways;
  const plan: unknown = await environment.run(async () => await activities(stripe === undefined ? {} : { stripe }).beginReconciliation(randomUUID(), tenantId));
  expect(plan).toMatchObject({ gateways: ['stripe', 'gopay'] });
});

test("a charge that was made behind our back is a case of its shop, and ends when the money has gone back", async () => {
  const made = { gatewayRef: `pi_${randomUUID()}`, amountMinor: 4_200, currency: 'EUR', answer: {}, state: 'captured' as const, capturedMinor: 4_200 };
  let refundedMinor = 0;
  const listing: Gateway = {
    ...gatewayOf('stripe'),
    list: async function* () {
      yield* await Promise.resolve([
        { paymentId: undefined, tenantId, state: { ...made, refundedMinor } },
        { paymentId: undefined, tenantId, state: { state: 'open' as const, gatewayRef: `pi_${randomUUID()}`, amountMinor: 1, currency: 'EUR', answer: {} } },
        // Of nobody that we know: told in the tally of a run for all shops only.
        { paymentId: undefined, tenantId: 'nobody', state: { ...made, gatewayRef: `pi_${randomUUID()}`, refundedMinor } },
      ]);
    },
  };
  await compare('stripe', { of: { stripe: listing } });
  await compare('stripe', { of: { stripe: listing } });
  expect(await cases()).toMatchObject([{ kind: 'missing_here', gatewayRef: made.gatewayRef, status: 'open', evidence: { theirs: { state: 'captured', captured: 4_200, refunded: 0 } } }]);
  expect((await cases())[0]?.evidence.ours).toBeUndefined();
  refundedMinor = 4_200;
  expect(await compare('stripe', { of: { stripe: listing } })).toMatchObject({ resolved: 1 });
  expect(await cases()).toMatchObject([{ status: 'resolved' }]);
});

test('a second charge for one payment is found, though the first is in order', async () => {
  const paymentId = await pay('stripe');
  const second = { gatewayRef: `pi_${randomUUID()}`, amountMinor: 9_000, currency: 'EUR', answer: {}, state: 'captured' as const, capturedMinor: 9_000, refundedMinor: 0 };
  const stripe = gatewayOf('stripe');
  const doubled: Gateway = {
    ...stripe,
    list: async function* () {
      yield { paymentId, tenantId, state: await stripe.lookUp(await chargeOf(paymentId)) };
      yield { paymentId, tenantId, state: second };
    },
  };
  await later();
  await compare('stripe', { of: { stripe: doubled } });
  expect(await cases()).toMatchObject([{ kind: 'missing_here', paymentId, gatewayRef: second.gatewayRef }]);
});

test('a gateway that is away fails the attempt, and the next goes on where it stopped', async () => {
  for (let made = 0; made < 6; made += 1) await pay('gopay');
  await later();
  let asked = 0;
  const gopay = gatewayOf('gopay');
  const away: Gateway = { ...gopay, lookUp: async () => await Promise.reject(new GatewayError('gopay', 'unavailable', '503', 'away')) };
  await expect(compare('gopay', { of: { gopay: away } })).rejects.toMatchObject({ type: 'gateway_unavailable' });

  const counting: Gateway = { ...gopay, lookUp: async (charge) => { asked += 1; return await gopay.lookUp(charge); } };
  const ids = (await databases.write.selectFrom('payments').select('id').where('tenant_id', '=', tenantId).orderBy('id').execute()).map(({ id }) => id);
  const cursor = { listedToMs: Date.now(), after: { tenantId, paymentId: ids[3] }, tally: { compared: 4, opened: 0, resolved: 0, poked: 0, unanswered: 0, unattributed: 0 } };
  expect(await compare('gopay', { of: { gopay: counting }, heartbeatDetails: cursor })).toMatchObject({ compared: 6 });
  expect(asked).toBe(2);
});

test('one payment that the gateway will not speak of does not hold up the others', async () => {
  const bad = await pay('gopay');
  await pay('gopay');
  await later();
  const gopay = gatewayOf('gopay');
  const shy: Gateway = { ...gopay, lookUp: async (charge) => (charge.paymentId === bad ? await Promise.reject(new GatewayError('gopay', 'final', '404', 'no')) : await gopay.lookUp(charge)) };
  expect(await compare('gopay', { of: { gopay: shy } })).toMatchObject({ compared: 2, unanswered: 1 });
  expect(await cases()).toEqual([]);
});

test('a gateway that will not say ends no case that was opened when it did', async () => {
  const paymentId = await pay('gopay');
  await later(60);
  const gopay = gatewayOf('gopay');
  const other: Gateway = { ...gopay, lookUp: async (charge) => ({ ...(await gopay.lookUp(charge)), amountMinor: 1 }) as ChargeState };
  await compare('gopay', { of: { gopay: other } });
  expect(await cases()).toMatchObject([{ kind: 'amount_differs', paymentId, status: 'open' }]);
  const silent: Gateway = { ...gopay, lookUp: async () => await Promise.reject(new GatewayError('gopay', 'final', '403', 'no')) };
  // It is found to be stuck, too, so its flow is told to ask.
  expect(await compare('gopay', { of: { gopay: silent } })).toMatchObject({ compared: 1, unanswered: 1, poked: 1, resolved: 0 });
  expect(await cases()).toMatchObject([{ kind: 'amount_differs', status: 'open' }]);
  expect(await compare('gopay')).toMatchObject({ compared: 1, unanswered: 0, resolved: 1 });
});

describe('what was given back', () => {
  /** Of a card payment made days before the time that the run looks back to. */
  async function asked(amountMinor: number): Promise<{ paymentId: string; refundId: string; from: number }> {
    const paymentId = await pay('stripe');
    const { id: refundId } = made(await requestRefund(databases.write, { tenantId, paymentId }, { refundId: newRefundId(), amountMinor }));
    await sql`UPDATE payments SET status = 'settled' WHERE id = ${paymentId}`.execute(databases.write);
    await later(2 * 24 * 60);
    return { paymentId, refundId, from: Date.now() };
  }

  test('and has not been done for ten days is a case, until it is', async () => {
    const { paymentId, refundId, from } = await asked(500);
    await sql`UPDATE refunds SET created_at = created_at - interval '9 days' WHERE tenant_id = ${tenantId}`.execute(databases.write);
    expect(await compare('stripe', { from })).toMatchObject({ compared: 0 });
    await sql`UPDATE refunds SET created_at = created_at - interval '1 day' WHERE tenant_id = ${tenantId}`.execute(databases.write);
    expect(await compare('stripe', { from })).toMatchObject({ compared: 1, opened: 1 });
    expect(await cases()).toMatchObject([{ kind: 'stuck', paymentId, status: 'open' }]);

    const { gatewayRef = '', ...charge } = await chargeOf(paymentId);
    made(await recordRefund(databases.write, { tenantId, paymentId }, refundId, await gatewayOf('stripe').refund({ refundId, amountMinor: 500, charge: { ...charge, gatewayRef }, createdAt: new Date() })));
    await later();
    expect(await compare('stripe', { from })).toMatchObject({ compared: 1, resolved: 1 });
  });

  test('and is told much later not to have arrived is a case', async () => {
    const { paymentId, refundId } = await asked(9_000);
    made(await recordRefund(databases.write, { tenantId, paymentId }, refundId, { state: 'succeeded', gatewayRef: `re_${refundId}`, amountMinor: 9_000, answer: {} }));
    await later(2 * 24 * 60);
    const from = Date.now();
    expect(await compare('stripe', { from })).toMatchObject({ compared: 0 });
    await databases.write.insertInto('inbound_webhooks').values({ tenant_id: tenantId, gateway: 'stripe', event_id: `evt_${refundId}`, type: 'refund.failed', payment_id: paymentId, payload: '{}', processed_at: new Date() }).execute();
    expect(await compare('stripe', { from })).toMatchObject({ compared: 1, opened: 1 });
    expect(await cases()).toMatchObject([{ kind: 'refund_differs', paymentId, evidence: { ours: { state: 'refunded', refunded: 9_000 }, theirs: { refunded: 0 } } }]);
  });
});
