import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newRefundId } from '../../client/index.ts';
import { claimLongRefunds, requestRefund, selectRefund } from '../../services/database/payments/refunds.ts';
import { createResource, someRoom } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { startSkippingWorld, type SkippingWorld } from '../support/time-skipping.ts';

let world: SkippingWorld;
beforeAll(async () => {
  world = await startSkippingWorld('payments-lost-messages');
});
afterAll(async () => await world?.close());

/** As after a worker that died between the refund's row and its answer: Temporal forgets the message. */
async function lostRefund(): Promise<{ paymentId: string; refundId: string }> {
  const resourceId = await createResource(world.databases, world.tenantId, someRoom);
  const { id: bookingId } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', from: '2031-05-01', to: '2031-05-04' });
  const { id: paymentId } = await world.holdfast.payments.payBooking({ bookingId, gateway: 'stripe', method: 'pm_card_visa' });
  const refundId = newRefundId();
  await requestRefund(world.databases.write, { tenantId: world.tenantId, paymentId }, { refundId, amountMinor: 700 });
  return { paymentId, refundId };
}

const statusOf = async (refundId: string): Promise<string | undefined> => (await selectRefund(world.databases.write, world.tenantId, refundId))?.status;
const executed = async (paymentId: string): Promise<number[]> => (await world.sandbox.journal(paymentId)).filter(({ operation }) => operation === 'refund').map(({ amountMinor }) => amountMinor);

test('a run that picks a payment up carries through, once, a refund whose message got lost', async () => {
  const { paymentId, refundId } = await lostRefund();
  await world.holdfast.payments.gatewayEvent(paymentId);
  await eventually('the refund', async () => (await statusOf(refundId)) === 'succeeded');
  await world.holdfast.payments.gatewayEvent(paymentId);
  expect(await executed(paymentId)).toEqual([700]);
});

test('a refund that has been under way for half a minute is due for a reminder, and then not again for a while', async () => {
  const { paymentId, refundId } = await lostRefund();
  const due = async (): Promise<string[]> => (await claimLongRefunds(world.databases.write)).map((one) => one.paymentId).filter((id) => id === paymentId);
  expect(await due()).toEqual([]);
  await sql`UPDATE refunds SET created_at = now() - interval '31 seconds', updated_at = now() - interval '31 seconds' WHERE id = ${refundId}`.execute(world.databases.write);
  expect(await due()).toEqual([paymentId]);
  expect(await due()).toEqual([]);
});
