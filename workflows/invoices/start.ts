/** How other flows have an invoice made. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { invoiceWorkflowId } from '../../contracts/workflow-ids.ts';
import { invoiceLabels } from '../../contracts/invoices/start.ts';
import type { Subject } from '../../contracts/payments/flow.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import type { invoice } from './index.ts';

/** Returns when the flow has started; it goes on whatever becomes of the caller. One that runs already is left alone. */
export async function startInvoice(tenantId: string, subject: Subject): Promise<void> {
  const input = { tenantId, subject };
  try {
    await startChild<typeof invoice>('invoice', {
      workflowId: invoiceWorkflowId(tenantId, subject.id),
      taskQueue: queueOfWorkflow.invoice,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // A run that has ended may have been refused, as it was not paid yet. One too many finds the invoice and draws nothing.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...invoiceLabels(input),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
