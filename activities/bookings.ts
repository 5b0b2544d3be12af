/** Steps of a booking. Each is one database transaction and idempotent, so repeating one is always safe. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { holdMs, type BookingReason, type HoldRequest } from '../contracts/bookings/flow.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { unknownBooking, type Refusal } from '../contracts/failures.ts';
import { holdBooking, recordUnmadeBooking, rescheduleBooking } from '../services/database/bookings/hold.ts';
import { findBooking } from '../services/database/bookings/queries.ts';
import { confirmBooking, extendBooking, releaseBooking } from '../services/database/bookings/transitions.ts';
import type { Databases } from '../services/database/connection.ts';
import { isConflict } from '../services/database/errors.ts';

export interface BookingRef {
  readonly tenantId: string;
  readonly bookingId: string;
}

type Outcome = BookingView | Refusal;

export function createBookingActivities({ databases: { write } }: { databases: Databases }) {
  return {
    /** @param nowMs the workflow's clock: the hold's 15 minutes run on the clock that will end it. */
    async holdBooking(ref: BookingRef, request: HoldRequest, nowMs: number): Promise<Outcome> {
      // A background attempt runs later than the workflow scheduled the first one; the guest still gets 15 minutes.
      const startsMs = Math.max(nowMs, Context.current().info.currentAttemptScheduledTimestampMs);
      return await named(() => holdBooking(write, { ...ref, request, heldUntil: new Date(startsMs + holdMs) }));
    },

    async recordUnmadeBooking(ref: BookingRef, request: HoldRequest, status: 'failed' | 'released', reason: BookingReason): Promise<Outcome> {
      return await named(() => recordUnmadeBooking(write, { ...ref, request }, status, reason));
    },

    async loadBooking(ref: BookingRef): Promise<Outcome> {
      const booking = await named(() => findBooking(write, ref.tenantId, ref.bookingId));
      return booking ?? unknownBooking(ref.bookingId);
    },

    async confirmBooking(ref: BookingRef, reference: string): Promise<Outcome> {
      return await named(() => confirmBooking(write, ref.tenantId, ref.bookingId, reference));
    },

    async extendBooking(ref: BookingRef, heldUntil: string): Promise<Outcome> {
      return await named(() => extendBooking(write, ref.tenantId, ref.bookingId, new Date(heldUntil)));
    },

    async rescheduleBooking(ref: BookingRef, dates: { from: string; to: string }): Promise<Outcome> {
      return await named(() => rescheduleBooking(write, ref.tenantId, ref.bookingId, dates));
    },

    async releaseBooking(ref: BookingRef, reason: BookingReason, which: 'held-only' | 'held-or-confirmed'): Promise<Outcome> {
      return await named(() => releaseBooking(write, ref.tenantId, ref.bookingId, reason, which));
    },
  };
}

export type BookingActivities = ReturnType<typeof createBookingActivities>;

/** Gives a database error its name from the failures table; its text would carry SQL and values into the history. */
async function named<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    const conflict = isConflict(error);
    Context.current().log.warn('booking step failed', { error: error instanceof Error ? error.message : 'not an Error', conflict });
    throw ApplicationFailure.retryable(conflict ? 'Another booking got in the way.' : 'The database did not answer as it should.', conflict ? 'database_conflict' : 'database_unavailable');
  }
}
