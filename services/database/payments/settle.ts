/** Captured money becomes somebody's: the shop's, a seller's. Or it turns out that nobody can have it any more. */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { BookingView } from '../../../contracts/bookings/schemas.ts';
import { unknownPayment, type Refusal } from '../../../contracts/failures.ts';
import type { PaymentView } from '../../../contracts/payments/schemas.ts';
import { retakeUnits } from '../bookings/hold.ts';
import { logEntry, selectBooking } from '../bookings/queries.ts';
import { toBookingView, type BookingRow } from '../bookings/rows.ts';
import { accounts, settlementPosting, type Entry } from '../ledger.ts';
import { noticesOf } from '../notices.ts';
import type { Database } from '../schema.ts';
import { together, type Changes } from '../together.ts';
import { selectPayment, toLedgerPayment, toPaymentView, type PaymentRow } from './rows.ts';

/**
 * For the caller's own transaction: what the money was for becomes certain in the same moment. Repeated, it answers the
 * payment as it is.
 * @param shares who earns how much; they sum to what was captured.
 */
export async function settlePayment(tx: Transaction<Database>, tenantId: string, paymentId: string, shares: readonly Entry[]): Promise<PaymentView | Refusal> {
  const row = await selectPayment(tx, tenantId, paymentId, 'for update');
  if (row === undefined) return unknownPayment(paymentId);
  if (row.status === 'settled') return toPaymentView(row);
  if (row.status !== 'captured') return notCaptured(row);
  return toPaymentView(await together(tx, settlement(row, shares)).selectFrom(sql<PaymentRow>`settled`.as('settled')).selectAll().executeTakeFirstOrThrow());
}

/** @returns the row as `settled`. */
function settlement(captured: PaymentRow, shares: readonly Entry[]): Changes {
  return {
    ...settlementPosting(toLedgerPayment(captured), shares, captured.refunded_minor),
    settled: sql`UPDATE payments SET status = 'settled', updated_at = now() WHERE tenant_id = ${captured.tenant_id} AND id = ${captured.id} RETURNING *`,
  };
}

/**
 * Confirms a booking that was paid for. Money that comes after the hold ended takes the resource again if it is free.
 * A vehicle has a new owner then (A3).
 * @param payment locked.
 * @returns why it cannot be had for this money any more: the transaction must be rolled back then, and the money given back.
 */
export async function settleBooking(tx: Transaction<Database>, bookingId: string, payment: PaymentRow): Promise<BookingView | Refusal> {
  const { tenant_id: tenantId, id: paymentId } = payment;
  // The order in which everybody locks: resource, then booking.
  await sql`SELECT FROM resources WHERE tenant_id = ${tenantId} AND id = (SELECT resource_id FROM bookings WHERE tenant_id = ${tenantId} AND id = ${bookingId}) FOR UPDATE`.execute(tx);
  const row = await selectBooking(tx, tenantId, bookingId, 'for update');
  if (row === undefined) return { refused: 'booking_not_found', detail: `There is no booking ${bookingId}.` };
  if (payment.status === 'settled') return toBookingView(row);
  if (payment.status !== 'captured') return notCaptured(payment);
  const refusal = refuseOtherPrice(row, payment) ?? (await claim(tx, row, paymentId));
  if (refusal !== undefined) return refusal;

  const notice = { audience: 'customer', recipientId: row.customer_id, template: 'booking_confirmed', subjectId: bookingId, data: { paymentId, amountMinor: payment.captured_minor, currency: payment.currency } } as const;
  const confirmed = await together(tx, {
    ...settlement(payment, [{ account: accounts.revenue, amountMinor: payment.captured_minor }]),
    logged: logEntry(tenantId, bookingId, 'confirmed', paymentId),
    told: noticesOf(tenantId, [notice]),
  })
    .updateTable('bookings')
    .set({ status: 'confirmed', reason: null, reference: paymentId, hold_expires_at: null, updated_at: sql`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', bookingId)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (row.kind === 'vehicle') {
    await sql`UPDATE resources SET owner_id = ${row.customer_id}, sold_at = now(), updated_at = now() WHERE tenant_id = ${tenantId} AND id = ${row.resource_id}`.execute(tx);
  }
  return toBookingView({ ...confirmed, resource_name: row.resource_name, kind: row.kind });
}

const notCaptured = ({ id, status }: PaymentRow): Refusal => ({ refused: 'payment_closed', detail: `Payment ${id} is ${status}; only captured money can be settled.` });

/** A hold that was moved to other dates after this payment had failed, say: money that comes late is for the old ones. */
function refuseOtherPrice({ status, amount_minor, currency }: BookingRow, payment: PaymentRow): Refusal | undefined {
  if (status === 'confirmed' || (amount_minor === payment.amount_minor && currency === payment.currency)) return undefined;
  return { refused: 'amount_mismatch', detail: `It costs ${amount_minor} ${currency} in minor units now; paid were ${payment.amount_minor} ${payment.currency}.` };
}

/** Makes sure that the units are this booking's. A hold that nobody has ended yet still has them, late or not. */
async function claim(tx: Transaction<Database>, row: BookingRow, paymentId: string): Promise<Refusal | undefined> {
  // The desk may have confirmed it already, naming this very payment.
  if (row.status === 'held' || (row.status === 'confirmed' && row.reference === paymentId)) return undefined;
  const lapsed = row.status === 'released' && (row.reason === 'expired' || row.reason === 'payment_failed');
  if (!lapsed) return { refused: 'booking_closed', detail: `The booking is ${row.status}${row.reason === null ? '' : ` (${row.reason})`}.` };
  return await retakeUnits(tx, row);
}

/** Whether money taken now would find its booking. A look before it is taken; the settlement decides. */
export async function stillWanted(db: Kysely<Database>, tenantId: string, bookingId: string): Promise<boolean> {
  const row = await selectBooking(db, tenantId, bookingId);
  return row !== undefined && toBookingView(row).status === 'held';
}
