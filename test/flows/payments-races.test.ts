import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newBookingId, newPaymentId, newPurchaseId, newRefundId, type BookingView, type PayBooking, type PaymentView } from '../../client/index.ts';
import { paymentWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import type { PayRequest } from '../../contracts/payments/flow.ts';
import type { PutResource } from '../../contracts/resources.ts';
import { paymentLabels } from '../../contracts/payments/start.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { findPayment, listRefunds } from '../../services/database/payments/queries.ts';
import { recordCharge } from '../../services/database/payments/record.ts';
import { recordRefund, requestRefund } from '../../services/database/payments/refunds.ts';
import { settlePayment } from '../../services/database/payments/settle.ts';
import { findPurchase } from '../../services/database/purchases/queries.ts';
import { createResource, someConcert, someRoom } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { executedOf, movementsOf } from '../support/money-seen.ts';
import { payerDecides } from '../support/payer.ts';
import { startSkippingWorld, type SkippingWorld } from '../support/time-skipping.ts';

const nights = { from: '2032-05-01', to: '2032-05-04' };
const minutes = (count: number): number => count * 60_000;
const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;

let world: SkippingWorld;
beforeAll(async () => {
  world = await startSkippingWorld('payment-races');
});
afterAll(async () => await world.close());
beforeEach(async () => await world.sandbox.clearFaults());

async function held(body: PutResource = someRoom): Promise<{ bookingId: string; resourceId: string }> {
  const resourceId = await createResource(world.databases, world.tenantId, body);
  const { id } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', ...nights });
  return { bookingId: id, resourceId };
}

const stored = async (id: string): Promise<PaymentView | undefined> => await findPayment(world.databases.write, world.tenantId, id);
const booking = async (id: string): Promise<BookingView | undefined> => await findBooking(world.databases.write, world.tenantId, id);
const flow = (id: string) => world.client.workflow.getHandle(paymentWorkflowId(id));

/** A run that turns round and round would neither end nor fail; so the wait for its end has an end. */
async function ends(id: string): Promise<void> {
  await eventually(`${id} to end`, async () => (await flow(id).describe()).status.name !== 'RUNNING');
  expect((await flow(id).describe()).status.name).toBe('COMPLETED');
}

const payBooking = async (wish: PayBooking): Promise<PaymentView> => (await world.holdfast.payments.payBooking(wish)) as PaymentView;

/** A payment whose hold has ended, as GoPay cannot close its page: money may still come. */
async function lapsed(body?: PutResource): Promise<{ bookingId: string; resourceId: string; payment: PaymentView }> {
  const hold = await held(body);
  const payment = await payBooking({ bookingId: hold.bookingId, gateway: 'gopay' });
  await world.environment.sleep(minutes(16));
  expect(await stored(payment.id)).toMatchObject({ status: 'failed', failure: { code: 'payer_timed_out' } });
  return { ...hold, payment };
}

/** A purchase that waits for its money, and whose own flow does nothing meanwhile. */
async function purchaseThatWaits(gateway: 'gopay' | 'stripe'): Promise<{ purchaseId: string; payment: PaymentView }> {
  const purchaseId = newPurchaseId();
  const paymentId = newPaymentId();
  await world.databases.write
    .insertInto('purchases')
    .values({ tenant_id: world.tenantId, id: purchaseId, kind: 'basket', customer_id: 'ada', payment_id: paymentId, amount_minor: 1_000, currency: 'EUR', status: 'pending' })
    .execute();
  const asked: PayRequest = { subject: { kind: 'purchase', id: purchaseId }, gateway, method: gateway === 'gopay' ? '' : 'pm_card_visa', capture: 'automatic' };
  const input = { tenantId: world.tenantId, paymentId, request: asked };
  await world.client.workflow.start('payment', { workflowId: paymentWorkflowId(paymentId), taskQueue: queueOfWorkflow.payment, args: [input], ...paymentLabels(input) });
  const payment = await eventually('the payment to be made', async () => {
    const found = await stored(paymentId);
    return found?.redirectUrl === undefined && found?.status !== 'captured' ? undefined : found;
  });
  return { purchaseId, payment };
}

describe('a gateway that tells more than once', () => {
  test('does not keep the payment of a purchase going round when the money is there', async () => {
    const { payment } = await purchaseThatWaits('gopay');
    await payerDecides(payment, 'paid');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'captured' });
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'captured' });
    expect(await movementsOf(world, payment.id)).toEqual({ 'gateway:gopay': 1_000, deposits: -1_000 });
  });

  test('while the money is being taken does not keep it going round either', async () => {
    const { payment } = await purchaseThatWaits('gopay');
    await payerDecides(payment, 'paid');
    await Promise.all(Array.from({ length: 20 }, async () => await world.holdfast.payments.gatewayEvent(payment.id)));
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'captured' });
  });
});

describe('a part that is given back before the rest is anybody’s', () => {
  test('is taken from those who earn, so that nothing is left in the deposits', async () => {
    const { payment } = await purchaseThatWaits('stripe');
    await ends(payment.id);
    await world.holdfast.payments.refund(payment.id, { amount: 333 });
    await ends(payment.id);
    const shares = [{ account: 'seller:s', amountMinor: 900 }, { account: 'fees', amountMinor: 100 }];
    await world.databases.write.transaction().execute(async (tx) => await settlePayment(tx, world.tenantId, payment.id, shares));
    expect(await movementsOf(world, payment.id)).toEqual({ 'gateway:stripe': 667, 'seller:s': -601, fees: -66 });
    await world.holdfast.payments.refund(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });
});

describe('money that nobody wants any more', () => {
  test('is given back, all of it, although somebody asked for a part of it in the same moment', async () => {
    const { resourceId, payment } = await lapsed();
    await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights });
    await payerDecides(payment, 'paid');
    // The refund arrives while the run looks at what became of the money.
    await world.sandbox.faults({ party: 'gopay', kind: 'error', operation: 'refund', rate: 1, times: 3 });
    await world.holdfast.payments.gatewayEvent(payment.id);
    await eventually('the money', async () => (await stored(payment.id))?.status === 'captured');
    await world.holdfast.payments.refund(payment.id, { id: newRefundId(), amount: 10_000 }).catch(() => undefined);
    await world.environment.sleep(minutes(30));
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 27_000 });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('is given back although a part of it was promised by a run that is gone', async () => {
    const { resourceId, payment } = await lapsed();
    await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights });
    await payerDecides(payment, 'paid');
    // A run that was ended by force, between the promise and the deed.
    const ref = { tenantId: world.tenantId, paymentId: payment.id };
    await recordCharge(world.databases.write, ref, { state: 'captured', gatewayRef: payment.gatewayRef ?? '', amountMinor: 27_000, currency: 'EUR', capturedMinor: 27_000, refundedMinor: 0, answer: {} }, new Date());
    const promised = newRefundId();
    expect(await requestRefund(world.databases.write, ref, { refundId: promised, amountMinor: 7_000 })).toMatchObject({ status: 'requested' });
    await world.holdfast.payments.gatewayEvent(payment.id);
    await world.environment.sleep(minutes(2));
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 27_000 });
    expect((await executedOf(world, payment.id)).toSorted()).toEqual(['charge 27000', 'refund 20000', 'refund 7000']);
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('by a purchase that comes to nothing is given back to the last cent, also what somebody else had promised and could not give', async () => {
    const { purchaseId, payment } = await purchaseThatWaits('stripe');
    const ref = { tenantId: world.tenantId, paymentId: payment.id };
    const promised = newRefundId();
    await requestRefund(world.databases.write, ref, { refundId: promised, amountMinor: 300 });
    const undoing = { tenantId: world.tenantId, purchaseId };
    await world.client.workflow.start('purchase', { workflowId: purchaseWorkflowId(purchaseId), taskQueue: queueOfWorkflow.purchase, args: [undoing] });
    await eventually('the rest to be given back', async () => (await stored(payment.id))?.refunded === 700);
    await recordRefund(world.databases.write, ref, promised, { state: 'failed', gatewayCode: 'no', message: 'no', answer: {} });
    await world.environment.sleep(minutes(2));
    await eventually('the end', async () => (await findPurchase(world.databases.write, world.tenantId, purchaseId))?.status === 'cancelled');
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 1_000 });
    expect((await executedOf(world, payment.id)).toSorted()).toEqual(['charge 1000', 'refund 300', 'refund 700']);
  });

  test('of which the gateway has another amount is looked at by people before a purchase counts as undone', async () => {
    const { purchaseId, payment } = await purchaseThatWaits('gopay');
    await flow(payment.id).terminate();
    const amount = async (amountMinor: number): Promise<unknown> => await world.databases.write.updateTable('payments').set({ amount_minor: amountMinor }).where('tenant_id', '=', world.tenantId).where('id', '=', payment.id).execute();
    await amount(999);
    await payerDecides(payment, 'paid');
    const purchase = await world.client.workflow.start('purchase', { workflowId: purchaseWorkflowId(purchaseId), taskQueue: queueOfWorkflow.purchase, args: [{ tenantId: world.tenantId, purchaseId }] });
    await eventually('somebody to be asked for', async () => (await world.databases.write.selectFrom('notifications').select('template').where('tenant_id', '=', world.tenantId).where('subject_id', '=', purchaseId).execute()).some(({ template }) => template === 'compensation_parked'));
    expect((await findPurchase(world.databases.write, world.tenantId, purchaseId))?.status).toBe('undoing');
    await amount(1_000);
    await purchase.signal('resume');
    await eventually('the end', async () => (await findPurchase(world.databases.write, world.tenantId, purchaseId))?.status === 'cancelled');
    expect(await executedOf(world, payment.id)).toEqual(['charge 1000', 'refund 1000']);
  });

  test('is let go when it was only held', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'gopay', capture: 'manual' });
    await world.environment.sleep(minutes(16));
    await payerDecides(payment, 'authorised');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'failed', failure: { code: 'payer_timed_out' }, captured: 0 });
    expect(await executedOf(world, payment.id)).toEqual(['authorise 27000', 'cancel 27000']);
  });

  test('leaves no unit taken when only some of those that were booked are free', async () => {
    const resourceId = await createResource(world.databases, world.tenantId, { ...someConcert, capacity: 3 });
    const { id: bookingId } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', quantity: 3 });
    const payment = await payBooking({ bookingId, gateway: 'gopay' });
    await world.environment.sleep(minutes(16));
    await world.holdfast.bookings.book({ resourceId, customerId: 'bob', quantity: 1 });
    await payerDecides(payment, 'paid');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await world.databases.write.selectFrom('allocations').select('unit').where('booking_id', '=', bookingId).execute()).toEqual([]);
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'cleo', quantity: 2 })).toMatchObject({ status: 'held' });
  });
});

describe('the desk and the payer at once', () => {
  test('a booking that the desk confirmed by naming the payment is paid when the money comes', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_authenticationRequired' });
    await world.holdfast.bookings.confirm(bookingId, { reference: payment.id });
    await payerDecides(payment, 'approve');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: payment.id });
    expect(await movementsOf(world, payment.id)).toEqual({ 'gateway:stripe': 27_000, revenue: -27_000 });
  });

  test('a booking that was paid at the desk is not paid twice', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_authenticationRequired' });
    await world.holdfast.bookings.confirm(bookingId, { reference: 'cash' });
    await payerDecides(payment, 'approve');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: 'cash' });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('a booking that is cancelled while the payer acts gives the money back', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_authenticationRequired' });
    await world.holdfast.bookings.cancel(bookingId);
    await eventually('the cancellation', async () => (await booking(bookingId))?.status === 'released');
    await payerDecides(payment, 'approve');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('a hold that was extended gives the payer as much more time', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_authenticationRequired' });
    await world.holdfast.bookings.extend(bookingId);
    await world.environment.sleep(minutes(20));
    expect(await stored(payment.id)).toMatchObject({ status: 'created' });
    expect(await booking(bookingId)).toMatchObject({ status: 'held' });
    await payerDecides(payment, 'approve');
    await world.environment.sleep(minutes(3));
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
  });

  test('of two payments that begin at once one is made', async () => {
    const { bookingId } = await held();
    const tried = await Promise.allSettled([payBooking({ bookingId, ...visa }), payBooking({ bookingId, ...visa }), payBooking({ bookingId, ...visa })]);
    const made = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(made).toMatchObject([{ status: 'settled' }]);
    for (const one of tried) if (one.status === 'rejected') expect(['payment_in_progress', 'already_paid']).toContain((one.reason as { code: string }).code);
    expect(await executedOf(world, made[0]?.id ?? '')).toEqual(['charge 27000']);
  });
});

describe('a bank that thinks', () => {
  test('is waited for, and the payment is not called failed when the hold ends', async () => {
    const { bookingId } = await held({ ...someRoom, currency: 'INR' });
    const payment = await payBooking({ bookingId, gateway: 'paytm' });
    await payerDecides(payment, 'pending');
    await world.environment.sleep(minutes(17));
    expect(await stored(payment.id)).toMatchObject({ status: 'reconciling' });
    for (let visits = 0; visits < 12; visits += 1) {
      await world.holdfast.payments.gatewayEvent(payment.id);
      await world.environment.sleep(1_000);
    }
    expect(await stored(payment.id)).toMatchObject({ status: 'reconciling' });
    await payerDecides(payment, 'success');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ends(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed' });
  });
});

describe('a gateway that will not', () => {
  test('take what it holds is asked less and less often', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'error', operation: 'capture', rate: 1 });
    const { bookingId } = await held();
    const id = newPaymentId();
    const paying = payBooking({ bookingId, id, ...visa, capture: 'manual' });
    await eventually('the payment to begin', async () => await stored(id));
    await world.environment.sleep(minutes(14));
    await paying;
    expect((await flow(id).describe()).historyLength).toBeLessThan(250);
    await world.sandbox.clearFaults();
    await world.environment.sleep(minutes(20));
    await ends(id);
    // The hold ended meanwhile, so it is not taken any more: nothing was, and nothing will be.
    expect(['failed', 'settled']).toContain((await stored(id))?.status);
  });

  test('take what it holds, though it answers as if it were about to, is asked less and less often, too', async () => {
    await world.sandbox.faults({ party: 'gopay', kind: 'decline', operation: 'capture', rate: 1 });
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, gateway: 'gopay', capture: 'manual' });
    await payerDecides(payment, 'authorised');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await eventually('the answer to be doubted', async () => (await stored(payment.id))?.status === 'unknown', 120_000);
    await world.environment.sleep(minutes(10));
    expect((await flow(payment.id).describe()).historyLength).toBeLessThan(250);
    await world.sandbox.clearFaults();
    await world.environment.sleep(minutes(20));
    await ends(payment.id);
    expect(['failed', 'settled']).toContain((await stored(payment.id))?.status);
  });

  test('answer for a day does not make the history grow without end, and nothing is lost by it', async () => {
    const { bookingId } = await held();
    const payment = await payBooking({ bookingId, ...visa });
    const first = (await flow(payment.id).describe()).runId;
    await world.sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund', rate: 1 });
    const refundId = newRefundId();
    await world.holdfast.payments.refund(payment.id, { id: refundId, amount: 5_000 });
    const second = (await flow(payment.id).describe()).runId;
    expect(second).not.toBe(first);
    // Those of the stack would take it for forgotten, as little real time as this takes.
    await world.databases.write.updateTable('refunds').set({ updated_at: new Date(Date.now() + 86_400_000) }).where('id', '=', refundId).execute();
    await world.environment.sleep(minutes(20 * 60));
    const { runId, historyLength } = await flow(payment.id).describe();
    expect(runId).not.toBe(second);
    expect(historyLength).toBeLessThan(2_100);
    await world.sandbox.clearFaults();
    await world.environment.sleep(minutes(10));
    await ends(payment.id);
    expect((await listRefunds(world.databases.write, world.tenantId, payment, { limit: 10 })).items).toMatchObject([{ id: refundId, status: 'succeeded', amount: 5_000 }]);
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000', 'refund 5000']);
  });
});

test('a booking that nobody made cannot be paid', async () => {
  await expect(world.holdfast.payments.payBooking({ bookingId: newBookingId(), ...visa })).rejects.toMatchObject({ code: 'booking_not_found' });
});
