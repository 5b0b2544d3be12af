/** What a run knows about its booking. */
import type { BookingView, HoldOutcome } from '../../contracts/bookings.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';

export interface RunState {
  /** The booking as the database last answered it, or why there is none. Absent until that is decided. */
  decision: BookingView | Refusal | undefined;
  /** The first tries did not get through; the caller has been told "pending". */
  inBackground: boolean;
}

function bookingOf({ decision }: RunState): BookingView | undefined {
  return decision === undefined || isRefusal(decision) ? undefined : decision;
}

export const viewOf = (run: RunState, bookingId: string): HoldOutcome => bookingOf(run) ?? { id: bookingId, status: 'pending' };
export const isHeld = (run: RunState): boolean => bookingOf(run)?.status === 'held';
export const isOpen = (run: RunState): boolean => isHeld(run) || bookingOf(run)?.status === 'confirmed';

export function holdEndMs(run: RunState): number | undefined {
  const expiresAt = bookingOf(run)?.expiresAt;
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
}
