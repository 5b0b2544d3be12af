/** What the row of a booking already rules out: such a change is refused without waking the flow. */
import { isMade, type HoldOutcome } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import type { Refusal } from '../../contracts/failures.ts';
import { refuseDates } from '../../services/database/bookings/rules.ts';

const inWords = ({ status, reason }: BookingView): string => `The booking is ${status}${reason === undefined ? '' : ` (${reason})`}.`;

function refuseUnlessHeld(booking: BookingView): Refusal | undefined {
  if (booking.status === 'held') return undefined;
  if (booking.reason === 'expired') return { refused: 'hold_expired', detail: 'The hold has ended. Book again.' };
  return { refused: 'booking_not_held', detail: inWords(booking) };
}

/** A repeat whose first answer got lost may come when what it held has ended already. */
export function refuseEnded(booking: HoldOutcome): Refusal | undefined {
  if (!isMade(booking) || booking.status === 'held' || booking.status === 'confirmed') return undefined;
  return { refused: booking.status === 'failed' ? 'booking_failed' : 'booking_closed', detail: inWords(booking) };
}

/** A repeat of the confirmation that was made is no mistake. */
export function refuseConfirm(booking: HoldOutcome, reference: string | undefined): Refusal | undefined {
  if (!isMade(booking)) return undefined;
  if (booking.status === 'confirmed' && booking.reference === (reference ?? booking.id)) return undefined;
  return refuseUnlessHeld(booking);
}

export function refuseExtend(booking: HoldOutcome): Refusal | undefined {
  if (!isMade(booking)) return undefined;
  const refusal = refuseUnlessHeld(booking);
  if (refusal !== undefined || !booking.extended) return refusal;
  return { refused: 'already_extended', detail: `The hold was extended once and ends at ${booking.expiresAt ?? 'its time'}.` };
}

export function refuseReschedule(booking: HoldOutcome, dates: { from: string; to: string }): Refusal | undefined {
  if (!isMade(booking)) return undefined;
  if (booking.kind !== 'room') return { refused: 'not_reschedulable', detail: `Only a room has dates; this is of kind ${booking.kind}.` };
  if (booking.status !== 'held' && booking.status !== 'confirmed') return { refused: 'booking_closed', detail: inWords(booking) };
  return refuseDates(booking.kind, dates, new Date());
}

/** Cancelling what is cancelled is not refused: it is answered. */
export function refuseCancel(booking: HoldOutcome): Refusal | undefined {
  const closed = isMade(booking) && (booking.status === 'failed' || (booking.status === 'released' && booking.reason !== 'cancelled'));
  return closed ? { refused: 'booking_closed', detail: inWords(booking) } : undefined;
}
