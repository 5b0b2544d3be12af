/** What PostgreSQL cannot keep, in what a gateway answers: a payment must not hang on a word that stands beside its money. */
import '../support/realm.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newPaymentId } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { findPayment, toCharge } from '../../services/database/payments/queries.ts';
import { failPayment, recordCharge } from '../../services/database/payments/record.ts';
import { recordRefund, requestRefund } from '../../services/database/payments/refunds.ts';
import { selectPayment } from '../../services/database/payments/rows.ts';
import type { Charge, Gateway } from '../../services/payments/gateway.ts';
import { createGateways } from '../../services/payments/index.ts';
import { sign } from '../../services/payments/paytm/signature.ts';
import { createTenant, openTestDatabase, someRoom } from '../support/database.ts';
import { heldBooking, made } from '../support/sales.ts';
import { errorOf, startFakeGateway, type FakeGateway } from './fake-gateway.ts';

const shop = (): string => 'https://shop.example/back';
const key = '0123456789abcdef';
/** A NUL, and half of a character. */
const odd = 'odd \u0000 \ud83d';
const kept = 'odd \ufffd \ufffd';

let databases: Databases;
let fake: FakeGateway;
let gateways: ReturnType<typeof createGateways>;
const tenantId = `odd-${randomUUID().slice(0, 8)}`;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
beforeEach(async () => {
  fake = await startFakeGateway();
  gateways = createGateways({
    stripe: { secretKey: 'sk_test_1', apiBase: fake.url, webhookSecrets: [], returnUrl: shop },
    gopay: { apiBase: `${fake.url}/api`, goid: '8123456789', clientId: 'id', clientSecret: 'secret', returnUrl: shop, notificationUrl: shop, refundSettleMs: 0 },
    paytm: { apiBase: fake.url, mid: 'MID1', merchantKeys: [key], website: 'WEBSTAGING', callbackUrl: shop, pageUrl: shop },
  });
});
afterEach(async () => await fake.stop());
afterAll(async () => await databases.close());

async function begun(name: 'stripe' | 'gopay' | 'paytm'): Promise<{ gateway: Gateway; charge: Charge; ref: { tenantId: string; paymentId: string } }> {
  const ref = { tenantId, paymentId: newPaymentId() };
  const gateway = gateways[name];
  if (gateway === undefined) throw new Error(`no ${name}`);
  made(await beginPayment(databases.write, ref, { subject: await heldBooking(databases, tenantId, { ...someRoom, currency: 'INR' }), gateway: name, method: 'pm', capture: 'automatic' }));
  const row = await selectPayment(databases.write, tenantId, ref.paymentId);
  if (row === undefined) throw new Error('no row');
  return { gateway, charge: toCharge(row), ref };
}

/** What is written down of an answer, beside the money. */
const answerOf = async (paymentId: string): Promise<unknown> => (await selectPayment(databases.write, tenantId, paymentId))?.gateway_answer;
const intentOf = ({ paymentId, amountMinor }: Charge): Record<string, unknown> => ({
  id: `pi_${paymentId}`, object: 'payment_intent', amount: amountMinor, amount_received: amountMinor, currency: 'inr', status: 'succeeded', capture_method: odd, created: 1, livemode: false,
  latest_charge: { id: 'ch_1', amount_refunded: 0 }, metadata: { paymentId },
});

describe('money that was taken is written down', () => {
  test('at Stripe', async () => {
    const { gateway, charge, ref } = await begun('stripe');
    fake.answer({ json: intentOf(charge) });
    expect(await recordCharge(databases.write, ref, await gateway.authorise(charge), new Date())).toMatchObject({ status: 'captured', captured: charge.amountMinor });
    expect(await answerOf(ref.paymentId)).toMatchObject({ capture_method: kept });
  });

  test('at GoPay, and so is what is given back', async () => {
    const { gateway, charge, ref } = await begun('gopay');
    const id = Date.now();
    fake.answer(({ path }) => (path.endsWith('/token') ? { json: { access_token: 't', expires_in: 1_800 } } : path.endsWith('/refunds') ? { json: [{ id: 1, state: 'SUCCESS', amount: charge.amountMinor, currency: odd }] } : { json: { id, order_number: charge.paymentId, state: 'PAID', amount: charge.amountMinor, currency: 'INR', payment_instrument: odd } }));
    expect(await recordCharge(databases.write, ref, await gateway.lookUp({ ...charge, gatewayRef: String(id) }), new Date())).toMatchObject({ status: 'captured' });
    expect(await answerOf(ref.paymentId)).toMatchObject({ payment_instrument: kept });
    const refund = made(await requestRefund(databases.write, ref, { refundId: `rfd_${ref.paymentId}` }));
    const state = await gateway.refund({ refundId: refund.id, amountMinor: refund.amount, charge: { ...charge, gatewayRef: String(id) }, createdAt: new Date() });
    expect(await recordRefund(databases.write, ref, refund.id, state)).toMatchObject({ status: 'succeeded' });
  });

  test('at Paytm, whose words are cut in the middle of a character', async () => {
    const { gateway, charge, ref } = await begun('paytm');
    const body = JSON.stringify({ resultInfo: { resultStatus: 'TXN_SUCCESS', resultCode: '01', resultMsg: `${'x'.repeat(299)}😀` }, orderId: charge.paymentId, txnId: 'T1', bankTxnId: odd, txnAmount: (charge.amountMinor / 100).toFixed(2) });
    fake.answer({ text: `{"head":{"signature":${JSON.stringify(await sign(body, key))}},"body":${body}}` });
    expect(await recordCharge(databases.write, ref, await gateway.lookUp(charge), new Date())).toMatchObject({ status: 'captured' });
    expect(await answerOf(ref.paymentId)).toMatchObject({ bankTxnId: kept, resultMsg: `${'x'.repeat(299)}\ufffd` });
  });
});

test('a decline and a refusal are written down with their words', async () => {
  const { gateway, charge, ref } = await begun('stripe');
  fake.answer({ status: 402, json: { error: { type: 'card_error', code: 'card_declined', decline_code: odd, message: odd } } });
  expect(await recordCharge(databases.write, ref, await gateway.authorise(charge), new Date())).toMatchObject({ status: 'failed', failure: { code: 'card_declined', gatewayCode: kept, message: kept } });

  const other = await begun('stripe');
  fake.answer({ status: 400, json: { error: { type: 'invalid_request_error', code: odd, message: odd } } });
  const { message, gatewayCode } = await errorOf(other.gateway.authorise(other.charge));
  expect(gatewayCode).toBe(kept);
  expect(await failPayment(databases.write, other.ref, 'gateway_refused', message)).toMatchObject({ status: 'failed', failure: { message: expect.stringContaining(kept) } });
  expect(await findPayment(databases.write, tenantId, other.ref.paymentId)).toMatchObject({ status: 'failed' });
});

test('what a gateway lists of strangers can be looked for', async () => {
  const { gateway, charge } = await begun('stripe');
  fake.answer({ json: { object: 'list', url: '/v1/payment_intents', has_more: false, data: [{ ...intentOf(charge), metadata: { paymentId: odd, tenantId: odd } }] } });
  const listed = [];
  for await (const one of gateway.list?.(new Date(0), new Date()) ?? []) listed.push(one);
  expect(listed).toMatchObject([{ paymentId: kept, tenantId: kept, state: { state: 'captured' } }]);
});
