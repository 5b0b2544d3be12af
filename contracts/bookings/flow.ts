/**
 * The booking flow: its limits, its states and the messages it takes. No schema library is imported here:
 * workflows import this.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FlowProgress } from '../values.ts';
import type { BookingView, UnmadeBooking } from './schemas.ts';

/** A hold ends by itself after 15 minutes (A1, A2). */
export const holdMs = 15 * 60 * 1000;

/**
 * How long the caller of `POST /v1/bookings` is kept waiting before the answer is 202 and the flow goes on alone. Long
 * enough for a rush: a plain 201 or 409 some seconds late is worth more to a guest than a "we will see". (Deadlocks are answered
 * 202 as soon as the tries made at once are used up.)
 */
export const answerPatienceMs = 20_000;

/** The longest stay, in nights, that one booking may cover. */
export const maxNights = 366;

/**
 * pending: not decided yet. held: taken, not paid; ends by itself. confirmed: the guest has it. released: given back
 * (see `reason`). failed: could not be made although it was tried repeatedly (see `reason`); stays listed.
 */
export const bookingStatuses = ['pending', 'held', 'confirmed', 'released', 'failed'] as const;
export type BookingStatus = (typeof bookingStatuses)[number];

/** Why a booking was released or failed. */
export const bookingReasons = ['expired', 'cancelled', 'payment_failed', 'resource_unavailable', 'refused', 'database_conflict', 'database_unavailable'] as const;
export type BookingReason = (typeof bookingReasons)[number];

/** What is to be held. Ids only: the workflow's input and so its history carry no personal data. */
export interface HoldRequest {
  readonly resourceId: string;
  readonly customerId: string;
  readonly quantity: number;
  readonly from?: string;
  readonly to?: string;
}

/**
 * Input of the booking workflow. Without `request` the run picks up a booking that is already in the database: to
 * cancel or move a confirmed one, or to try a failed one again.
 */
export interface BookingInput {
  readonly tenantId: string;
  readonly bookingId: string;
  readonly request?: HoldRequest;
}

/** What the first answer says: the hold, its refusal, or that the flow goes on in the background. */
export type HoldOutcome = BookingView | UnmadeBooking;

/** Whether the booking stands for this wish. Dates are left out: the booking may have been moved since. */
export const standsFor = (booking: BookingView, request: HoldRequest): boolean =>
  booking.resourceId === request.resourceId && booking.customerId === request.customerId && booking.quantity === request.quantity;

/** How the step of a booking's progress begins that was to be cancelled and could not be. */
export const notCancelledPrefix = 'not cancelled: ';

export const isMade = (outcome: HoldOutcome): outcome is BookingView => 'resourceId' in outcome;

export interface OfTenant {
  readonly tenantId: string;
}

/** Every update names its tenant, and the flow refuses another one's: a guessed id opens nothing. */
export const bookingMessages = {
  /** Waits for the hold to be decided; sent with the start, so the decision comes back in one round trip. */
  hold: defineUpdate<HoldOutcome, [OfTenant]>('hold'),
  confirm: defineUpdate<BookingView, [OfTenant & { reference?: string }]>('confirm'),
  extend: defineUpdate<BookingView, [OfTenant]>('extend'),
  reschedule: defineUpdate<BookingView, [OfTenant & { from: string; to: string }]>('reschedule'),
  cancel: defineSignal('cancel'),
  /** The caller has been told "pending" and gone: whatever becomes of the booking must be listed and told. */
  detach: defineSignal('detach'),
  /** The booking changed in the database: look at it. Who has just confirmed it says what it is now, which saves the look. */
  refresh: defineSignal<[BookingView?]>('refresh'),
  /** Try again now: ends a wait between background attempts; on a failed booking, starts over. */
  resume: defineSignal('resume'),
  status: defineQuery<HoldOutcome>('status'),
  progress: defineQuery<FlowProgress>('progress'),
};
