/** How a run comes to its booking: take it, or pick it up from the database. */
import { ActivityFailure, ApplicationFailure, condition, TemporalFailure } from '@temporalio/workflow';
import { bookingReasons, type BookingInput, type BookingReason, type HoldRequest } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { backgroundHoldLadderMs } from '../../contracts/task-queues.ts';
import { atOnce, firmly, inBackground, notifications } from '../proxies.ts';
import { reasonFor, type RunState } from './state.ts';
import { tell, tellWaiting } from './story.ts';

/** What has been asked of this run by signal. */
export interface Wishes {
  cancel: boolean;
  resume: boolean;
  refresh: boolean;
  /** What somebody else made of the booking, as he told. */
  told: BookingView | undefined;
}

type Ref = Pick<BookingInput, 'tenantId' | 'bookingId'>;

export function decide({ request, ...ref }: BookingInput, wishes: Wishes, run: RunState): Promise<BookingView | Refusal> {
  return request === undefined ? firmly((steps) => steps.loadBooking(ref)) : take(ref, request, wishes, run, false);
}

/** Tries a failed booking once more. Nobody waits for the answer, so a refusal is written down and told, too. */
export async function takeAgain(ref: Ref, failed: BookingView, wishes: Wishes, run: RunState): Promise<BookingView | Refusal> {
  wishes.resume = false;
  run.decision = undefined;
  run.inBackground = true;
  return await take(ref, requestOf(failed), wishes, run, true);
}

/** At once if it can be, else in the background with three attempts (D2). */
async function take(ref: Ref, request: HoldRequest, wishes: Wishes, run: RunState, revive: boolean): Promise<BookingView | Refusal> {
  try {
    const outcome = await atOnce.holdBooking(ref, request, Date.now(), revive);
    return isRefusal(outcome) && run.inBackground ? await giveUp(ref, request, reasonFor(outcome), wishes, run) : outcome;
  } catch (error) {
    return await takeInBackground(ref, request, wishes, run, reasonOf(error), revive);
  }
}

async function takeInBackground(ref: Ref, request: HoldRequest, wishes: Wishes, run: RunState, firstReason: BookingReason, revive: boolean): Promise<BookingView | Refusal> {
  run.inBackground = true;
  let reason = firstReason;
  for (const [index, waitMs] of backgroundHoldLadderMs.entries()) {
    const attempt = `attempt ${index + 1} of ${backgroundHoldLadderMs.length}`;
    tellWaiting(request, attempt, reason);
    // A `resume` that came during the attempt before cuts this wait short, too.
    if (waitMs > 0) await condition(() => wishes.cancel || wishes.resume, waitMs, { summary: `wait before ${attempt}` });
    wishes.resume = false;
    if (wishes.cancel) break;
    try {
      const outcome = await inBackground.holdBooking.executeWithOptions({ summary: attempt }, [ref, request, Date.now(), revive]);
      return isRefusal(outcome) ? await giveUp(ref, request, reasonFor(outcome), wishes, run) : outcome;
    } catch (error) {
      reason = reasonOf(error);
    }
  }
  if (wishes.cancel) return await firmly((steps) => steps.recordUnmadeBooking(ref, request, 'released', 'cancelled'));
  return await giveUp(ref, request, reason, wishes, run);
}

/** Whoever was told "pending" must find the end in the list and be told; whoever still waits just gets a refusal. */
async function giveUp(ref: Ref, request: HoldRequest, reason: BookingReason, wishes: Wishes, run: RunState): Promise<BookingView | Refusal> {
  const recorded = await firmly((steps) => steps.recordUnmadeBooking(ref, request, 'failed', reason));
  if (isRefusal(recorded) || recorded.status !== 'failed') return recorded;
  run.gaveUp = true;
  // Whoever asks again from here on has seen that it failed.
  wishes.resume = false;
  // The booking has failed from here on, also for whoever asks while the customer is being told.
  run.decision = recorded;
  tell(recorded);
  await notifications.notifyCustomer({ ...ref, customerId: request.customerId, template: 'booking_failed', data: { reason, resourceId: request.resourceId } }, recorded.updatedAt);
  return recorded;
}

/** @throws what is not an activity's failure: a defect must stop the workflow task, not look like a full house. */
function reasonOf(error: unknown): BookingReason {
  if (!(error instanceof TemporalFailure)) throw error;
  // A local activity's failure arrives bare, an ordinary one's wrapped.
  const failure = error instanceof ActivityFailure ? error.cause : error;
  const type = failure instanceof ApplicationFailure ? failure.type : undefined;
  return bookingReasons.find((reason) => reason === type) ?? 'database_unavailable';
}

function requestOf(found: BookingView): HoldRequest {
  const { resourceId, customerId, quantity, from, to } = found;
  return { resourceId, customerId, quantity, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}
