/** The booking flow on a server whose clock can be moved, with the real database and the real policies. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Holdfast } from '../../client/index.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { taskQueueNames } from '../../contracts/task-queues.ts';
import type { Databases } from '../../services/database/connection.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import { createWorkers, runUntilStopped } from '../../workers/run.ts';
import { createTenant, openTestDatabase } from './database.ts';
import { testBundles, timeSkippingServer } from './environment.ts';

export interface SkippingWorld {
  readonly environment: TestWorkflowEnvironment;
  readonly databases: Databases;
  readonly holdfast: Holdfast;
  readonly tenantId: string;
  close(): Promise<void>;
}

export async function startSkippingWorld(tenantId: string): Promise<SkippingWorld> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: timeSkippingServer() },
  });
  const keyword = 2; // temporal.api.enums.v1.IndexedValueType
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, keyword])),
  });
  const databases = await openTestDatabase();
  await createTenant(databases, tenantId);
  const bundle = await workflowBundle(testBundles, new DefaultLogger('ERROR'));
  const workers = await createWorkers({ connection: environment.nativeConnection, namespace: 'default', queues: taskQueueNames, bundle, dependencies: { databases } });
  const running = runUntilStopped(workers);
  return {
    environment,
    databases,
    tenantId,
    holdfast: Holdfast.over(environment.client, { tenantId }),
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await databases.close();
      await environment.teardown();
    },
  };
}
