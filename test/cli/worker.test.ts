import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { taskQueueNames } from '../../contracts/task-queues.ts';
import { cli, start } from '../support/cli.ts';
import { testStack } from '../support/environment.ts';
import { eventually } from '../support/http.ts';

let connection: Connection;
let namespace: string;
beforeAll(async () => {
  const stack = await testStack();
  connection = await Connection.connect({ address: stack.temporalAddress });
  namespace = stack.temporalNamespace;
});
afterAll(async () => await connection.close());

const activity = 2; // temporal.api.enums.v1.TaskQueueType

/** Who asks for work on a queue, as Temporal knows them: `pid@host`. A queue has partitions, and a poller may be at any. */
async function pids(queue: string): Promise<number[]> {
  const { activityTaskQueuePartitions } = await connection.workflowService.listTaskQueuePartitions({ namespace, taskQueue: { name: queue } });
  const found = await Promise.all((activityTaskQueuePartitions ?? []).map(async ({ key }) => await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: key ?? queue }, taskQueueType: activity })));
  return found.flatMap(({ pollers }) => (pollers ?? []).map(({ identity }) => Number.parseInt(identity ?? '', 10)));
}

/** The pid of the worker process, from its structured log. */
const workerPid = (log: string): number => (JSON.parse(log.split('\n').find((line) => line.startsWith('{')) ?? '{}') as { pid: number }).pid;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('worker --queues joins a running stack on those queues only, and stops in order on SIGTERM', async () => {
  const worker = start(['worker', '--queues', 'notifications']);
  try {
    await worker.until('Workers are ready. Ctrl-C stops them in order.');
    const pid = workerPid(worker.stdout());
    await eventually('Temporal to know the worker', async () => (await pids('notifications')).includes(pid));
    expect(await pids('bookings')).not.toContain(pid);

    worker.child.kill('SIGTERM');
    const { code, stdout } = await worker.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/"why":"SIGTERM".*"msg":"stopping"/);
    expect(isAlive(pid)).toBe(false);
  } finally {
    worker.child.kill('SIGTERM');
  }
});

test('a worker whose command is killed does not stay behind', async () => {
  const worker = start(['worker', '--queues', 'notifications']);
  await worker.until('Workers are ready');
  const pid = workerPid(worker.stdout());
  worker.child.kill('SIGKILL');
  await eventually('the worker to be gone', () => Promise.resolve(!isAlive(pid)), 30_000);
  await worker.ended;
});

test('a queue that does not exist is refused with those that do', async () => {
  expect(await cli(['worker', '--queues', 'payroll'])).toMatchObject({ code: 2, stderr: expect.stringContaining(`choose from: ${taskQueueNames.join(', ')}`) });
});
