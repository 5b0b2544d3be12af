/** Paying as a step of another flow: the payment is a flow of its own, with its own story. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { condition, getExternalWorkflowHandle, ParentClosePolicy, patched, startChild, type ChildWorkflowHandle } from '@temporalio/workflow';
import type { Refusal } from '../../contracts/failures.ts';
import { paymentWorkflowId } from '../../contracts/workflow-ids.ts';
import { paymentMessages, type PayRequest } from '../../contracts/payments/flow.ts';
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import { paymentLabels } from '../../contracts/payments/start.ts';
import { priorityFor, queueOfWorkflow, taskQueues, workflowTaskTimeout } from '../../contracts/task-queues.ts';
import type { SagaWishes } from '../saga.ts';
import type { payment } from './index.ts';

export { undoPayment } from './refund.ts';

export interface PayInput {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly request: PayRequest;
}

type PaymentFlow = typeof payment;

/** From one look whether a payment that another run began has ended to the next; doubled each time. */
const firstPauseMs = 2_000;
const longestPauseMs = 120_000;

/**
 * Runs the payment to where its money can be used or is not coming. A cancel wish is passed on, and what comes of it is
 * waited for: the payment may have been taken in the same moment.
 * @returns the payment, `captured` when the money is there; or why it was not begun.
 */
export async function payFor(input: PayInput, wishes: SagaWishes): Promise<PaymentView | Refusal> {
  const child = await startOrFollow(input, wishes);
  let outcome: PaymentView | Refusal | undefined;
  let failure: unknown;
  const ended = child.result().then(
    (result) => void (outcome = result),
    (error: unknown) => void (failure = error),
  );
  const isOver = (): boolean => outcome !== undefined || failure !== undefined;
  await condition(() => isOver() || wishes.cancel);
  // It may end in the same moment; then there is nobody to tell.
  if (!isOver()) await child.signal(paymentMessages.cancel).catch(() => undefined);
  await ended;
  if (outcome === undefined) throw failure;
  return outcome;
}

/**
 * A payment that runs already was begun by a run of this flow that was ended by force. Nobody can be told of another's
 * child's end, so it is begun again until it has ended: a run that finds the payment made answers what became of it.
 */
async function startOrFollow(input: PayInput, wishes: SagaWishes): Promise<ChildWorkflowHandle<PaymentFlow>> {
  let cancelPassedOn = false;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await start(input);
    } catch (error) {
      // Without the patch it was undone.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || !patched('follow-a-running-payment')) throw error;
    }
    const mayTell = (): boolean => wishes.cancel && !cancelPassedOn;
    if (await condition(mayTell, pauseMs, { summary: 'the payment that an earlier run began goes on' })) {
      cancelPassedOn = true;
      pauseMs = firstPauseMs;
      // It may end in the same moment; then there is nobody to tell.
      await getExternalWorkflowHandle(paymentWorkflowId(input.paymentId)).signal(paymentMessages.cancel).catch(() => undefined);
    }
  }
}

async function start({ tenantId, paymentId, request }: PayInput): Promise<ChildWorkflowHandle<PaymentFlow>> {
  return await startChild<PaymentFlow>('payment', {
    workflowId: paymentWorkflowId(paymentId),
    taskQueue: queueOfWorkflow.payment,
    workflowTaskTimeout,
    args: [{ tenantId, paymentId, request }],
    // Money that is on its way is seen to even if this flow is terminated.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    priority: priorityFor(taskQueues.payments.urgency, tenantId),
    ...paymentLabels({ tenantId, paymentId, request }),
  });
}
