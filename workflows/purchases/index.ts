/**
 * One purchase: of a held vehicle, or of a basket. pending → completed, or undoing → cancelled or failed.
 *
 * Cancelling it is honoured until the goods are handed over, which is one database transaction with the settlement of the
 * money. Whatever goes wrong before is undone: the money is given back, the vehicle is free again, and the customer and
 * the administrators are told why.
 */
import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { failures, isRefusal, type Refusal } from '../../contracts/failures.ts';
import { purchaseMessages, undoRefundIdOf, type OfTenant, type PurchaseInput, type PurchaseReason } from '../../contracts/purchases/flow.ts';
import type { PurchaseView } from '../../contracts/purchases/schemas.ts';
import { expected } from '../bookings/messages.ts';
import { startInvoice } from '../invoices/start.ts';
import { payFor, undoPayment } from '../payments/pay.ts';
import { createSaga } from '../saga.ts';
import { codeOf } from '../steps.ts';
import { compensation, firmly, forward, quickly, untilDone } from './steps.ts';
import { progressOf, tell, type PurchaseRun } from './story.ts';

export function purchase(input: PurchaseInput): Promise<PurchaseView | Refusal> {
  const run: PurchaseRun = { wishes: { cancel: false, resume: false }, outcome: undefined, stage: 'checking', parked: undefined, broken: undefined };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  CancellationScope.current().cancelRequested.catch(() => void (run.wishes.cancel = true));
  return CancellationScope.nonCancellable(() => live(input, run));
}

async function live(input: PurchaseInput, run: PurchaseRun): Promise<PurchaseView | Refusal> {
  setHandler(purchaseMessages.status, () => (run.outcome === undefined || isRefusal(run.outcome) ? undefined : run.outcome));
  setHandler(purchaseMessages.progress, () => progressOf(run));
  setHandler(purchaseMessages.cancel, () => void (run.wishes.cancel = true));
  setHandler(purchaseMessages.resume, () => void (run.wishes.resume = true));
  setHandler(purchaseMessages.begin, async () => {
    await condition(() => run.outcome !== undefined);
    if (run.outcome === undefined || isRefusal(run.outcome)) throw expected(run.outcome ?? unknown(input));
    return run.outcome;
  }, {
    validator: ({ tenantId }: OfTenant) => {
      if (tenantId !== input.tenantId) throw expected(unknown(input));
    },
  });

  run.outcome = await open(input, run);
  tell(run, 'checking');
  if (!isRefusal(run.outcome)) await carryThrough(input, run, run.outcome);
  await condition(allHandlersFinished);
  if (run.broken !== undefined) throw run.broken;
  return run.outcome;
}

const unknown = ({ purchaseId }: PurchaseInput): Refusal => ({ refused: 'purchase_not_found', detail: `There is no purchase ${purchaseId}.` });

async function open({ request, ...ref }: PurchaseInput, run: PurchaseRun): Promise<PurchaseView | Refusal> {
  try {
    return await quickly((steps) => (request === undefined ? steps.loadPurchase(ref) : steps.createPurchase(ref, request)));
  } catch (error) {
    const code = codeOf(error);
    run.broken = brokenDown(ref.purchaseId, code);
    return { refused: code, detail: failures[code].meaning };
  }
}

/** Why it came to nothing, and whether what the booking holds is given back with it. */
interface Stop {
  readonly reason: PurchaseReason;
  readonly releases: boolean;
}

async function carryThrough(input: PurchaseInput, run: PurchaseRun, begun: PurchaseView): Promise<void> {
  const ref = { tenantId: input.tenantId, purchaseId: input.purchaseId };
  const told: Promise<void>[] = [];
  const saga = createSaga(run.wishes, {
    undoing: () => {
      run.parked = undefined;
      tell(run, 'undoing');
    },
    parked: (step, why) => {
      run.parked = `${step}: ${why}`;
      tell(run, 'undoing');
      told.push(untilDone.tellPurchaseParked(ref, step, why, `${workflowInfo().runId}:${told.length}`));
    },
  });
  saga.undoWith('give the money back', async () => await undoPayment({ tenantId: ref.tenantId, paymentId: begun.paymentId }, undoRefundIdOf(ref.purchaseId), 'the purchase came to nothing'));

  const stop = begun.status === 'pending' ? await pursue(input, run, begun) : stopOf(begun);
  // What was decided in the database counts: a step that timed out may have completed the purchase all the same.
  const decided = stop === undefined ? run.outcome : await firmly((steps) => steps.beginPurchaseUndo(ref, stop.reason));
  run.outcome = decided;
  if (decided === undefined || isRefusal(decided)) return;
  if (decided.status === 'completed') {
    run.broken = undefined;
    return await conclude(ref, run, decided);
  }
  if (decided.status === 'undoing') {
    const { bookingId } = decided;
    if (bookingId !== undefined && stop?.releases === true) {
      saga.undoWith('give the vehicle back', async () => await compensation.releaseVehicle(ref.tenantId, bookingId, decided.reason === 'cancelled' ? 'cancelled' : 'payment_failed'));
    }
    await saga.unwind();
    run.parked = undefined;
    run.outcome = await firmly((steps) => steps.finishPurchaseUndo(ref));
    await Promise.all(told);
  }
  tell(run, 'ended');
}

/** @returns why it cannot go on, or nothing when it is completed. */
async function pursue(input: PurchaseInput, run: PurchaseRun, { customerId, amount, currency, paymentId }: PurchaseView): Promise<Stop | undefined> {
  const { tenantId, purchaseId, request } = input;
  if (run.wishes.cancel || request === undefined) return { reason: 'cancelled', releases: true };
  tell(run, 'paying');
  try {
    const payment = await payFor(
      { tenantId, paymentId, request: { subject: { kind: 'purchase', id: purchaseId }, gateway: request.gateway, method: request.method, capture: 'automatic', amountMinor: amount, currency, customerId } },
      run.wishes,
    );
    // Nothing was tried: the customer may pay for what he holds in another way.
    if (isRefusal(payment)) return { reason: payment.refused, releases: false };
    if (run.wishes.cancel) return { reason: 'cancelled', releases: true };
    if (payment.status !== 'captured') return { reason: payment.failure?.code ?? 'payment_closed', releases: true };
    tell(run, 'fulfilling');
    const fulfilled = await forward.fulfilPurchase({ tenantId, purchaseId });
    if (isRefusal(fulfilled)) return { reason: fulfilled.refused, releases: true };
    run.outcome = fulfilled;
    return undefined;
  } catch (error) {
    const reason = codeOf(error);
    run.broken = brokenDown(purchaseId, reason);
    return { reason, releases: true };
  }
}

/** A run that meets a purchase which was decided before: nothing to pay any more, only to finish. */
const stopOf = ({ status, reason }: PurchaseView): Stop | undefined => (status === 'undoing' ? { reason: reason ?? 'cancelled', releases: true } : undefined);

/** What follows a sale. It is settled, so this is done however long it takes; done twice, it is done once. */
async function conclude({ tenantId, purchaseId }: Pick<PurchaseInput, 'tenantId' | 'purchaseId'>, run: PurchaseRun, { bookingId }: PurchaseView): Promise<void> {
  tell(run, 'concluding');
  await Promise.all([
    startInvoice(tenantId, { kind: 'purchase', id: purchaseId }),
    ...(bookingId === undefined ? [] : [untilDone.countInventory(tenantId), untilDone.tellBooking(bookingId, tenantId)]),
  ]);
  tell(run, 'ended');
}

function brokenDown(purchaseId: string, code: PurchaseReason): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message: `${purchaseId} came to nothing, because something here is broken. What was done is undone.`, nonRetryable: true });
}
