/** How a step tells another flow that what it is about has changed in the database. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { bookingMessages } from '../contracts/bookings/flow.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { bookingWorkflowId, importWorkflowId, paymentWorkflowId } from '../contracts/flows.ts';
import { importLabels } from '../contracts/imports/start.ts';
import { paymentMessages } from '../contracts/payments/flow.ts';
import { paymentLabels } from '../contracts/payments/start.ts';
import { priorityFor, queueOfWorkflow, taskQueues, workflowTaskTimeout } from '../contracts/task-queues.ts';

/** Makes a booking's flow look at its row; one that has ended need not know. @param now what was made of it: then it need not look. */
export function tellBookingThrough(client: Client): (bookingId: string, now?: BookingView) => Promise<void> {
  return async (bookingId, now) => {
    try {
      await client.workflow.getHandle(bookingWorkflowId(bookingId)).signal(bookingMessages.refresh, ...(now === undefined ? [] : [now] as const));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };
}

/** Makes a payment's flow ask its gateway; starts one that does when the one before has ended. */
export function tellPaymentThrough(client: Client): (tenantId: string, paymentId: string) => Promise<void> {
  return async (tenantId, paymentId) => {
    const input = { tenantId, paymentId };
    await client.workflow.signalWithStart('payment', {
      workflowId: paymentWorkflowId(paymentId),
      taskQueue: queueOfWorkflow.payment,
      workflowTaskTimeout,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      priority: priorityFor(taskQueues.payments.urgency, tenantId),
      ...paymentLabels(input),
      signal: paymentMessages.gatewayEvent,
    });
  };
}

/** Starts the flow of an import that is in the database; one that runs is left alone. */
export function startImportThrough(client: Client): (tenantId: string, importId: string, dataset: string) => Promise<void> {
  return async (tenantId, importId, dataset) => {
    const input = { tenantId, importId };
    await client.workflow.start('import', {
      workflowId: importWorkflowId(importId),
      taskQueue: queueOfWorkflow.import,
      workflowTaskTimeout,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...importLabels(input, { dataset }),
    });
  };
}
