/** Paying as a step of another flow: the payment is a flow of its own, with its own story. */
import { condition, ParentClosePolicy, startChild } from '@temporalio/workflow';
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

/**
 * Runs the payment to where its money can be used or is not coming. A cancel wish is passed on, and what comes of it is
 * waited for: the payment may have been taken in the same moment.
 * @returns the payment, `captured` when the money is there; or why it was not begun.
 */
export async function payFor({ tenantId, paymentId, request }: PayInput, wishes: SagaWishes): Promise<PaymentView | Refusal> {
  const child = await startChild<typeof payment>('payment', {
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
