/** What Temporal starts by itself. */
import { ScheduleAlreadyRunning, type Client, type ScheduleOptions } from '@temporalio/client';
import { cleanupScheduleId, cleanupWorkflowId, reconciliationScheduleId, reconciliationWorkflowId } from '../contracts/flows.ts';
import { queueOfWorkflow, workflowTaskTimeout } from '../contracts/task-queues.ts';

const reconciliationSchedule: ScheduleOptions = {
  scheduleId: reconciliationScheduleId,
  spec: { intervals: [{ every: '15m' }] },
  action: {
    type: 'startWorkflow',
    workflowType: 'reconciliation',
    workflowId: reconciliationWorkflowId,
    taskQueue: queueOfWorkflow.reconciliation,
    workflowTaskTimeout,
    args: [],
    staticSummary: 'Compares the payments of all shops with the gateways',
  },
  policies: {
    // A run looks at everything there is, so a second one beside it would only ask the gateways the same questions.
    overlap: 'SKIP',
    // After an outage one run says it all: it looks back as far as the last complete one. Older starts are not made up for.
    catchupWindow: '1h',
    // A run fails when the database is away. The next one must come all the same.
    pauseOnFailure: false,
  },
};

const cleanupSchedule: ScheduleOptions = {
  scheduleId: cleanupScheduleId,
  spec: { intervals: [{ every: '15m' }] },
  action: {
    type: 'startWorkflow',
    workflowType: 'cleanup',
    workflowId: cleanupWorkflowId,
    taskQueue: queueOfWorkflow.cleanup,
    workflowTaskTimeout,
    args: [],
    staticSummary: 'Removes files whose time is over, for all tenants',
  },
  // As above: a run removes all that there is to remove, so one makes up for any number that were missed.
  policies: { overlap: 'SKIP', catchupWindow: '1h', pauseOnFailure: false },
};

/** Makes the schedules, or brings them up to date. One that an operator has paused stays paused. Safe to call from several processes. */
export async function ensureSchedules(client: Client): Promise<void> {
  await Promise.all([reconciliationSchedule, cleanupSchedule].map(async (schedule) => await ensure(client, schedule)));
}

async function ensure(client: Client, schedule: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(schedule);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = schedule;
    await client.schedule.getHandle(schedule.scheduleId).update((known) => ({ ...known, spec, action, ...(policies !== undefined && { policies }) }));
  }
}
