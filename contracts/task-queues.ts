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
export const taskQueueNames: readonly TaskQueueName[] = ['bookings', 'notifications', 'operations'];

/** Where each workflow type runs. */
export const queueOfWorkflow = { booking: 'bookings', housekeeping: 'operations' } as const satisfies Record<string, TaskQueueName>;

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

/** Runs for minutes and heartbeats; a missed heartbeat moves it to another worker. */
const keepAvailabilityFresh: ActivityOptions = {
  taskQueue: 'operations',
  startToCloseTimeout: '15m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
};

/** Once a round; what it does not get done in three attempts the next round does. */
const cleaning: ActivityOptions = {
  taskQueue: 'operations',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumAttempts: 3 },
};

export const policies = {
  bookingStepAtOnce,
  bookingStepInBackground,
  bookingStepUntilDone,
  notify,
  keepAvailabilityFresh,
  cleaning,
};

/** D2: after the four tries made at once, three more in the background, this far apart. */
export const backgroundHoldLadderMs = [0, 10_000, 30_000] as const;
