/**
 * Health check of a worker container: `node deploy/worker-health.ts bookings`. A worker has no port to ask, so
 * Temporal is asked whether a worker on this very host polls each of the queues. While Temporal itself is away the
 * worker counts as healthy: it reconnects by itself, and a restart would help nobody.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { readSettings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';

/** An idle poll lasts a minute and is counted when it begins. */
const freshMs = 130_000;
const patienceMs = 8_000;
/** TaskQueueType of the Temporal API: 1 workflow, 2 activity. Every worker polls for activities. */
const activityTasks = 2;

function isFresh({ seconds }: { seconds?: { toNumber(): number } | null }): boolean {
  return Date.now() - (seconds?.toNumber() ?? 0) * 1000 < freshMs;
}

const { connectionOptions, namespace } = temporalConnection(readSettings());
const queues = (process.argv[2] ?? '').split(',').filter(Boolean);
let silent: string[] = [];
try {
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: patienceMs });
  try {
    const polled = await connection.withDeadline(Date.now() + patienceMs, async () => await Promise.all(
      queues.map(async (name) => {
        const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: activityTasks });
        // The SDK's identity of a worker is `pid@hostname`.
        return (pollers ?? []).some(({ identity, lastAccessTime }) => identity?.endsWith(`@${hostname()}`) === true && lastAccessTime != null && isFresh(lastAccessTime));
      }),
    ));
    silent = queues.filter((_, index) => polled[index] !== true);
  } finally {
    await connection.close();
  }
} catch (error) {
  process.stdout.write(`Temporal did not answer: ${error instanceof Error ? error.message : String(error)}\n`);
}
if (queues.length === 0 || silent.length > 0) {
  process.stdout.write(queues.length === 0 ? 'Name the queues: node deploy/worker-health.ts bookings,operations\n' : `Nobody on this host polls: ${silent.join(', ')}\n`);
  process.exitCode = 1;
}
