/** Runs the workers of one process: shared connection, shared bundle, shared database pools. */
import { Worker, type NativeConnection, type WorkerOptions, type WorkflowBundlePath } from '@temporalio/worker';
import { taskQueues, type TaskQueueName } from '../contracts/task-queues.ts';
import { activitiesOf, tuning, type ActivityDependencies } from './queues.ts';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly queues: readonly TaskQueueName[];
  readonly bundle: WorkflowBundlePath;
  readonly dependencies: ActivityDependencies;
  /** When set, the workers register as this version and flows stay pinned to the version they started on. */
  readonly buildId?: string | undefined;
}

export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const { connection, namespace, queues, bundle, dependencies, buildId } = options;
  const versioning = (queue: TaskQueueName): Partial<WorkerOptions> =>
    buildId === undefined ? {} : { workerDeploymentOptions: { version: { deploymentName: 'holdfast', buildId }, useWorkerVersioning: true, defaultVersioningBehavior: taskQueues[queue].versioning } };
  return await Promise.all(
    queues.map(
      async (taskQueue) =>
        await Worker.create({
          connection,
          namespace,
          taskQueue,
          activities: await activitiesOf(taskQueue, dependencies),
          ...(taskQueues[taskQueue].runsWorkflows && { workflowBundle: bundle }),
          ...versioning(taskQueue),
          ...tuning(taskQueue),
        }),
    ),
  );
}

/** Resolves when every worker has stopped in order; a worker that fails takes the others down with it. */
export async function runUntilStopped(workers: readonly Worker[]): Promise<void> {
  const stopAll = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  await Promise.all(
    workers.map(async (worker) => {
      try {
        await worker.run();
      } finally {
        stopAll();
      }
    }),
  );
}
