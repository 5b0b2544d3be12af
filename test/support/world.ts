/** The flows with their own workers, the real database, the real policies, and the sandbox as gateway. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { IllegalStateError } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { Holdfast } from '../../client/index.ts';
import { taskQueueNames } from '../../contracts/task-queues.ts';
import type { Databases } from '../../services/database/connection.ts';
import { withAddresses } from '../../services/payments/addresses.ts';
import { createGateways } from '../../services/payments/index.ts';
import { createExportWriter } from '../../services/exports/index.ts';
import { createImportLoader } from '../../services/imports/load/index.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';
import { ensureNamespace } from '../../stack/temporal-namespace.ts';
import { workflowBundle } from '../../workers/bundle.ts';
import type { ActivityDependencies } from '../../workers/queues.ts';
import { createWorkers, runUntilStopped } from '../../workers/run.ts';
import { startImportThrough, tellBookingThrough, tellPaymentThrough } from '../../workers/tell.ts';
import { createTenant, openTestDatabase } from './database.ts';
import { testBundles, testStack } from './environment.ts';
import { startTestSandbox, type TestSandbox } from './sandbox.ts';

export interface World {
  readonly client: Client;
  readonly databases: Databases;
  readonly sandbox: TestSandbox;
  readonly holdfast: Holdfast;
  readonly storage: Storage;
  readonly tenantId: string;
  close(): Promise<void>;
}

export interface Server {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** @param instead activities are given these for what they would have got. */
export async function worldOn({ client, connection, namespace, close }: Server, tenantId: string, instead: Partial<ActivityDependencies> = {}): Promise<World> {
  const databases = await openTestDatabase();
  await createTenant(databases, tenantId);
  const bundle = await workflowBundle(testBundles, new DefaultLogger('ERROR'));
  const sandbox = await startTestSandbox();
  const { gopay, paytm, ...others } = withAddresses(sandbox.accounts, 'http://127.0.0.1:9');
  // There is no API to show the page on the way: the payer goes straight to the sandbox's.
  const pageUrl = (): string => `${paytm?.apiBase ?? ''}/theia/api/v1/showPaymentPage?${new URLSearchParams({ mid: paytm?.mid ?? '' }).toString()}`;
  const storageUrl = `file:${await mkdtemp(path.join(tmpdir(), 'holdfast-files-'))}`;
  const storage = openStorage(storageUrl);
  const { databaseUrl } = await testStack();
  const importLoader = createImportLoader({ databaseUrl, storageUrl, threads: 1 });
  const exportWriter = createExportWriter({ databaseUrl, storageUrl, threads: 1 });
  const dependencies = {
    databases,
    // The sandbox lists a refund at once; how long GoPay may take to is waited for by the real clock.
    gateways: () => Promise.resolve(createGateways({ ...others, ...(paytm !== undefined && { paytm: { ...paytm, pageUrl } }), ...(gopay !== undefined && { gopay: { ...gopay, refundSettleMs: 0 } }) })),
    storage,
    tellBooking: tellBookingThrough(client),
    tellPayment: tellPaymentThrough(client),
    startImport: startImportThrough(client),
    importLoader,
    exportWriter,
    ...instead,
  };
  const workers = await createWorkers({ connection, namespace, queues: taskQueueNames, bundle, dependencies });
  const running = runUntilStopped(workers);
  return {
    client,
    databases,
    sandbox,
    storage,
    tenantId,
    holdfast: Holdfast.over(client, { tenantId }),
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await importLoader.close();
      await exportWriter.close();
      await databases.close();
      await sandbox.close();
      await close();
    },
  };
}

/** On the real server, in a namespace of its own, so that the workers of the stack take no part. */
export async function startWorld(tenantId: string, instead: Partial<ActivityDependencies> = {}): Promise<World> {
  return await worldOn(await ownNamespace(tenantId), tenantId, instead);
}

/** The SDK's core is one for a process, and writes only errors; another world may have installed it. */
export function quietRuntime(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } } });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** A namespace of the real server. */
export async function ownNamespace(name: string): Promise<Server> {
  quietRuntime();
  const { temporalAddress: address } = await testStack();
  const namespace = `${name}-${randomUUID()}`;
  await ensureNamespace({ connection: { address }, namespace, own: true });
  const [connection, forClient] = await Promise.all([NativeConnection.connect({ address }), Connection.connect({ address })]);
  return {
    client: new Client({ connection: forClient, namespace }),
    connection,
    namespace,
    close: async () => {
      await connection.close();
      await forClient.close();
    },
  };
}
