/**
 * THE TABLE of task queues. A queue exists because something limits it (a database, a gateway, a mail server), not
 * because a domain has a name. Nothing else in the code names a queue, a timeout or a retry policy.
 */
import type { Duration, Priority } from '@temporalio/common';
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** Urgency inside a queue: 1 is served first. The fairness key is the tenant, so one tenant's flood never starves another. */
export const urgency = { critical: 1, high: 2, default: 3, low: 4, marketing: 5 } as const;
export type Urgency = keyof typeof urgency;

export function priorityFor(level: Urgency, tenantId: string): Priority {
  return { priorityKey: urgency[level], fairnessKey: tenantId };
}

export interface TaskQueueRow {
  readonly why: string;
  readonly urgency: Urgency;
  /** Only a few queues run workflows; the others are activity-only, which costs a third of the memory. */
  readonly runsWorkflows: boolean;
  /** In a deployment with versions: whether a flow stays on the version it began on. */
  readonly versioning: 'PINNED' | 'AUTO_UPGRADE';
  readonly maxConcurrentActivities: number;
  readonly maxConcurrentLocalActivities: number;
  readonly maxConcurrentWorkflowTasks: number;
  /** Cancellation travels with heartbeats: how long one may be held back at most. The SDK's 60 s if absent. */
  readonly maxHeartbeatThrottle?: Duration;
  /** Below the supervisor's kill delay, so that a stop is always orderly. */
  readonly shutdownGraceTime: Duration;
  readonly shutdownForceTime: Duration;
}

const shutdown = { shutdownGraceTime: '5s', shutdownForceTime: '8s' } as const;

export const taskQueues = {
  bookings: {
    why: 'Limited by the booking database. Guests wait for the answer, so nothing slow may share it.',
    urgency: 'critical',
    runsWorkflows: true,
    versioning: 'PINNED',
    // The write pool has 20 connections; more transactions at once would only wait for one.
    maxConcurrentActivities: 20,
    maxConcurrentLocalActivities: 20,
    maxConcurrentWorkflowTasks: 40,
    ...shutdown,
  },
  payments: {
    why: 'Limited by the payment gateways: they answer slowly and allow some twenty-five requests a second.',
    urgency: 'high',
    runsWorkflows: true,
    versioning: 'PINNED',
    // The lowest limit of a gateway is 25 requests a second, and an answer takes about a second.
    maxConcurrentActivities: 25,
    maxConcurrentLocalActivities: 20,
    maxConcurrentWorkflowTasks: 40,
    ...shutdown,
  },
  fulfilment: {
    why: 'What follows a payment (goods, invoices, inventory): limited by the database, but never in the way of a guest who books.',
    urgency: 'default',
    runsWorkflows: true,
    versioning: 'PINNED',
    maxConcurrentActivities: 10,
    maxConcurrentLocalActivities: 10,
    maxConcurrentWorkflowTasks: 20,
    ...shutdown,
  },
  imports: {
    why: 'Limited by the processor and the disk of the database: parsing and merging a file take all that they get.',
    urgency: 'low',
    runsWorkflows: true,
    versioning: 'PINNED',
    // More chunks at once than processors only wait for each other; the threads are as many (see services/imports/load).
    maxConcurrentActivities: 4,
    maxConcurrentLocalActivities: 5,
    maxConcurrentWorkflowTasks: 10,
    maxHeartbeatThrottle: '1s',
    ...shutdown,
  },
  exports: {
    why: 'Limited by the processor and the connection to the storage; one export reads for minutes.',
    urgency: 'low',
    runsWorkflows: true,
    versioning: 'PINNED',
    maxConcurrentActivities: 2,
    maxConcurrentLocalActivities: 5,
    maxConcurrentWorkflowTasks: 10,
    maxHeartbeatThrottle: '1s',
    ...shutdown,
  },
  media: {
    why: 'Limited by the processor: drawing a page of a PDF stops everything else in its process.',
    urgency: 'low',
    runsWorkflows: false,
    versioning: 'PINNED',
    maxConcurrentActivities: 2,
    maxConcurrentLocalActivities: 1,
    maxConcurrentWorkflowTasks: 0,
    ...shutdown,
  },
  notifications: {
    why: 'Limited by the channel that carries the message. Nobody waits for it, so it may lag behind.',
    urgency: 'low',
    runsWorkflows: false,
    versioning: 'PINNED',
    maxConcurrentActivities: 10,
    maxConcurrentLocalActivities: 1,
    maxConcurrentWorkflowTasks: 0,
    ...shutdown,
  },
  operations: {
    why: 'Housekeeping that runs for as long as the deployment does (availability cache, expired keys).',
    urgency: 'default',
    runsWorkflows: true,
    // Housekeeping outlives every version of the code.
    versioning: 'AUTO_UPGRADE',
    maxConcurrentActivities: 5,
    maxConcurrentLocalActivities: 5,
    maxConcurrentWorkflowTasks: 5,
    // Its long activity may be cut off anywhere, so a stop need not wait for it.
    shutdownGraceTime: '200ms',
    shutdownForceTime: '8s',
  },
} as const satisfies Record<string, TaskQueueRow>;

export type TaskQueueName = keyof typeof taskQueues;
export const taskQueueNames: readonly TaskQueueName[] = ['bookings', 'payments', 'fulfilment', 'imports', 'exports', 'media', 'notifications', 'operations'];

/** Where each workflow type runs. */
export const queueOfWorkflow = {
  booking: 'bookings',
  payment: 'payments',
  purchase: 'fulfilment',
  order: 'fulfilment',
  invoice: 'fulfilment',
  import: 'imports',
  export: 'exports',
  upload: 'fulfilment',
  reconciliation: 'operations',
  cleanup: 'operations',
  housekeeping: 'operations',
} as const satisfies Record<string, TaskQueueName>;

/**
 * How long a worker may be silent about a step of the flow itself before another gets it. A worker that is killed takes
 * the steps it had just received with it; with the default of 10 s their guests would wait twice as long.
 */
export const workflowTaskTimeout: Duration = '5s';

/**
 * A local activity: a short, idempotent database step whose result the guest is waiting for. A deadlock or a
 * serialization failure is repeated at once, three times (D2); the interval only keeps the repeats from colliding again.
 */
const bookingStepAtOnce: LocalActivityOptions = {
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '10s',
  localRetryThreshold: '10s',
  retry: { initialInterval: '10ms', backoffCoefficient: 2, maximumAttempts: 4 },
};

/**
 * A short, idempotent database step of a flow that changes by updates, too: a payment, or a booking that was taken. It ends
 * before the worker would ask for more time for its task (after four fifths of {@link workflowTaskTimeout}), so there is one
 * attempt; what needs longer or another goes on as an ordinary step. See docs/decisions/015-updates-and-local-activities.md.
 */
const changeAtOnce: LocalActivityOptions = { startToCloseTimeout: '3s', scheduleToCloseTimeout: '3s', retry: { maximumAttempts: 1 } };

/** One background attempt; the workflow itself counts them, so that `resume` and `cancel` can cut the wait short. */
const bookingStepInBackground: ActivityOptions = {
  taskQueue: 'bookings',
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 1 },
};

/**
 * The end of a booking must be written however long the database is away: a lost release would keep a room shut.
 * So it has no attempt limit; the interval is capped so that it ends soon after the database is back.
 */
const bookingStepUntilDone: ActivityOptions = {
  taskQueue: 'bookings',
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' },
};

const notify: ActivityOptions = {
  taskQueue: 'notifications',
  startToCloseTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s' },
};

/**
 * Runs for minutes and heartbeats; a missed heartbeat moves it to another worker. Each trouble of those minutes counts as
 * an attempt, so the interval is capped low: the last one would otherwise pay for all of them.
 */
const keepAvailabilityFresh: ActivityOptions = {
  taskQueue: 'operations',
  startToCloseTimeout: '15m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** Once a round; what it does not get done in three attempts the next round does. */
const cleaning: ActivityOptions = {
  taskQueue: 'operations',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumAttempts: 3 },
};

/** The database is away: what was taken must be written down however long that lasts. */
const paymentStepUntilDone: ActivityOptions = {
  taskQueue: 'payments',
  startToCloseTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' },
};

/**
 * A4: 3 attempts, [10, 30, 60] s between them, 120 s each. The heartbeat says that the worker is alive, so that a killed
 * one is noticed after seconds and the next attempt can ask the gateway what became of the first.
 */
const gatewayCharge: ActivityOptions = {
  taskQueue: 'payments',
  startToCloseTimeout: '120s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 3 },
};

/** B2: a question to the gateway, 3 attempts, 10 s apart, 60 s each. */
const gatewayLookUp: ActivityOptions = {
  taskQueue: 'payments',
  startToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '10s', backoffCoefficient: 1, maximumAttempts: 3 },
};

/** A short, idempotent database step of a purchase, an order or an invoice. */
const fulfilmentStepAtOnce: LocalActivityOptions = bookingStepAtOnce;

/** B3: 3 attempts, 120 s each. A step forward that fails is undone with everything before it. */
const fulfilmentStep: ActivityOptions = {
  taskQueue: 'fulfilment',
  startToCloseTimeout: '120s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 3 },
};

/** What is settled already must be finished, however long the database is away. */
const fulfilmentStepUntilDone: ActivityOptions = {
  taskQueue: 'fulfilment',
  startToCloseTimeout: '120s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' },
};

/** An undo is tried for some minutes; then it is parked where an operator sees it. */
const compensation: ActivityOptions = {
  taskQueue: 'fulfilment',
  startToCloseTimeout: '120s',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 5 },
};

/** B4: drawing and storing an invoice, 3 attempts, 120 s each. */
const drawInvoice: ActivityOptions = {
  taskQueue: 'media',
  startToCloseTimeout: '120s',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 3 },
};

/** A short, idempotent database step of an import or an export. */
const bulkStepAtOnce: LocalActivityOptions = bookingStepAtOnce;

/** The same when the database is away: what has been loaded must be written down however long that lasts. */
const importStepUntilDone: ActivityOptions = {
  taskQueue: 'imports',
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' },
};

const exportStepUntilDone: ActivityOptions = { ...importStepUntilDone, taskQueue: 'exports' };

/** Reads a file through once; a killed worker is noticed after seconds, a cancellation within one. */
const inspectFile: ActivityOptions = {
  taskQueue: 'imports',
  startToCloseTimeout: '30m',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30s', maximumAttempts: 5 },
};

/** E4: one chunk, in one transaction, so that a retry counts once. What is wrong with a row is no failure of its chunk. */
const loadChunk: ActivityOptions = {
  taskQueue: 'imports',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 6 },
};

/** E5: 600 s. Each attempt begins a new snapshot and a new file; half a file is never seen. */
const writeExport: ActivityOptions = {
  taskQueue: 'exports',
  startToCloseTimeout: '600s',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '2s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 5 },
};

/** B5: 3 attempts, 180 s each. */
const optimiseImage: ActivityOptions = {
  taskQueue: 'media',
  startToCloseTimeout: '180s',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 3 },
};

/** Compares one tenant's payments with a gateway; heartbeats as it goes. */
const reconcile: ActivityOptions = {
  taskQueue: 'operations',
  startToCloseTimeout: '30m',
  heartbeatTimeout: '60s',
  retry: { initialInterval: '10s', backoffCoefficient: 3, maximumInterval: '60s', maximumAttempts: 3 },
};

export const policies = {
  paymentStepUntilDone,
  gatewayCharge,
  gatewayLookUp,
  fulfilmentStepAtOnce,
  fulfilmentStep,
  fulfilmentStepUntilDone,
  compensation,
  drawInvoice,
  bulkStepAtOnce,
  importStepUntilDone,
  exportStepUntilDone,
  inspectFile,
  loadChunk,
  writeExport,
  optimiseImage,
  reconcile,
  bookingStepAtOnce,
  changeAtOnce,
  bookingStepInBackground,
  bookingStepUntilDone,
  notify,
  keepAvailabilityFresh,
  cleaning,
};

/** D2: after the four tries made at once, three more in the background, this far apart. */
export const backgroundHoldLadderMs = [0, 10_000, 30_000] as const;

/**
 * How long to wait between questions to a gateway that has not decided: while the payer acts, the notification comes
 * first and these are the safety net; the last one repeats.
 */
export const openPaymentLadderMs = [15_000, 30_000, 60_000, 120_000] as const;

/** After a lost answer: soon, because nobody knows whether money moved; the last one repeats until it is known. */
export const unknownPaymentLadderMs = [1_000, 5_000, 15_000, 60_000, 300_000] as const;

/** While a gateway works on a refund, which may take a bank days; the last one repeats. */
export const refundLadderMs = [15_000, 30_000, 60_000, 300_000, 1_800_000, 7_200_000] as const;

/** Paytm's own schedule for a bank that does not decide: 15, 30 min, 1, 6, 12, 24, 48, 72 h after the payment. */
export const pendingBankLadderMs = [900_000, 900_000, 1_800_000, 18_000_000, 21_600_000, 43_200_000, 86_400_000, 86_400_000] as const;
