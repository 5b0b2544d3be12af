/** Steps of a booking. Each is one database transaction and idempotent, so repeating one is always safe. */
import { Context } from '@temporalio/activity';
import { holdMs, type BookingReason, type HoldRequest } from '../contracts/bookings/flow.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { unknownBooking, type Refusal } from '../contracts/failures.ts';
import { holdBooking, recordUnmadeBooking, rescheduleBooking } from '../services/database/bookings/hold.ts';
import { findBooking } from '../services/database/bookings/queries.ts';
import { confirmBooking, extendBooking, releaseBooking } from '../services/database/bookings/transitions.ts';
import type { Databases } from '../services/database/connection.ts';
import { isImpossible } from '../services/database/errors.ts';
import { named } from './failures.ts';

export interface BookingRef {
  readonly tenantId: string;
  readonly bookingId: string;
}

type Outcome = BookingView | Refusal;

export function createBookingActivities({ databases: { write } }: { databases: Databases }) {
  return {
    /**
     * @param nowMs the workflow's clock: the hold's 15 minutes run on the clock that will end it.
     * @param revive whether a booking that has failed is tried again.
     */
    async holdBooking(ref: BookingRef, request: HoldRequest, nowMs: number, revive: boolean): Promise<Outcome> {
      // A background attempt runs later than the workflow scheduled the first one; the guest still gets 15 minutes.
      const startsMs = Math.max(nowMs, Context.current().info.currentAttemptScheduledTimestampMs);
      return await answered(() => holdBooking(write, { ...ref, request, heldUntil: new Date(startsMs + holdMs), revive }));
    },

    async recordUnmadeBooking(ref: BookingRef, request: HoldRequest, status: 'failed' | 'released', reason: BookingReason): Promise<Outcome> {
      return await answered(() => recordUnmadeBooking(write, { ...ref, request }, status, reason));
    },

    async loadBooking(ref: BookingRef): Promise<Outcome> {
      const booking = await answered(() => findBooking(write, ref.tenantId, ref.bookingId));
      return booking ?? unknownBooking(ref.bookingId);
    },

    async confirmBooking(ref: BookingRef, reference: string): Promise<Outcome> {
      return await answered(() => confirmBooking(write, ref.tenantId, ref.bookingId, reference));
    },

    async extendBooking(ref: BookingRef, heldUntil: string): Promise<Outcome> {
      return await answered(() => extendBooking(write, ref.tenantId, ref.bookingId, new Date(heldUntil)));
    },

    async rescheduleBooking(ref: BookingRef, dates: { from: string; to: string }): Promise<Outcome> {
      return await answered(() => rescheduleBooking(write, ref.tenantId, ref.bookingId, dates));
    },

    async releaseBooking(ref: BookingRef, reason: BookingReason, which: 'held-only' | 'held-or-confirmed'): Promise<Outcome> {
      return await answered(() => releaseBooking(write, ref.tenantId, ref.bookingId, reason, which));
    },
  };
}

export type BookingActivities = ReturnType<typeof createBookingActivities>;

/** What can never be stored is refused: a step that is repeated until it is through would otherwise be repeated for ever. */
async function answered<Result>(step: () => Promise<Result>): Promise<Result | Refusal> {
  return await named(async () => {
    try {
      return await step();
    } catch (error) {
      if (!isImpossible(error)) throw error;
      return { refused: 'invalid_request', detail: 'The database cannot store this.' } as const;
    }
  });
}
