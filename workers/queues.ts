/** One worker per task queue: what each may run and how much at once, from the table. */
import type { WorkerOptions } from '@temporalio/worker';
import { createBookingActivities } from '../activities/bookings.ts';
import { createNotificationActivities } from '../activities/notifications.ts';
import { createOperationsActivities } from '../activities/operations.ts';
import { taskQueues, type TaskQueueName, type TaskQueueRow } from '../contracts/task-queues.ts';
import type { Databases } from '../services/database/connection.ts';

export interface ActivityDependencies {
  readonly databases: Databases;
}

/** Which activities run on which queue. */
export function activitiesOf(queue: TaskQueueName, dependencies: ActivityDependencies): object {
  switch (queue) {
    case 'bookings':
      return createBookingActivities(dependencies);
    case 'notifications':
      return createNotificationActivities(dependencies);
    case 'operations':
      return createOperationsActivities(dependencies);
  }
}

/** The part of a worker's options that the table decides. */
export function tuning(queue: TaskQueueName): Omit<WorkerOptions, 'taskQueue'> {
  const row: TaskQueueRow = taskQueues[queue];
  return {
    maxConcurrentActivityTaskExecutions: row.maxConcurrentActivities,
    activityTaskPollerBehavior: { type: 'autoscaling' },
    shutdownGraceTime: row.shutdownGraceTime,
    shutdownForceTime: row.shutdownForceTime,
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
