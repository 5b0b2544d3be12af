/** Steps of a booking that exists. Each is one conditional update: repeated, it answers what the first time did. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { holdMs, type BookingReason } from '../../../contracts/bookings/flow.ts';
import type { BookingView } from '../../../contracts/bookings/schemas.ts';
import { unknownBooking, type Refusal } from '../../../contracts/failures.ts';
import type { Database } from '../schema.ts';
import { selectBooking, writeLog } from './queries.ts';
import { toBookingView } from './rows.ts';
import { refuseWhileSold } from './sold.ts';

type Outcome = BookingView | Refusal;

export async function confirmBooking(db: Kysely<Database>, tenantId: string, bookingId: string, reference: string): Promise<Outcome> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectBooking(tx, tenantId, bookingId, 'for update');
    if (row === undefined) return unknownBooking(bookingId);
    const booking = toBookingView(row);
    if (booking.status === 'confirmed' && booking.reference === reference) return booking;
    if (booking.status !== 'held') return notHeld(booking);
    await tx
      .updateTable('bookings')
      .set({ status: 'confirmed', reference, hold_expires_at: null, updated_at: new Date() })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', bookingId)
      .execute();
    await writeLog(tx, tenantId, bookingId, 'confirmed', reference);
    return await viewOf(tx, tenantId, bookingId);
  });
}

/** One extension of 15 minutes from the time the hold would have ended. */
export async function extendBooking(db: Kysely<Database>, tenantId: string, bookingId: string, requestedExpiry: Date): Promise<Outcome> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectBooking(tx, tenantId, bookingId, 'for update');
    if (row === undefined) return unknownBooking(bookingId);
    const booking = toBookingView(row);
    if (booking.status !== 'held' || row.hold_expires_at === null) return notHeld(booking);
    if (row.extended) {
      // A repeat of the call that did it is answered; a second extension is refused.
      if (row.hold_expires_at.getTime() === requestedExpiry.getTime()) return booking;
      return { refused: 'already_extended', detail: `The hold was extended once and ends at ${row.hold_expires_at.toISOString()}.` };
    }
    await tx
      .updateTable('bookings')
      .set({ extended: true, hold_expires_at: requestedExpiry, updated_at: new Date() })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', bookingId)
      .execute();
    await writeLog(tx, tenantId, bookingId, 'extended', `by ${holdMs / 60_000} minutes`);
    return await viewOf(tx, tenantId, bookingId);
  });
}

/**
 * Gives the units back. `held-only` is for the end of a hold: a booking confirmed at the last moment stays confirmed.
 * @returns `not_cancellable` for a vehicle whose money has not been given back.
 */
export async function releaseBooking(db: Kysely<Database>, tenantId: string, bookingId: string, reason: BookingReason, which: 'held-only' | 'held-or-confirmed'): Promise<Outcome> {
  return await db.transaction().execute(async (tx) => await releaseBookingIn(tx, tenantId, bookingId, reason, which));
}

/** {@link releaseBooking}, in a transaction of which it is a part. */
export async function releaseBookingIn(tx: Transaction<Database>, tenantId: string, bookingId: string, reason: BookingReason, which: 'held-only' | 'held-or-confirmed'): Promise<Outcome> {
  const row = await selectBooking(tx, tenantId, bookingId, 'for update');
  if (row === undefined) return unknownBooking(bookingId);
  const releasable = row.status === 'held' || (row.status === 'confirmed' && which === 'held-or-confirmed');
  if (!releasable) return toBookingView(row);
  const refusal = await refuseWhileSold(tx, tenantId, toBookingView(row));
  if (refusal !== undefined) return refusal;
  await sql`DELETE FROM allocations WHERE tenant_id = ${tenantId} AND booking_id = ${bookingId}`.execute(tx);
  await tx
    .updateTable('bookings')
    .set({ status: 'released', reason, hold_expires_at: null, updated_at: new Date() })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', bookingId)
    .execute();
  // A vehicle that is given back is the shop's again.
  if (row.kind === 'vehicle' && row.status === 'confirmed') await tx.updateTable('resources').set({ owner_id: null, sold_at: null }).where('tenant_id', '=', tenantId).where('id', '=', row.resource_id).execute();
  await writeLog(tx, tenantId, bookingId, 'released', reason);
  return await viewOf(tx, tenantId, bookingId);
}

async function viewOf(db: Kysely<Database>, tenantId: string, bookingId: string): Promise<Outcome> {
  const row = await selectBooking(db, tenantId, bookingId);
  return row === undefined ? unknownBooking(bookingId) : toBookingView(row);
}

export function notHeld(booking: BookingView): Refusal {
  if (booking.reason === 'expired') return { refused: 'hold_expired', detail: 'The hold has ended. Book again.' };
  return { refused: 'booking_not_held', detail: `The booking is ${booking.status}${booking.reason === undefined ? '' : ` (${booking.reason})`}.` };
}
