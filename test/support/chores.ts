/** Housekeeping with chores that a test makes up, in a namespace of its own: the real ones take ten minutes each. */
import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundlePath } from '@temporalio/worker';
import type { InboundWebhookActivities } from '../../activities/inbound-webhooks.ts';
import type { OperationsActivities } from '../../activities/operations.ts';
import { housekeepingWorkflowId } from '../../contracts/flows.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import { ensureNamespace } from '../../stack/temporal-namespace.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles, testStack } from './environment.ts';

export type Chores = { readonly [Name in keyof (OperationsActivities & InboundWebhookActivities)]: () => Promise<number> };

export interface Housekeeping {
  readonly client: Client;
  readonly handle: WorkflowHandle;
  readonly close: () => Promise<void>;
}

export async function keepHouse(activities: Chores, bundle?: WorkflowBundlePath): Promise<Housekeeping> {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger });
  const { temporalAddress: address } = await testStack();
  const namespace = `housekeeping-${randomUUID()}`;
  await ensureNamespace({ connection: { address }, namespace, own: true });
  const [native, connection] = await Promise.all([NativeConnection.connect({ address }), Connection.connect({ address })]);
  const taskQueue = queueOfWorkflow.housekeeping;
  const worker = await Worker.create({ connection: native, namespace, taskQueue, workflowBundle: bundle ?? (await workflowBundle(testBundles, logger)), activities, shutdownGraceTime: '1s' });
  const running = worker.run();
  const client = new Client({ connection, namespace });
  const handle = await client.workflow.start('housekeeping', { workflowId: housekeepingWorkflowId, taskQueue, args: [] });
  return {
    client,
    handle,
    close: async () => {
      worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}
