/**
 * Process entry: `node workers/main.ts [--queues bookings,operations]`. Without `--queues`, one worker for each task
 * queue. Stops in order on SIGTERM, SIGINT, or when the process that supervises it goes away.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import { createLogger, type Logger } from '../config/logger.ts';
import { readSettings, required, SettingsError, type Settings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';
import { housekeepingWorkflowId } from '../contracts/flows.ts';
import { queueOfWorkflow, taskQueueNames, type TaskQueueName } from '../contracts/task-queues.ts';
import { openDatabases } from '../services/database/connection.ts';
import { workflowBundle } from './bundle.ts';
import { createWorkers, runUntilStopped } from './run.ts';

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

/** The deployment's own flow is started by whoever comes up first; a running one is left alone. */
async function startHousekeeping(settings: Settings): Promise<void> {
  const { connectionOptions, namespace } = temporalConnection(settings);
  const connection = await Connection.connect(connectionOptions);
  try {
    await new Client({ connection, namespace }).workflow.start('housekeeping', {
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
  const databases = openDatabases({
    writeUrl: required(settings.databaseUrl, 'HOLDFAST_DATABASE_URL'),
    readUrl: settings.databaseReadUrl,
    applicationName: 'holdfast-workers',
    onError: (error) => log.warn({ reason: error.message }, 'a database connection was lost; the pool opens another'),
  });
  const { connectionOptions, namespace } = temporalConnection(settings);
  const [bundle, connection] = await Promise.all([workflowBundle(path.join(settings.home, 'cache'), logger), NativeConnection.connect(connectionOptions)]);
  const workers = await createWorkers({ connection, namespace, queues, bundle, dependencies: { databases }, buildId: settings.buildId });

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
  await running;
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
