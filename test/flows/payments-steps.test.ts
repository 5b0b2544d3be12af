/** The steps of a payment by themselves, with a gateway that does what the test says: what is asked before what is sent. */
import '../support/realm.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'kysely';
import { createPaymentActivities, type PaymentActivities } from '../../activities/payments.ts';
import { newPaymentId, newPurchaseId, newRefundId } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { releaseBooking } from '../../services/database/bookings/transitions.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { findPayment } from '../../services/database/payments/queries.ts';
import { failPayment, recordCharge } from '../../services/database/payments/record.ts';
import { markRefundSent, recordRefund, requestRefund, selectRefund } from '../../services/database/payments/refunds.ts';
import { createPurchase } from '../../services/database/purchases/create.ts';
import { GatewayError, type ChargeState, type Gateway, type RefundOrder, type RefundState } from '../../services/payments/gateway.ts';
import { createTenant, openTestDatabase, someCar } from '../support/database.ts';
import { heldBooking, made } from '../support/sales.ts';

const tenantId = `steps-${randomUUID().slice(0, 8)}`;
const amountMinor = 27_000;

let databases: Databases;
let asked: string[];
let says: { charge: ChargeState; refund: (order: RefundOrder) => RefundState; lookUpRefund: (order: RefundOrder) => RefundState };
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
afterAll(async () => await databases.close());
beforeEach(() => {
  asked = [];
  says = { charge: { state: 'absent' }, refund: () => ({ state: 'absent' }), lookUpRefund: () => ({ state: 'absent' }) };
});

const saying = <Answer>(what: string, answer: () => Answer) => async (): Promise<Answer> => {
  asked.push(what);
  return await Promise.resolve(answer());
};
const gateway: Gateway = {
  name: 'gopay',
  authorise: saying('authorise', () => says.charge),
  capture: saying('capture', () => says.charge),
  cancel: saying('cancel', (): ChargeState => ({ state: 'failed', decline: { code: 'cancelled', gatewayCode: 'CANCELED', message: 'Given up.' }, answer: {} })),
  lookUp: saying('lookUp', () => says.charge),
  refund: async (order) => await saying('refund', () => says.refund(order))(),
  lookUpRefund: async (order) => await saying('lookUpRefund', () => says.lookUpRefund(order))(),
};

async function step<Result>(run: (steps: PaymentActivities) => Promise<Result>, attempt = 1): Promise<Result> {
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR', () => undefined) });
  const steps = createPaymentActivities({ databases, gateways: { gopay: gateway }, tellBooking: async () => await Promise.resolve() });
  return await environment.run(async () => await run(steps));
}

interface Begun {
  readonly ref: { readonly tenantId: string; readonly paymentId: string };
  readonly bookingId: string;
}

async function begun(): Promise<Begun> {
  const ref = { tenantId, paymentId: newPaymentId() };
  const subject = await heldBooking(databases, tenantId, { kind: 'room', name: 'Room', price: 9_000, currency: 'EUR' });
  made(await beginPayment(databases.write, ref, { subject, gateway: 'gopay', method: '', capture: 'manual' }));
  return { ref, bookingId: subject.id };
}
const known = ({ ref }: Begun) => ({ gatewayRef: ref.paymentId, amountMinor, currency: 'EUR', answer: {} });
const captured = (of: Begun): ChargeState => ({ ...known(of), state: 'captured', capturedMinor: amountMinor, refundedMinor: 0 });
async function taken(): Promise<Begun> {
  const one = await begun();
  made(await recordCharge(databases.write, one.ref, captured(one), new Date()));
  return one;
}
const lost = (): never => {
  throw new GatewayError('gopay', 'unknown', 'timeout', 'no answer');
};

describe('a refund', () => {
  test('whose answer was lost is asked about before it is sent again, also by a later step that knows nothing of the first', async () => {
    const { ref } = await taken();
    const { id } = made(await requestRefund(databases.write, ref, { refundId: newRefundId() }));
    says.refund = lost;
    await expect(step(async (steps) => await steps.refund(ref, id))).rejects.toMatchObject({ type: 'payment_unknown' });
    expect(asked).toEqual(['refund']);

    // It is still on its way there: nobody knows, so nothing is sent.
    says.lookUpRefund = lost;
    await expect(step(async (steps) => await steps.refund(ref, id))).rejects.toMatchObject({ type: 'payment_unknown' });
    expect(asked).toEqual(['refund', 'lookUpRefund']);

    let sentAt: Date | undefined;
    says.lookUpRefund = (order) => {
      ({ sentAt } = order);
      return { state: 'succeeded', gatewayRef: `r-${id}`, amountMinor, answer: {} };
    };
    expect(await step(async (steps) => await steps.refund(ref, id))).toMatchObject({ status: 'succeeded' });
    expect(asked).toEqual(['refund', 'lookUpRefund', 'lookUpRefund']);
    expect(sentAt).toBeInstanceOf(Date);
  });

  test('that has never been sent is sent without a question', async () => {
    const { ref } = await taken();
    const { id } = made(await requestRefund(databases.write, ref, { refundId: newRefundId() }));
    says.refund = () => ({ state: 'succeeded', gatewayRef: `r-${id}`, amountMinor, answer: {} });
    expect(await step(async (steps) => await steps.refund(ref, id), 2)).toMatchObject({ status: 'succeeded' });
    expect(asked).toEqual(['refund']);
  });

  test('is not taken for another of the same amount that was made in the same moment', async () => {
    const { ref } = await taken();
    const [first, second] = [made(await requestRefund(databases.write, ref, { refundId: newRefundId(), amountMinor: 500 })), made(await requestRefund(databases.write, ref, { refundId: newRefundId(), amountMinor: 500 }))];
    // Both find the one that there is, as neither is written down yet.
    says.refund = () => ({ state: 'succeeded', gatewayRef: `r-${first.id}`, amountMinor: 500, answer: {} });
    expect(await step(async (steps) => await steps.refund(ref, first.id))).toMatchObject({ status: 'succeeded' });
    await expect(step(async (steps) => await steps.refund(ref, second.id))).rejects.toMatchObject({ type: 'database_unavailable' });
    expect(await findPayment(databases.write, tenantId, ref.paymentId)).toMatchObject({ refunded: 500 });
    let others: readonly string[] | undefined;
    says.lookUpRefund = ({ otherRefs }) => {
      others = otherRefs;
      return { state: 'absent' };
    };
    says.refund = () => ({ state: 'succeeded', gatewayRef: `r-${second.id}`, amountMinor: 500, answer: {} });
    expect(await step(async (steps) => await steps.refund(ref, second.id), 2)).toMatchObject({ status: 'succeeded' });
    expect(others).toEqual([`r-${first.id}`]);
    expect(await findPayment(databases.write, tenantId, ref.paymentId)).toMatchObject({ refunded: 1_000 });
  });

  test('that failed there is known by its id, so that the next is not taken for it', async () => {
    const { ref } = await taken();
    const { id } = made(await requestRefund(databases.write, ref, { refundId: newRefundId() }));
    made(await recordRefund(databases.write, ref, id, { state: 'failed', gatewayCode: 'FAILED', message: 'no', gatewayRef: `r-${id}`, answer: {} }));
    const next = made(await requestRefund(databases.write, ref, { refundId: id }));
    let others: readonly string[] | undefined;
    says.refund = ({ otherRefs }) => {
      others = otherRefs;
      return { state: 'open', gatewayRef: `r-${next.id}`, amountMinor, answer: {} };
    };
    expect(await step(async (steps) => await steps.refund(ref, next.id))).toMatchObject({ id: `${id}-2`, status: 'requested' });
    expect(others).toEqual([`r-${id}`]);
  });

  test('that two steps want to send in the same moment is sent by one', async () => {
    const { ref } = await taken();
    const { id } = made(await requestRefund(databases.write, ref, { refundId: newRefundId() }));
    expect([await markRefundSent(databases.write, ref, id, null), await markRefundSent(databases.write, ref, id, null)]).toEqual([true, false]);
    const sent = await selectRefund(databases.write, tenantId, id);
    expect(await markRefundSent(databases.write, ref, id, sent?.sent_at ?? null)).toBe(true);
  });

  test('of another amount than was ordered is not written down', async () => {
    const { ref } = await taken();
    const { id } = made(await requestRefund(databases.write, ref, { refundId: newRefundId(), amountMinor: 500 }));
    says.refund = () => ({ state: 'succeeded', gatewayRef: `r-${id}`, amountMinor: 5_000, answer: {} });
    await expect(step(async (steps) => await steps.refund(ref, id))).rejects.toMatchObject({ type: 'payment_unknown', message: expect.stringContaining('speaks of 5000') });
    expect(await findPayment(databases.write, tenantId, ref.paymentId)).toMatchObject({ refunded: 0 });
  });
});

describe('the payment of a vehicle', () => {
  test('is not begun when its hold has ended while nobody worked', async () => {
    const { id: bookingId } = await heldBooking(databases, tenantId, someCar);
    const purchaseId = newPurchaseId();
    made(await createPurchase(databases.write, { tenantId, purchaseId }, { customerId: 'ada', bookingId, gateway: 'gopay', method: '' }));
    const begin = async () => await beginPayment(databases.write, { tenantId, paymentId: newPaymentId() }, { subject: { kind: 'purchase', id: purchaseId }, gateway: 'gopay', method: '', capture: 'automatic' });
    await releaseBooking(databases.write, tenantId, bookingId, 'expired', 'held-only');
    expect(await begin()).toMatchObject({ refused: 'hold_expired' });
  });
});

describe('a payment', () => {
  test('is not sent any more when its booking has ended before a repeat', async () => {
    const { ref, bookingId } = await begun();
    await releaseBooking(databases.write, tenantId, bookingId, 'cancelled', 'held-only');
    expect(await step(async (steps) => await steps.authorise(ref), 2)).toMatchObject({ status: 'failed', failure: { code: 'subject_gone' } });
    expect(asked).toEqual(['lookUp']);
  });

  test('is not sent any more when it could not be for so long that its hold has ended', async () => {
    const { ref, bookingId } = await begun();
    await sql`UPDATE payments SET created_at = created_at - interval '20 minutes' WHERE id = ${ref.paymentId}`.execute(databases.write);
    await sql`UPDATE bookings SET hold_expires_at = now() - interval '5 minutes' WHERE id = ${bookingId}`.execute(databases.write);
    expect(await step(async (steps) => await steps.authorise(ref))).toMatchObject({ status: 'failed', failure: { code: 'subject_gone' } });
    expect(asked).toEqual([]);
  });

  test('is sent late when its booking is still held, and what an earlier attempt did counts whatever the booking is', async () => {
    const late = await begun();
    await sql`UPDATE payments SET created_at = created_at - interval '5 minutes' WHERE id = ${late.ref.paymentId}`.execute(databases.write);
    says.charge = captured(late);
    expect(await step(async (steps) => await steps.authorise(late.ref))).toMatchObject({ status: 'captured' });
    expect(asked).toEqual(['authorise']);

    const done = await begun();
    await releaseBooking(databases.write, tenantId, done.bookingId, 'cancelled', 'held-only');
    says.charge = captured(done);
    expect(await step(async (steps) => await steps.authorise(done.ref), 2)).toMatchObject({ status: 'captured' });
    expect(asked).toEqual(['authorise', 'lookUp']);
  });

  test('that the gateway has only taken on is unknown, so that it is not asked for again at once', async () => {
    const one = await begun();
    says.charge = { ...known(one), state: 'authorised' };
    made(await recordCharge(databases.write, one.ref, says.charge, new Date()));
    await expect(step(async (steps) => await steps.capture(one.ref))).rejects.toMatchObject({ type: 'payment_unknown' });
    expect(await findPayment(databases.write, tenantId, one.ref.paymentId)).toMatchObject({ status: 'authorised', captured: 0 });
  });

  test('that failed and is held after all is let go', async () => {
    const one = await begun();
    made(await failPayment(databases.write, one.ref, 'payer_timed_out', 'too late'));
    says.charge = { ...known(one), state: 'authorised' };
    expect(await step(async (steps) => await steps.lookUp(one.ref))).toMatchObject({ status: 'failed', failure: { code: 'payer_timed_out' } });
    expect(asked).toEqual(['lookUp', 'cancel']);
    // One that is not over is not.
    const other = await begun();
    says.charge = { ...known(other), state: 'authorised' };
    expect(await step(async (steps) => await steps.lookUp(other.ref))).toMatchObject({ status: 'authorised' });
    expect(asked).toEqual(['lookUp', 'cancel', 'lookUp']);
  });
});
