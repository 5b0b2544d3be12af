/** Housekeeping with chores that a test makes up, in a namespace of its own: the real ones take ten minutes each. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Worker } from '@temporalio/worker';
import type { InboundWebhookActivities } from '../../activities/inbound-webhooks.ts';
import type { OperationsActivities } from '../../activities/operations.ts';
import { housekeepingWorkflowId } from '../../contracts/flows.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles } from './environment.ts';
import { ownNamespace } from './world.ts';

export type Chores = { readonly [Name in keyof (OperationsActivities & InboundWebhookActivities)]: () => Promise<number> };

export interface Housekeeping {
  readonly client: Client;
  readonly handle: WorkflowHandle;
  readonly close: () => Promise<void>;
}

export async function keepHouse(activities: Chores): Promise<Housekeeping> {
  const { client, connection, namespace, close } = await ownNamespace('housekeeping');
  const taskQueue = queueOfWorkflow.housekeeping;
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle: await workflowBundle(testBundles, new DefaultLogger('ERROR')), activities, shutdownGraceTime: '1s' });
  const running = worker.run();
  const handle = await client.workflow.start('housekeeping', { workflowId: housekeepingWorkflowId, taskQueue, args: [] });
  return {
    client,
    handle,
    close: async () => {
      worker.shutdown();
      await running;
      await close();
    },
  };
}
