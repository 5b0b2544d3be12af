/** What a run knows about its booking. */
import type { BookingReason, HoldOutcome } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';

export interface RunState {
  /** The booking as the database last answered it, or why there is none. Absent until that is decided. */
  decision: BookingView | Refusal | undefined;
  /** The caller has been told "pending": the first tries did not get through, or took too long. */
  inBackground: boolean;
  /** The run picks up a booking that is in the database already. */
  readonly pickedUp: boolean;
  /** This run tried to make the booking and could not. */
  gaveUp: boolean;
  /** Why the wish to cancel it was refused. */
  notCancelled: string | undefined;
}

function bookingOf({ decision }: RunState): BookingView | undefined {
  return decision === undefined || isRefusal(decision) ? undefined : decision;
}

export function viewOf(run: RunState, bookingId: string): HoldOutcome {
  const { decision } = run;
  if (decision === undefined) return { id: bookingId, status: 'pending' };
  return isRefusal(decision) ? { id: bookingId, status: 'failed', reason: reasonFor(decision) } : decision;
}

export const reasonFor = ({ refused }: Refusal): BookingReason => (refused === 'resource_unavailable' ? refused : 'refused');

export const isExpired = (run: RunState): boolean => bookingOf(run)?.reason === 'expired';
export function failedBooking(run: RunState): BookingView | undefined {
  const booking = bookingOf(run);
  return booking?.status === 'failed' ? booking : undefined;
}
export const isHeld = (run: RunState): boolean => bookingOf(run)?.status === 'held';
export const isOpen = (run: RunState): boolean => isHeld(run) || bookingOf(run)?.status === 'confirmed';

/** It could not be made because something here is broken, not because the customer was refused. */
export const isBrokenDown = (decision: BookingView | Refusal): decision is BookingView & { reason: 'database_conflict' | 'database_unavailable' } =>
  !isRefusal(decision) && decision.status === 'failed' && (decision.reason === 'database_conflict' || decision.reason === 'database_unavailable');

export function holdEndMs(run: RunState): number | undefined {
  const expiresAt = bookingOf(run)?.expiresAt;
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
}
