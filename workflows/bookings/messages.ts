/** What message handlers need: refusals as failures, and one change at a time. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { RunState } from './state.ts';
import type { BookingInput } from '../../contracts/bookings/flow.ts';
import { failures, unknownBooking, type FailureCode, type Refusal } from '../../contracts/failures.ts';

/** A refusal is business as usual: BENIGN keeps it out of error logs and failure counts. */
export function expected(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.create({ type: refusal.refused, message: refusal.detail, nonRetryable: true, category: 'BENIGN' });
}

/** Whoever changes a booking must not be kept waiting for minutes until it is known whether there is one. */
export function refuseWhilePending(run: RunState, bookingId: string): void {
  if (run.decision === undefined && run.inBackground) throw expected({ refused: 'booking_not_held', detail: `${bookingId} is still pending.` });
}

/** Ends the run as failed, so that operators find it among the failures; `resume` starts another. */
export function brokenDown({ id, reason }: { id: string; reason: FailureCode }): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: `${id} could not be made: ${failures[reason].meaning} Signal \`resume\` tries again.`, nonRetryable: true });
}

/** A validator: synchronous and read-only. To a stranger the booking does not exist. */
export function refuseOtherTenant(tenantId: string, input: BookingInput): void {
  if (tenantId !== input.tenantId) throw expected(unknownBooking(input.bookingId));
}

/** @returns a function that starts a piece of work when the one before has ended, well or not. */
export function inTurn(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}
