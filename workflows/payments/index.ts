/**
 * One payment: created → authorised → captured → settled; failed; refunded; unknown → reconciling.
 *
 * The database row is the state; the flow looks at it and takes the next step, so a run that picks a payment up, after
 * months even, goes on wherever the one before ended. A run ends when nothing is left to wait for.
 */
import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { isRefusal, unknownPayment, type Refusal } from '../../contracts/failures.ts';
import { paymentMessages, type OfTenant, type PaymentInput, type RefundWish } from '../../contracts/payments/flow.ts';
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import { expected, inTurn } from '../bookings/messages.ts';
import { advance } from './advance.ts';
import type { PaymentRun } from './run.ts';
import { findLostRefunds, refundWanted } from './refund.ts';
import { firmly } from './steps.ts';
import { progressOf, tell } from './story.ts';

export function payment(input: PaymentInput): Promise<PaymentView | Refusal> {
  const run: PaymentRun = { ref: { tenantId: input.tenantId, paymentId: input.paymentId }, outcome: undefined, cancel: input.cancel ?? false, resume: false, look: false, told: 0, wanted: [], inTurn: inTurn(), unknowns: 0, parked: undefined };
  CancellationScope.current().cancelRequested.catch(() => void (run.cancel = true));
  return CancellationScope.nonCancellable(() => live(input, run));
}

async function live(input: PaymentInput, run: PaymentRun): Promise<PaymentView | Refusal> {
  setHandler(paymentMessages.status, () => (run.outcome === undefined || isRefusal(run.outcome) ? undefined : run.outcome));
  setHandler(paymentMessages.progress, () => progressOf(run));
  setHandler(paymentMessages.cancel, () => void (run.cancel = true));
  setHandler(paymentMessages.resume, () => void (run.resume = true));
  setHandler(paymentMessages.gatewayEvent, () => {
    run.look = true;
    run.told += 1;
  });
  const ownTenantOnly = {
    validator: ({ tenantId }: OfTenant) => {
      if (tenantId !== input.tenantId) throw expected(unknownPayment(input.paymentId));
    },
  };
  setHandler(paymentMessages.begin, async () => {
    await condition(() => run.outcome !== undefined && (isRefusal(run.outcome) || run.parked !== undefined || mayAnswer(run.outcome)));
    if (run.outcome === undefined || isRefusal(run.outcome)) throw expected(run.outcome ?? unknownPayment(input.paymentId));
    return run.outcome;
  }, ownTenantOnly);
  setHandler(paymentMessages.refund, async ({ refundId, amountMinor, reason }: OfTenant & RefundWish) => {
    const wish = { refundId, ...(amountMinor !== undefined && { amountMinor }), ...(reason !== undefined && { reason }) };
    const refund = await firmly(run, async (steps) => await steps.requestRefund(run.ref, wish));
    if (isRefusal(refund)) throw expected(refund);
    if (refund.status === 'requested') run.wanted.push(refund.id);
    return refund;
  }, ownTenantOnly);

  const { request } = input;
  run.outcome = await firmly(run, (steps) => (request === undefined ? steps.loadPayment(run.ref) : steps.beginPayment(run.ref, request, Date.now())));
  tell(run);
  let told = request === undefined ? -1 : 0;
  do {
    if (!isRefusal(run.outcome)) await advance(run);
    if (told !== run.told) {
      told = run.told;
      await findLostRefunds(run);
    }
    await refundWanted(run);
    await condition(allHandlersFinished);
  } while (!isRefusal(run.outcome) && (run.wanted.length > 0 || run.look || told !== run.told));
  return run.outcome;
}

/** Whoever began the payment is answered when the payer has to act, or when it is decided, or when that will take a while. */
function mayAnswer({ status, redirectUrl, processing }: PaymentView): boolean {
  return status === 'created' ? redirectUrl !== undefined || processing : status !== 'authorised' && status !== 'captured';
}
