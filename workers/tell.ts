/** How a step tells another flow that what it is about has changed in the database. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Confirmed } from '../activities/payments.ts';
import { bookingMessages } from '../contracts/bookings/flow.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { bookingStart } from '../contracts/bookings/start.ts';
import { startOf } from '../contracts/flow-start.ts';
import { bookingWorkflowId, importWorkflowId, paymentWorkflowId } from '../contracts/flows.ts';
import { importLabels } from '../contracts/imports/start.ts';
import { paymentMessages } from '../contracts/payments/flow.ts';
import { paymentLabels } from '../contracts/payments/start.ts';
import { queueOfWorkflow, workflowTaskTimeout } from '../contracts/task-queues.ts';

/**
 * Makes a booking's flow look at its row. One that has ended need not know, but for a booking that was confirmed after its
 * hold had ended: then a new run picks it up, so that the last one says what is true.
 */
export function tellBookingThrough(client: Client): (bookingId: string, confirmed?: Confirmed) => Promise<void> {
  return async (bookingId, confirmed) => {
    const signalArgs: [BookingView?] = confirmed?.booking === undefined ? [] : [confirmed.booking];
    try {
      await client.workflow.getHandle(bookingWorkflowId(bookingId)).signal(bookingMessages.refresh, ...signalArgs);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      if (confirmed !== undefined) await client.workflow.signalWithStart('booking', { ...bookingStart({ tenantId: confirmed.tenantId, bookingId }), signal: bookingMessages.refresh, signalArgs });
    }
  };
}

/** Makes a payment's flow ask its gateway; starts one that does when the one before has ended. */
export function tellPaymentThrough(client: Client): (tenantId: string, paymentId: string) => Promise<void> {
  return async (tenantId, paymentId) => {
    const input = { tenantId, paymentId };
    await client.workflow.signalWithStart('payment', {
      ...startOf('payment', paymentWorkflowId(paymentId), input),
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
