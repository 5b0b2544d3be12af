/** Giving money back, until the gateway has done it or has said that it will not. */
import { ApplicationFailure, CancellationScope, condition, patched, sleep } from '@temporalio/workflow';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { PaymentView, RefundView } from '../../contracts/payments/schemas.ts';
import { refundLadderMs, unknownPaymentLadderMs } from '../../contracts/task-queues.ts';
import { inTurn } from '../bookings/messages.ts';
import { renew, type PaymentRun } from './run.ts';
import { failureOf, firmly, gateway, question, rungOf } from './steps.ts';
import { tell } from './story.ts';

interface Ref {
  readonly tenantId: string;
  readonly paymentId: string;
}

/** The refund that gives all of a payment back has its suffix: asked for twice, it is one. */
export const fullRefundId = (paymentId: string): string => `rfd_${paymentId.slice(paymentId.indexOf('_') + 1)}`;

/** One after the other: not every gateway can tell two refunds of one payment apart while both are under way. */
export async function refundWanted(run: PaymentRun): Promise<void> {
  for (let refundId = run.wanted.shift(); refundId !== undefined; refundId = run.wanted.shift()) await refundUntilDone(run, refundId);
}

/** Temporal forgets a message whose worker dies before it is answered; what the message had written is there. */
export async function findLostRefunds(run: PaymentRun): Promise<void> {
  const { outcome } = run;
  if (outcome === undefined || isRefusal(outcome) || outcome.captured === outcome.refunded) return;
  for (const { id } of await firmly(run, async (steps) => await steps.loadOpenRefunds(run.ref))) if (!run.wanted.includes(id)) run.wanted.push(id);
}

/** Carries one refund through. A gateway that is away is asked again, for as long as it takes. */
async function refundUntilDone(run: PaymentRun, refundId: string): Promise<RefundView | Refusal> {
  for (let round = 0; ; round += 1) {
    try {
      const refund = await attempt(run.ref, refundId, () => run.told);
      run.parked = undefined;
      await reload(run);
      return refund;
    } catch (error) {
      run.parked = `refund ${refundId}: ${failureOf(error).message}`;
      tell(run);
      await condition(() => run.resume, rungOf(unknownPaymentLadderMs, round + 2), { summary: 'try the refund again' });
      run.resume = false;
      await renew(run);
    }
  }
}

/** Gives back all that is left. What the gateway refuses to give back is parked until somebody resumes it. */
export async function giveBack(run: PaymentRun, why: string): Promise<void> {
  for (;;) {
    // Somebody may have asked for a part of it, or for all, in the same moment, or of a run that is gone.
    await findLostRefunds(run);
    await refundWanted(run);
    if (!isCaptured(run)) return;
    const wish = { refundId: fullRefundId(run.ref.paymentId), reason: why, allOfIt: true };
    const requested = await firmly(run, async (steps) => await steps.requestRefund(run.ref, wish));
    const refund = isRefusal(requested) ? requested : await refundUntilDone(run, requested.id);
    if (!isCaptured(run)) return;
    if (run.wanted.length > 0) continue;
    run.parked = `it should be given back (${why}), but: ${isRefusal(refund) ? refund.detail : (refund.failure ?? 'another refund of it has failed')}`;
    tell(run);
    await condition(() => run.resume || run.wanted.length > 0);
    run.resume = false;
    run.parked = undefined;
    await reload(run);
  }
}

const isCaptured = ({ outcome }: PaymentRun): boolean => outcome !== undefined && !isRefusal(outcome) && outcome.status === 'captured';

/**
 * The undo of a payment, for sagas: whatever was taken is given back, and what was not is given up. Does nothing when
 * there is nothing to undo.
 * @throws {ApplicationFailure} `payment_unknown`, `gateway_unavailable`, `gateway_refused`: not undone yet.
 */
export async function undoPayment(ref: Ref, refundId: string, reason: string): Promise<void> {
  const undo = { inTurn: inTurn() };
  await CancellationScope.nonCancellable(async () => {
    let view = await firmly(undo, async (steps) => await steps.loadPayment(ref));
    if (isRefusal(view)) return;
    if (isUndecided(view)) {
      const asked = await question.lookUp(ref);
      if (!('absent' in asked)) view = asked;
      if (!isRefusal(view) && (view.status === 'created' || view.status === 'authorised') && view.gatewayRef !== undefined) view = await gateway.giveUp(ref);
      // The gateway speaks of other money than ours: that is for people to look at, and nothing is undone yet.
      if (isRefusal(view) && view.refused !== 'payment_not_found' && patched('park-an-undo-of-other-money')) throw ApplicationFailure.nonRetryable(view.detail, 'payment_unknown');
      if (!isRefusal(view) && isUndecided(view)) view = await firmly(undo, async (steps) => await steps.failPayment(ref, 'cancelled', reason));
    }
    for (let round = 0; !isRefusal(view) && view.captured !== view.refunded; round += 1) {
      const requested = await firmly(undo, async (steps) => await steps.requestRefund(ref, { refundId, reason, allOfIt: true }));
      const refund = !isRefusal(requested) && requested.status === 'requested' ? await attempt(ref, requested.id) : requested;
      // A refusal of the wish says that somebody else has promised the rest already.
      if (!isRefusal(requested) && (isRefusal(refund) || refund.status !== 'succeeded')) {
        throw ApplicationFailure.nonRetryable(isRefusal(refund) ? refund.detail : (refund.failure ?? 'the gateway refused the refund'), 'gateway_refused');
      }
      if (!patched('undo-until-all-is-back')) return;
      if (round > 0) await sleep(rungOf(refundLadderMs, round - 1), { summary: 'wait for the refund that somebody else wished' });
      view = await firmly(undo, async (steps) => await steps.loadPayment(ref));
    }
  });
}

/**
 * Sends it, and waits for a gateway that takes its time.
 * @param told how often the gateway has told something: when it does, it is asked at once.
 * @throws what {@link failureOf} understands.
 */
async function attempt(ref: Ref, refundId: string, told = (): number => 0): Promise<RefundView | Refusal> {
  let refund = await gateway.refund(ref, refundId);
  for (let round = 0; !isRefusal(refund) && refund.status === 'requested'; round += 1) {
    const before = told();
    await condition(() => told() !== before, rungOf(refundLadderMs, round), { summary: 'wait for the refund' });
    refund = await question.lookUpRefund(ref, refundId);
  }
  return refund;
}

async function reload(run: PaymentRun): Promise<void> {
  run.outcome = await firmly(run, async (steps) => await steps.loadPayment(run.ref));
  tell(run);
}

const isUndecided = ({ status }: PaymentView): boolean => status === 'created' || status === 'authorised' || status === 'unknown' || status === 'reconciling';
