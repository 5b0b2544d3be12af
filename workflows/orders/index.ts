/**
 * One order (E7): validate → payment → stock → (if it ships: shipping price, label) → confirmation → warehouse. When a
 * step fails, or someone cancels before the warehouse has the goods, what was done is undone backwards, and customer
 * and administrators are told.
 *
 * The database row is the state, and every step does nothing when it was taken before; so a run that picks an order up,
 * because its earlier run was ended by force, goes on or undoes wherever that one stopped.
 */
import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { failures, isFailureCode, isRefusal, unknownOrder, type Refusal } from '../../contracts/failures.ts';
import { hasEnded, orderMessages, type OrderInput } from '../../contracts/orders/flow.ts';
import type { OrderState } from '../../contracts/orders/schemas.ts';
import type { OfTenant } from '../../contracts/payments/flow.ts';
import { expected } from '../bookings/messages.ts';
import { startInvoice } from '../invoices/start.ts';
import { createSaga } from '../saga.ts';
import { fulfil, undoAll } from './fulfil.ts';
import { orderOf, type OrderRun, type Stop } from './run.ts';
import { firmly, reasonOf, tried, untilDone } from './steps.ts';
import { progressOf, tell } from './story.ts';

export function order(input: OrderInput): Promise<OrderState | Refusal> {
  const run: OrderRun = { ref: { tenantId: input.tenantId, orderId: input.orderId }, outcome: undefined, pickedUp: false, cancel: false, resume: false, parked: undefined };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  CancellationScope.current().cancelRequested.catch(() => void (run.cancel = true));
  return CancellationScope.nonCancellable(() => live(input, run));
}

async function live(input: OrderInput, run: OrderRun): Promise<OrderState | Refusal> {
  const { ref } = run;
  const unknown = unknownOrder(ref.orderId);
  setHandler(orderMessages.status, () => orderOf(run));
  setHandler(orderMessages.progress, () => progressOf(run));
  setHandler(orderMessages.cancel, () => void (run.cancel = true));
  setHandler(orderMessages.resume, () => void (run.resume = true));
  setHandler(orderMessages.begin, async () => {
    await condition(() => run.outcome !== undefined);
    if (run.outcome === undefined || isRefusal(run.outcome)) throw expected(run.outcome ?? unknown);
    return run.outcome;
  }, {
    validator: ({ tenantId }: OfTenant) => {
      if (tenantId !== input.tenantId) throw expected(unknown);
    },
  });

  const told: Promise<unknown>[] = [];
  const saga = createSaga(run, {
    undoing: () => {
      run.parked = undefined;
      tell(run);
    },
    parked: (step, why) => {
      run.parked = { step, why };
      tell(run);
      // An ordinary activity: two local ones at once, this and the undo that is resumed, might not replay in their order.
      told.push(untilDone.tellOrderParked(ref, step, why, `${workflowInfo().runId}:${told.length}`));
    },
  });

  const stop = (await validate(input, run)) ?? (await goOn());
  if (stop !== undefined) await undo(stop);
  tell(run);
  await Promise.all(told);
  await condition(allHandlersFinished);
  const ended = run.outcome ?? unknown;
  if (!isRefusal(ended) && ended.status === 'failed' && isBreakdown(ended.reason)) throw brokenDown(ended);
  return ended;

  async function goOn(): Promise<Stop | undefined> {
    const found = orderOf(run);
    if (found === undefined || hasEnded(found)) return undefined;
    if (found.status === 'undoing') {
      undoAll(run, found, saga);
      await unwind();
      return undefined;
    }
    const stopped = await fulfil(run, found, saga);
    if (stopped === undefined) await startInvoice(ref.tenantId, { kind: 'order', id: ref.orderId });
    return stopped;
  }

  async function undo({ step, reason, blind = false }: Stop): Promise<void> {
    run.outcome = await firmly((steps) => steps.beginOrderUndo(ref, step, reason));
    const decided = orderOf(run);
    // The last step had got through after all, and only its answer was lost.
    if (decided?.status === 'completed') await startInvoice(ref.tenantId, { kind: 'order', id: ref.orderId });
    else if (decided?.status === 'undoing') {
      if (blind && patched('undo-what-an-earlier-run-did')) undoAll(run, decided, saga);
      await unwind();
    }
  }

  async function unwind(): Promise<void> {
    await saga.unwind();
    run.outcome = await firmly((steps) => steps.finishOrderUndo(ref));
  }
}

/** The order is written down if it is not yet, and checked. @returns why it cannot be carried out, if there is one and it cannot. */
async function validate({ request }: OrderInput, run: OrderRun): Promise<Stop | undefined> {
  if (request !== undefined) {
    const created = await firmly((steps) => steps.createOrder(run.ref, request));
    if (isRefusal(created)) {
      run.outcome = created;
      return undefined;
    }
  }
  try {
    const validated = await tried((steps) => steps.validateOrder(run.ref));
    if (isRefusal(validated) && validated.refused !== 'order_not_found') return { step: 'validation', reason: validated.refused };
    run.pickedUp = !isRefusal(validated) && validated.step !== 'validation';
    run.outcome = isRefusal(validated) || run.pickedUp ? validated : { ...validated, step: 'payment' };
    tell(run);
    return undefined;
  } catch (error) {
    return { step: 'validation', reason: reasonOf(error), blind: true };
  }
}

/** Something here is broken; the customer and the payment are not to blame. */
const isBreakdown = (reason: string | undefined): boolean => isFailureCode(reason) && failures[reason].status >= 500;

/** Ends the run as failed, so that operators find it among the failures. */
function brokenDown({ id, reason = 'internal_error', step }: OrderState): ApplicationFailure {
  return ApplicationFailure.create({ type: reason, message: `${id} failed at the ${step}, and everything was undone: ${isFailureCode(reason) ? failures[reason].meaning : reason}`, nonRetryable: true });
}
