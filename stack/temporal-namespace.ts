/** What Holdfast needs inside a Temporal server: its namespace and its search attributes. Safe to repeat. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { StackError, messageOf } from './errors.ts';

const retentionMs = 30 * 24 * 60 * 60 * 1000;
const patienceMs = 60_000;
// One refresh of the server's namespace cache (deploy/temporal/dynamicconfig.yaml) and a margin.
const cacheRefreshMs = 1_500;

/** IndexedValueType of the Temporal API, by the name that the SDK has for it. */
const indexedValueTypes: Readonly<Record<string, number>> = {
  [SearchAttributeType.TEXT]: 1,
  [SearchAttributeType.KEYWORD]: 2,
  [SearchAttributeType.INT]: 3,
  [SearchAttributeType.DOUBLE]: 4,
  [SearchAttributeType.BOOL]: 5,
  [SearchAttributeType.DATETIME]: 6,
  [SearchAttributeType.KEYWORD_LIST]: 7,
};

/** gRPC's NOT_FOUND and ALREADY_EXISTS. */
const notFound = 5;
const alreadyExists = 6;

function grpcCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  return grpcCode(error.cause);
}

/** Whether the server behind the address serves requests, its database included. */
export async function temporalAnswers(options: ConnectionOptions): Promise<boolean> {
  const connection = await Connection.connect({ ...options, connectTimeout: 1_000 });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => await connection.workflowService.describeNamespace({ namespace: 'temporal-system' }));
    return true;
  } finally {
    await connection.close();
  }
}

export interface NamespaceOptions {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
  /** Ours to shape: the retention is kept at 30 days. Another's is left as it is. */
  readonly own: boolean;
}

/** Registers what is missing and waits until the server knows it. @throws {StackError} when it may not or does not. */
export async function ensureNamespace({ connection: options, namespace, own }: NamespaceOptions): Promise<void> {
  const connection = await Connection.connect({ ...options, connectTimeout: 10_000 });
  try {
    const deadline = Date.now() + patienceMs;
    let changed = await retried(deadline, async () => await registerNamespace(connection, namespace, own));
    changed = (await retried(deadline, async () => await addSearchAttributes(connection, namespace))) || changed;
    const query = Object.values(searchAttributes).map(({ name }) => `${name} IS NULL`).join(' AND ');
    await retried(deadline, async () => await connection.workflowService.countWorkflowExecutions({ namespace, query }));
    if (changed && own) await sleep(cacheRefreshMs);
  } catch (error) {
    throw new StackError(
      `The namespace ${namespace} could not be made ready: ${messageOf(error)}`,
      own ? 'See the log of temporal in the home folder.' : `Create the namespace and these search attributes in the cluster: ${Object.values(searchAttributes).map(({ name, type }) => `${name} (${type})`).join(', ')}.`,
      { cause: error },
    );
  } finally {
    await connection.close();
  }
}

/** A server that has just come up refuses a little while; anything that lasts is a failure. */
async function retried<Value>(deadline: number, work: () => Promise<Value>): Promise<Value> {
  // 3 INVALID_ARGUMENT (attribute not known yet), 5 NOT_FOUND (namespace not known yet), 4 and 8 and 14: busy or away.
  const passing = new Set([3, 4, 5, 8, 14]);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() >= deadline || !passing.has(grpcCode(error) ?? -1)) throw error;
      await sleep(100);
    }
  }
}

async function registerNamespace(connection: Connection, namespace: string, own: boolean): Promise<boolean> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const current = config?.workflowExecutionRetentionTtl;
    if (own && current !== null && current !== undefined && tsToMs(current) < retentionMs) {
      await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(retentionMs) } });
    }
    return false;
  } catch (error) {
    if (grpcCode(error) !== notFound) throw error;
  }
  try {
    await connection.workflowService.registerNamespace({ namespace, description: 'Holdfast', workflowExecutionRetentionPeriod: msToTs(retentionMs) });
    return true;
  } catch (error) {
    if (grpcCode(error) === alreadyExists) return false;
    throw error;
  }
}

async function addSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes).filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return false;
  const additions = Object.fromEntries(missing.map(({ name, type }) => [name, indexedValueTypes[type] ?? 0]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: additions }).catch((error: unknown) => {
    if (grpcCode(error) !== alreadyExists) throw error;
  });
  return true;
}
