import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newPaymentId, newRefundId, type BookingView, type PayBooking, type PaymentView, type UnmadePayment } from '../../client/index.ts';
import { bookingWorkflowId, paymentWorkflowId } from '../../contracts/flows.ts';
import type { PutResource } from '../../contracts/resources.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { listNotifications } from '../../services/database/notifications.ts';
import { findPayment, listRefunds } from '../../services/database/payments/queries.ts';
import { findResource } from '../../services/database/resources.ts';
import { createResource, createTenant, someCar, someRoom } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { balancesOf, executedOf, movementsOf } from '../support/money-seen.ts';
import { payerDecides } from '../support/payer.ts';
import { worlds, type SkippingWorld } from '../support/time-skipping.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };
const minutes = (count: number): number => count * 60_000;
const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;

const server = worlds('payment-flows');
let world: SkippingWorld;
beforeEach(async () => {
  world = await server.next();
  await world.sandbox.clearFaults();
});
afterAll(async () => await server.close());

interface Held {
  readonly bookingId: string;
  readonly resourceId: string;
}

async function held(body: PutResource = someRoom, dates: typeof nights | undefined = body.kind === 'room' ? nights : undefined): Promise<Held> {
  const resourceId = await createResource(world.databases, world.tenantId, body);
  const { id } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', ...dates });
  return { bookingId: id, resourceId };
}

const stored = async (id: string): Promise<PaymentView | undefined> => await findPayment(world.databases.write, world.tenantId, id);
const booking = async (id: string): Promise<BookingView | undefined> => await findBooking(world.databases.write, world.tenantId, id);
const ended = async (id: string): Promise<unknown> => await world.client.workflow.getHandle(paymentWorkflowId(id)).result();
const templates = async (subjectId: string): Promise<string[]> =>
  (await listNotifications(world.databases.write, world.tenantId, { limit: 200 })).items.filter((item) => item.subjectId === subjectId).map(({ audience, template }) => `${template} → ${audience}`).toSorted();

/** Pays, and lets time pass as soon as the payment has begun: the waits between attempts are real ones otherwise. */
async function paidWhile(ms: number, wish: PayBooking & { id: string }): Promise<PaymentView | UnmadePayment> {
  const paying = world.holdfast.payments.payBooking(wish);
  await eventually('the payment to begin', async () => await stored(wish.id));
  await world.environment.sleep(ms);
  return await paying;
}

describe('a payment by card', () => {
  test('is taken once, settled, and confirms the booking', async () => {
    const { bookingId } = await held();
    const payment = await world.holdfast.payments.payBooking({ bookingId, ...visa });
    expect(payment).toMatchObject({ status: 'settled', amount: 27_000, captured: 27_000, currency: 'EUR' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: payment.id });
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000']);
    expect(await movementsOf(world, payment.id)).toEqual({ 'gateway:stripe': 27_000, revenue: -27_000 });
    expect(await templates(bookingId)).toEqual(['booking_confirmed → customer']);
    expect(await world.client.workflow.getHandle(bookingWorkflowId(bookingId)).result()).toMatchObject({ status: 'confirmed' });
  });

  test('is not taken a second time for the same booking, nor under the same id', async () => {
    const { bookingId } = await held();
    const id = newPaymentId();
    await world.holdfast.payments.payBooking({ bookingId, id, ...visa });
    expect(await world.holdfast.payments.payBooking({ bookingId, id, ...visa })).toMatchObject({ id, status: 'settled' });
    await expect(world.holdfast.payments.payBooking({ bookingId, ...visa })).rejects.toMatchObject({ code: 'already_paid' });
    expect(await executedOf(world, id)).toEqual(['charge 27000']);
  });

  test('that is declined releases the booking and tells the customer and the administrators, after one attempt', async () => {
    const { bookingId, resourceId } = await held();
    const payment = await world.holdfast.payments.payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' });
    expect(payment).toMatchObject({ status: 'failed', failure: { code: 'insufficient_funds' } });
    expect(await booking(bookingId)).toMatchObject({ status: 'released', reason: 'payment_failed' });
    expect((await world.sandbox.journal(payment.id)).map(({ status }) => status)).toEqual(['declined']);
    expect(await templates(payment.id)).toEqual(['payment_failed → administrators', 'payment_failed → customer']);
    expect(await movementsOf(world, payment.id)).toEqual({});
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights })).toMatchObject({ status: 'held' });
  });

  test.each([
    ['the answer is lost after it was taken', { party: 'stripe', kind: 'drop', operation: 'authorise', rate: 1, times: 1 }],
    ['the answer is a 500 after it was taken', { party: 'stripe', kind: 'error_after', operation: 'authorise', rate: 1, times: 1 }],
    ['three answers in a row are lost', { party: 'stripe', kind: 'drop', rate: 1, times: 3 }],
    ['it is not taken and answered 500, once', { party: 'stripe', kind: 'error', operation: 'authorise', rate: 1, times: 1 }],
    ['the gateway wants it slower', { party: 'stripe', kind: 'rate_limit', rate: 1, times: 2 }],
  ])('is taken exactly once although %s', async (_, fault) => {
    await world.sandbox.faults(fault);
    const { bookingId } = await held();
    const id = newPaymentId();
    await paidWhile(minutes(3), { bookingId, id, ...visa });
    await ended(id);
    expect(await stored(id)).toMatchObject({ status: 'settled' });
    expect(await executedOf(world, id)).toEqual(['charge 27000']);
    expect(await movementsOf(world, id)).toEqual({ 'gateway:stripe': 27_000, revenue: -27_000 });
  });

  test('is unknown, never failed, while the gateway says nothing, and is known when it speaks again', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'drop', rate: 1 });
    const { bookingId } = await held();
    const id = newPaymentId();
    const answer = await paidWhile(minutes(20), { bookingId, id, ...visa });
    expect(['created', 'unknown', 'reconciling']).toContain(answer.status);
    expect(await stored(id)).toMatchObject({ status: 'reconciling' });
    await world.sandbox.clearFaults();
    await world.environment.sleep(minutes(10));
    await ended(id);
    // The hold had ended meanwhile; nobody else had taken the room.
    expect(await stored(id)).toMatchObject({ status: 'settled' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed' });
    expect(await executedOf(world, id)).toEqual(['charge 27000']);
  });
});

describe('a payer who has to act', () => {
  const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' } as const;

  test('is sent to a page, and the payment goes on when the gateway tells', async () => {
    const { bookingId } = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId, ...strong })) as PaymentView;
    expect(payment).toMatchObject({ status: 'created', redirectUrl: expect.stringContaining('http') });
    await payerDecides(payment, 'approve');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
  });

  test('is noticed without any notification', async () => {
    const { bookingId } = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId, ...strong })) as PaymentView;
    await payerDecides(payment, 'approve');
    await world.environment.sleep(minutes(1));
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
  });

  test('who refuses has not paid, and the booking is released', async () => {
    const { bookingId } = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId, ...strong })) as PaymentView;
    await payerDecides(payment, 'refuse');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'failed', failure: { code: 'authentication_failed' } });
    expect(await booking(bookingId)).toMatchObject({ status: 'released', reason: 'payment_failed' });
  });

  test('who never acts loses the hold at its end, and nothing can be taken any more', async () => {
    const { bookingId } = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId, ...strong })) as PaymentView;
    await world.environment.sleep(minutes(16));
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'failed', failure: { code: 'payer_timed_out' } });
    expect(await booking(bookingId)).toMatchObject({ status: 'released' });
    expect(await executedOf(world, payment.id)).toEqual(['cancel 0']);
  });

  test('may give up and pay in another way', async () => {
    const { bookingId } = await held();
    const first = (await world.holdfast.payments.payBooking({ bookingId, ...strong })) as PaymentView;
    await world.holdfast.payments.cancel(first.id);
    await ended(first.id);
    expect(await stored(first.id)).toMatchObject({ status: 'failed', failure: { code: 'cancelled' } });
    expect(await booking(bookingId)).toMatchObject({ status: 'held' });
    expect(await world.holdfast.payments.payBooking({ bookingId, ...visa })).toMatchObject({ status: 'settled' });
  });
});

describe('money that comes late', () => {
  const pay = async (payment: PaymentView): Promise<void> => {
    await payerDecides(payment, 'paid');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ended(payment.id);
  };
  const lapsed = async (): Promise<Held & { payment: PaymentView }> => {
    const hold = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId: hold.bookingId, gateway: 'gopay' })) as PaymentView;
    expect(payment).toMatchObject({ status: 'created', redirectUrl: expect.stringContaining('http') });
    await world.environment.sleep(minutes(16));
    expect(await stored(payment.id)).toMatchObject({ status: 'failed', failure: { code: 'payer_timed_out' } });
    return { ...hold, payment };
  };

  test('takes the room again when it is free', async () => {
    const { bookingId, payment } = await lapsed();
    await pay(payment);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: payment.id });
    expect(await movementsOf(world, payment.id)).toEqual({ 'gateway:gopay': 27_000, revenue: -27_000 });
    // Its flow had ended with the hold: another says now what is true.
    await eventually('the flow to say so', async () => (await world.holdfast.bookings.get(bookingId)).status === 'confirmed');
  });

  test('is given back when the room was moved to other dates meanwhile, which a payment on its way does not let happen', async () => {
    const { bookingId } = await held();
    const payment = (await world.holdfast.payments.payBooking({ bookingId, gateway: 'gopay' })) as PaymentView;
    const longer = { from: '2033-07-01', to: '2033-07-11' };
    await expect(world.holdfast.bookings.reschedule(bookingId, longer)).rejects.toMatchObject({ code: 'payment_in_progress' });
    await world.holdfast.payments.cancel(payment.id);
    // Waiting for the flow itself would move the clock, perhaps past the hold.
    await eventually('the end of the payment', async () => (await stored(payment.id))?.status === 'failed');
    expect(await world.holdfast.bookings.reschedule(bookingId, longer)).toMatchObject({ status: 'held', amount: 90_000 });
    await pay(payment);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 27_000 });
    expect(await booking(bookingId)).toMatchObject({ status: 'held' });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('is given back when somebody else has the room, and the customer is told', async () => {
    const { bookingId, resourceId, payment } = await lapsed();
    await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights });
    await pay(payment);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 27_000 });
    expect(await booking(bookingId)).toMatchObject({ status: 'released' });
    expect(await movementsOf(world, payment.id)).toEqual({});
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000', 'refund 27000']);
    const [refund] = (await listRefunds(world.databases.write, world.tenantId, (await stored(payment.id)) as PaymentView, { limit: 10 })).items;
    expect(await templates(refund?.id ?? '')).toEqual(['payment_refunded → customer']);
  });

  test('is given back when the booking was paid in another way meanwhile', async () => {
    const { bookingId } = await held();
    const first = (await world.holdfast.payments.payBooking({ bookingId, gateway: 'gopay' })) as PaymentView;
    await world.holdfast.payments.cancel(first.id);
    await ended(first.id);
    const second = await world.holdfast.payments.payBooking({ bookingId, ...visa });
    await pay(first);
    expect(await stored(first.id)).toMatchObject({ status: 'refunded' });
    expect(await stored(second.id)).toMatchObject({ status: 'settled' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: second.id });
  });
});

describe('held first, taken later', () => {
  test('a manual capture takes the money when the booking is certain', async () => {
    const { bookingId } = await held();
    const payment = await world.holdfast.payments.payBooking({ bookingId, ...visa, capture: 'manual' });
    expect(payment).toMatchObject({ status: 'settled' });
    expect(await executedOf(world, payment.id)).toEqual(['authorise 27000', 'capture 27000']);
  });

  test('a capture whose answer is lost is made once', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'drop', operation: 'capture', rate: 1, times: 1 });
    const { bookingId } = await held();
    const id = newPaymentId();
    await paidWhile(minutes(2), { bookingId, id, ...visa, capture: 'manual' });
    await ended(id);
    expect(await stored(id)).toMatchObject({ status: 'settled' });
    expect(await executedOf(world, id)).toEqual(['authorise 27000', 'capture 27000']);
  });
});

describe('a refund', () => {
  const paid = async (): Promise<PaymentView> => {
    const { bookingId } = await held();
    return (await world.holdfast.payments.payBooking({ bookingId, ...visa })) as PaymentView;
  };

  test('of a part leaves the rest, and the whole cannot be exceeded', async () => {
    const payment = await paid();
    await world.holdfast.payments.refund(payment.id, { amount: 10_000, reason: 'a day less' });
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled', refunded: 10_000 });
    await expect(world.holdfast.payments.refund(payment.id, { amount: 17_001 })).rejects.toMatchObject({ code: 'refund_over_captured' });
    await world.holdfast.payments.refund(payment.id);
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded', refunded: 27_000 });
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000', 'refund 10000', 'refund 17000']);
    expect(await movementsOf(world, payment.id)).toEqual({});
  });

  test('under the same id is made once, also when its answer is lost', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'drop', operation: 'refund', rate: 1, times: 1 });
    const payment = await paid();
    const id = newRefundId();
    await Promise.all([world.holdfast.payments.refund(payment.id, { id, amount: 500 }), world.holdfast.payments.refund(payment.id, { id, amount: 500 })]);
    await world.environment.sleep(minutes(1));
    await ended(payment.id);
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000', 'refund 500']);
    expect(await stored(payment.id)).toMatchObject({ refunded: 500 });
  });

  test('of what was never taken is refused', async () => {
    const { bookingId } = await held();
    const payment = await world.holdfast.payments.payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_visa_chargeDeclined' });
    await expect(world.holdfast.payments.refund(payment.id)).rejects.toMatchObject({ code: 'payment_not_refundable' });
  });

  test('at a gateway that is away goes through when it is back', async () => {
    const payment = await paid();
    await world.sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund', rate: 1 });
    await world.holdfast.payments.refund(payment.id);
    await world.environment.sleep(minutes(30));
    expect(await stored(payment.id)).toMatchObject({ status: 'settled', refunded: 0 });
    await world.sandbox.clearFaults();
    await world.environment.sleep(minutes(10));
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await executedOf(world, payment.id)).toEqual(['charge 27000', 'refund 27000']);
  });
});

describe('what is refused before a gateway hears of it', () => {
  test.each([
    ['another amount', { amount: 26_999 }, 'amount_mismatch'],
    ['another currency', { currency: 'USD' }, 'amount_mismatch'],
    ['another customer', { customerId: 'bob' }, 'not_the_holder'],
    ['euros where only rupees are taken', { gateway: 'paytm' as const }, 'currency_not_supported'],
  ])('%s', async (_, wish, code) => {
    const before = await balancesOf(world.databases.write, world.tenantId);
    const { bookingId } = await held();
    const id = newPaymentId();
    await expect(world.holdfast.payments.payBooking({ bookingId, id, ...visa, ...wish })).rejects.toMatchObject({ code });
    expect(await world.sandbox.journal(id)).toEqual([]);
    expect(await stored(id)).toBeUndefined();
    expect(await balancesOf(world.databases.write, world.tenantId)).toEqual(before);
    expect(await booking(bookingId)).toMatchObject({ status: 'held' });
  });

  test("another tenant's booking does not exist", async () => {
    await createTenant(world.databases, 'payment-flows-b');
    const { Holdfast } = await import('../../client/index.ts');
    const stranger = Holdfast.over(world.client, { tenantId: 'payment-flows-b' });
    const { bookingId } = await held();
    await expect(stranger.payments.payBooking({ bookingId, ...visa })).rejects.toMatchObject({ code: 'booking_not_found' });
    const payment = await world.holdfast.payments.payBooking({ bookingId, ...visa });
    await expect(stranger.payments.refund(payment.id)).rejects.toMatchObject({ code: 'payment_not_found' });
  });
});

describe('Paytm', () => {
  test('takes rupees on its page and gives them back', async () => {
    const { bookingId } = await held({ ...someRoom, currency: 'INR' });
    const payment = (await world.holdfast.payments.payBooking({ bookingId, gateway: 'paytm' })) as PaymentView;
    expect(payment).toMatchObject({ status: 'created', redirectUrl: expect.stringContaining('showPaymentPage') });
    await payerDecides(payment, 'success');
    await world.holdfast.payments.gatewayEvent(payment.id);
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'settled' });
    await world.holdfast.payments.refund(payment.id);
    // Paytm takes it on, and has made it when it is asked again after a while.
    await eventually('the refund', async () => (await executedOf(world, payment.id)).length === 2);
    await world.environment.sleep(minutes(24 * 60));
    await ended(payment.id);
    expect(await stored(payment.id)).toMatchObject({ status: 'refunded' });
    expect(await movementsOf(world, payment.id)).toEqual({});
  });
});

// The last one: the time-skipping server keeps its clock from being moved once a flow has started another that outlives it.
describe('the payment of a vehicle', () => {
  test('transfers a vehicle to its new owner, with an invoice', async () => {
    const { bookingId, resourceId } = await held(someCar);
    await world.holdfast.payments.payBooking({ bookingId, ...visa });
    expect(await findResource(world.databases.write, world.tenantId, resourceId)).toMatchObject({ ownerId: 'ada' });
    await eventually('the invoice', async () => (await world.databases.write.selectFrom('invoices').select('id').where('subject_id', '=', bookingId).where('status', '=', 'stored').execute()).length === 1);
  });
});
