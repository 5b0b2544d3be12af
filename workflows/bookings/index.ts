/**
 * One booking: hold → confirmed, or released (expired, cancelled), or failed.
 *
 * A run ends when nothing is left to wait for. A later wish (cancel or move a confirmed booking, try a failed one
 * again) starts a new run under the same workflow id, which picks the booking up from the database; so no workflow is
 * kept open for months, and a history stays short.
 */
import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { bookingMessages, holdMs, type BookingInput, type BookingReason, type OfTenant } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { firmly, type BookingStep } from '../proxies.ts';
import { shielded } from '../steps.ts';
import { decide, takeAgain, type Wishes } from './decide.ts';
import { brokenDown, expected, inTurn, refuseOtherTenant, refuseWhilePending } from './messages.ts';
import { failedBooking, holdEndMs, isBrokenDown, isExpired, isHeld, isOpen, viewOf, type RunState } from './state.ts';
import { holdTimerSummary, progressOf, tell } from './story.ts';

// The worker records a stack trace for each promise that a workflow makes, so the way to the hold makes few of them.
export function booking(input: BookingInput): Promise<BookingView | Refusal> {
  const wishes: Wishes = { cancel: false, resume: false, refresh: false, told: undefined };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  CancellationScope.current().cancelRequested.catch(() => void (wishes.cancel = true));
  return CancellationScope.nonCancellable(() => live(input, wishes));
}

async function live(input: BookingInput, wishes: Wishes): Promise<BookingView | Refusal> {
  const ref = { tenantId: input.tenantId, bookingId: input.bookingId };
  const run: RunState = { decision: undefined, inBackground: false, pickedUp: input.request === undefined, gaveUp: false, notCancelled: undefined };
  const oneAtATime = inTurn();
  /** This run has seen to it itself. */
  let endWritten = false;
  const isOverdue = (): boolean => isExpired(run) && !endWritten;

  setHandler(bookingMessages.status, () => viewOf(run, ref.bookingId));
  setHandler(bookingMessages.progress, () => progressOf(run));
  setHandler(bookingMessages.cancel, () => void (wishes.cancel = true));
  setHandler(bookingMessages.detach, () => void (run.inBackground = true));
  setHandler(bookingMessages.resume, () => void (wishes.resume = true));
  setHandler(bookingMessages.refresh, (told) => {
    wishes.refresh = true;
    if (told?.id === ref.bookingId) wishes.told = told;
  });
  const ownTenantOnly = { validator: ({ tenantId }: OfTenant) => refuseOtherTenant(tenantId, input) };
  const ownAndDecided = {
    validator: ({ tenantId }: OfTenant) => {
      refuseOtherTenant(tenantId, input);
      refuseWhilePending(run, ref.bookingId);
    },
  };
  setHandler(bookingMessages.hold, async () => {
    await condition(() => run.decision !== undefined || run.inBackground);
    if (run.decision !== undefined && isRefusal(run.decision)) throw expected(run.decision);
    return viewOf(run, ref.bookingId);
  }, ownTenantOnly);
  setHandler(bookingMessages.confirm, ({ reference }) => change((steps) => steps.confirmBooking(ref, reference ?? ref.bookingId)), ownAndDecided);
  setHandler(bookingMessages.reschedule, ({ from, to }) => change((steps) => steps.rescheduleBooking(ref, { from, to })), ownAndDecided);
  setHandler(bookingMessages.extend, () => change((steps) => steps.extendBooking(ref, new Date((holdEndMs(run) ?? 0) + holdMs).toISOString())), ownAndDecided);

  run.decision = await decide(input, wishes, run);
  tell(run.decision);
  do {
    const failed = failedBooking(run);
    if (failed !== undefined && wishes.resume) {
      run.decision = await takeAgain(ref, failed, wishes, run);
      tell(run.decision);
    }
    while (isHeld(run) && !wishes.cancel) {
      // The hold is this timer. It is set anew when the hold is extended.
      const endMs = holdEndMs(run) ?? 0;
      const changed = (): boolean => holdEndMs(run) !== endMs || wishes.cancel || wishes.refresh;
      const timeIsUp = !(await condition(changed, Math.max(endMs - Date.now(), 1), { summary: holdTimerSummary(endMs) }));
      if (timeIsUp) await release('expired', 'held-only', () => !changed());
      else if (wishes.refresh) await look();
    }
    // A hold past its time reads as released, whoever looks, before anybody has written so; this writes it and frees the units.
    if (isOverdue()) await release('expired', 'held-only');
    if (wishes.cancel && isOpen(run)) await giveBack();
    await condition(allHandlersFinished);
  } while (isHeld(run) || isOverdue() || (wishes.cancel && isOpen(run)) || (wishes.resume && failedBooking(run) !== undefined));
  if (run.gaveUp && isBrokenDown(run.decision)) throw brokenDown(run.decision);
  return run.decision;

  /** Steps run one after the other, each on the state that the one before left. */
  async function change(step: BookingStep): Promise<BookingView> {
    return await shielded(async () => {
      if (run.decision === undefined) await condition(() => run.decision !== undefined);
      return await oneAtATime(async () => {
        const outcome = run.decision !== undefined && isRefusal(run.decision) ? run.decision : await firmly(step);
        if (isRefusal(outcome)) throw expected(outcome);
        run.decision = outcome;
        tell(outcome, run.notCancelled);
        return outcome;
      });
    });
  }

  /** Somebody else changed the booking in the database. A hold that he has confirmed is at its end, so what he told will do. */
  async function look(): Promise<void> {
    const { told } = wishes;
    wishes.refresh = false;
    wishes.told = undefined;
    await change((steps) => (told?.status === 'confirmed' && isHeld(run) ? Promise.resolve(told) : steps.loadBooking(ref)));
  }

  /** A vehicle that is sold is refused: then everything stays as it is, and says why. */
  async function giveBack(): Promise<void> {
    try {
      await release('cancelled', 'held-or-confirmed');
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'not_cancellable') throw error;
      wishes.cancel = false;
      run.notCancelled = error.message;
      await look();
    }
  }

  /** @param stillMeant asked when its turn has come: an extension may have got in before the end of the hold. */
  async function release(reason: BookingReason, which: 'held-only' | 'held-or-confirmed', stillMeant = (): boolean => true): Promise<void> {
    await change(async (steps) => {
      if (!stillMeant()) return await steps.loadBooking(ref);
      endWritten = true;
      return await steps.releaseBooking(ref, reason, which);
    });
  }
}
