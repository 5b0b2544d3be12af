/** One worker per task queue: what each may run and how much at once, from the table. */
import type { WorkerOptions } from '@temporalio/worker';
import type { ExportDependencies } from '../activities/exports.ts';
import type { ImportDependencies } from '../activities/imports.ts';
import type { PaymentDependencies } from '../activities/payments.ts';
import { taskQueues, type TaskQueueName, type TaskQueueRow } from '../contracts/task-queues.ts';
import type { Databases } from '../services/database/connection.ts';
import type { Storage } from '../services/storage/storage.ts';

export interface ActivityDependencies extends Omit<PaymentDependencies, 'gateways'>, ImportDependencies, ExportDependencies {
  readonly databases: Databases;
  readonly storage: Storage;
  /** Called only for a queue that talks to gateways. */
  readonly gateways: () => Promise<PaymentDependencies['gateways']>;
  /** Makes a payment's flow ask its gateway; starts one that does when there is none. */
  readonly tellPayment: (tenantId: string, paymentId: string) => Promise<void>;
  /** Starts the flow of an import that was written down; one that runs is left alone. */
  readonly startImport: (tenantId: string, importId: string, dataset: string) => Promise<void>;
}

/** Which activities run on which queue. What a queue does not need is not loaded for it: images, PDF and gateways take half of a worker's memory. */
export async function activitiesOf(queue: TaskQueueName, dependencies: ActivityDependencies): Promise<object> {
  switch (queue) {
    case 'bookings': {
      const { createBookingActivities } = await import('../activities/bookings.ts');
      return createBookingActivities(dependencies);
    }
    case 'payments':
      return await paymentActivities(dependencies);
    case 'fulfilment': {
      const [payments, { createInvoiceActivities }, { createOrderActivities }, { createPurchaseActivities }, { createUploadActivities }, { createRateTableCarrier }] = await Promise.all([
        // A local activity runs where its flow does, and undoing a payment is a part of the flow that bought something.
        paymentActivities(dependencies),
        import('../activities/invoices.ts'),
        import('../activities/orders.ts'),
        import('../activities/purchases.ts'),
        import('../activities/uploads.ts'),
        import('../services/shipping/rate-table.ts'),
      ]);
      return {
        ...payments,
        ...createInvoiceActivities(dependencies),
        ...createOrderActivities({ ...dependencies, carrier: createRateTableCarrier() }),
        ...createPurchaseActivities(dependencies),
        ...createUploadActivities(dependencies),
      };
    }
    case 'imports': {
      const { createImportActivities } = await import('../activities/imports.ts');
      return createImportActivities(dependencies);
    }
    case 'exports': {
      const { createExportActivities } = await import('../activities/exports.ts');
      return createExportActivities(dependencies);
    }
    case 'media': {
      const [{ createDrawingActivities }, { createImageActivities }] = await Promise.all([import('../activities/invoices.ts'), import('../activities/uploads.ts')]);
      return { ...createDrawingActivities(dependencies), ...createImageActivities(dependencies) };
    }
    case 'notifications': {
      const { createNotificationActivities } = await import('../activities/notifications.ts');
      return createNotificationActivities(dependencies);
    }
    case 'operations': {
      const [{ createOperationsActivities }, { createFileActivities }, { createInboundWebhookActivities }, { createReconciliationActivities }, gateways] = await Promise.all([
        import('../activities/operations.ts'),
        import('../activities/files.ts'),
        import('../activities/inbound-webhooks.ts'),
        import('../activities/reconciliation.ts'),
        dependencies.gateways(),
      ]);
      return {
        ...createOperationsActivities(dependencies),
        ...createFileActivities(dependencies),
        ...createInboundWebhookActivities(dependencies),
        ...createReconciliationActivities({ ...dependencies, gateways }),
      };
    }
  }
}

async function paymentActivities(dependencies: ActivityDependencies): Promise<object> {
  const [{ createPaymentActivities }, gateways] = await Promise.all([import('../activities/payments.ts'), dependencies.gateways()]);
  return createPaymentActivities({ ...dependencies, gateways });
}

/** The part of a worker's options that the table decides. */
export function tuning(queue: TaskQueueName): Omit<WorkerOptions, 'taskQueue'> {
  const row: TaskQueueRow = taskQueues[queue];
  return {
    maxConcurrentActivityTaskExecutions: row.maxConcurrentActivities,
    activityTaskPollerBehavior: { type: 'autoscaling' },
    shutdownGraceTime: row.shutdownGraceTime,
    shutdownForceTime: row.shutdownForceTime,
    ...(row.maxHeartbeatThrottle !== undefined && { maxHeartbeatThrottleInterval: row.maxHeartbeatThrottle }),
    ...(row.runsWorkflows && {
      // After a crash the next task of a cached flow waits this long for the worker that is gone.
      stickyQueueScheduleToStartTimeout: '3s',
      maxCachedWorkflows: 250,
      maxConcurrentLocalActivityExecutions: row.maxConcurrentLocalActivities,
      maxConcurrentWorkflowTaskExecutions: row.maxConcurrentWorkflowTasks,
      workflowTaskPollerBehavior: { type: 'autoscaling' },
    }),
  };
}
