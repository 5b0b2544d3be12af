/**
 * Process entry: `node workers/main.ts [--queues bookings,operations]`. Without `--queues`, one worker for each task
 * queue. Stops in order on SIGTERM, SIGINT, or when the process that supervises it goes away.
 */
import { flushCompileCache } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { createLogger, type Logger } from '../config/logger.ts';
import { publicUrlOf, readSettings, required, SettingsError, type Settings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';
import { housekeepingWorkflowId } from '../contracts/flows.ts';
import { queueOfWorkflow, taskQueueNames, taskQueues, type TaskQueueName } from '../contracts/task-queues.ts';
import { openDatabases } from '../services/database/connection.ts';
import { createExportWriter } from '../services/exports/index.ts';
import { createImportLoader } from '../services/imports/load/index.ts';
import { withAddresses } from '../services/payments/addresses.ts';
import { openStorage } from '../services/storage/storage.ts';
import { workflowBundle } from './bundle.ts';
import { createWorkers, runUntilStopped } from './run.ts';
import { ensureSchedules } from './schedules.ts';
import { startImportThrough, tellBookingThrough, tellPaymentThrough } from './tell.ts';

function chosenQueues(): readonly TaskQueueName[] {
  const { queues } = parseArgs({ options: { queues: { type: 'string' } } }).values;
  if (queues === undefined) return taskQueueNames;
  return queues.split(',').map((name) => {
    const known = taskQueueNames.find((queue) => queue === name.trim());
    if (known === undefined) throw new SettingsError(`There is no task queue "${name.trim()}". Choose from: ${taskQueueNames.join(', ')}.`);
    return known;
  });
}

function useLogger(log: Logger): DefaultLogger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => log[levels[level]](meta ?? {}, message));
  // The core's own lines too: what the server refuses is said there and nowhere else.
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } } });
  return logger;
}

/** The deployment's own flows are started by whoever comes up first; a running one is left alone. */
async function startHousekeeping(settings: Settings): Promise<void> {
  const { connectionOptions, namespace } = temporalConnection(settings);
  const connection = await Connection.connect(connectionOptions);
  try {
    const client = new Client({ connection, namespace });
    await ensureSchedules(client);
    await client.workflow.start('housekeeping', {
      workflowId: housekeepingWorkflowId,
      taskQueue: queueOfWorkflow.housekeeping,
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: 'Keeps the availability cache fresh, for all tenants',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  } finally {
    await connection.close();
  }
}

async function main(): Promise<void> {
  const queues = chosenQueues();
  const settings = readSettings();
  const log = createLogger('workers', settings.logLevel);
  const logger = useLogger(log);
  const databaseUrl = required(settings.databaseUrl, 'HOLDFAST_DATABASE_URL');
  const databases = openDatabases({
    writeUrl: databaseUrl,
    readUrl: settings.databaseReadUrl,
    applicationName: 'holdfast-workers',
    onError: (error) => log.warn({ reason: error.message }, 'a database connection was lost; the pool opens another'),
  });
  const { connectionOptions, namespace } = temporalConnection(settings);
  const [bundle, connection] = await Promise.all([workflowBundle(path.join(settings.home, 'cache'), logger), NativeConnection.connect(connectionOptions)]);
  const importLoader = createImportLoader({ databaseUrl, storageUrl: settings.storageUrl, threads: Math.ceil(availableParallelism() / 2) });
  const exportWriter = createExportWriter({ databaseUrl: settings.databaseReadUrl ?? databaseUrl, storageUrl: settings.storageUrl, threads: taskQueues.exports.maxConcurrentActivities });
  const client = new Client({ connection, namespace });
  const dependencies = {
    databases,
    importLoader,
    exportWriter,
    gateways: async () => (await import('../services/payments/index.ts')).createGateways(withAddresses(settings, publicUrlOf(settings))),
    storage: openStorage(settings.storageUrl),
    tellBooking: tellBookingThrough(client),
    tellPayment: tellPaymentThrough(client),
    startImport: startImportThrough(client),
  };
  const workers = await createWorkers({ connection, namespace, queues, bundle, dependencies, buildId: settings.buildId });

  // The flag with which the process was started (stack/worker-process.ts) would also overrule what each thread of imports
  // and exports is given, and a thread that writes a spreadsheet needs more.
  setFlagsFromString('--max-semi-space-size=0');

  const stop = (why: string): void => {
    log.info({ why }, 'stopping');
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('disconnect', () => stop('the supervisor went away'));

  const running = runUntilStopped(workers);
  if (queues.includes(queueOfWorkflow.housekeeping)) await startHousekeeping(settings);
  log.info({ queues }, 'ready');
  process.send?.({ type: 'ready' });
  // Where NODE_COMPILE_CACHE is set, Node writes what it compiled when it ends; who is killed never gets there.
  flushCompileCache();
  await running;
  await importLoader.close();
  await exportWriter.close();
  await connection.close();
  await databases.close();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const message = error instanceof SettingsError ? error.message : `Workers stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
