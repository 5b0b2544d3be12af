/** Where the stack is and who is asking: from the stack.json of HOLDFAST_HOME, or from the settings. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { Holdfast, HoldfastError, type HoldfastOptions } from '../client/index.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';
import { ApiClient } from './api-client.ts';
import { CliError, remedyFor } from './errors.ts';

const connectTimeoutMs = 3_000;

const stackFile = z.object({
  apiUrl: z.string(),
  apiKey: z.string(),
  apiKeys: z.record(z.string(), z.string()),
  temporalAddress: z.string(),
  temporalNamespace: z.string().default('holdfast'),
  temporalUiUrl: z.string().nullish().transform((url) => url ?? undefined),
  databaseUrl: z.string().optional(),
});

export interface ConnectionOptions {
  readonly tenant?: string | undefined;
}

export interface Target {
  readonly tenantId: string;
  readonly apiUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** How to reach Temporal; TLS and keys come with an address from the environment. */
  readonly temporal: Pick<HoldfastOptions, 'address' | 'connection'> | undefined;
  readonly temporalNamespace: string;
  readonly temporalUiUrl: string | undefined;
  readonly databaseUrl: string | undefined;
}

function readStackFile(home: string): z.infer<typeof stackFile> | undefined {
  try {
    return stackFile.parse(JSON.parse(readFileSync(join(resolve(home), 'stack.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

const notRunning = (home: string, cause?: unknown): CliError =>
  new CliError(`The stack is not running (home: ${resolve(home)}).`, 'Start it with `npm start`, or point HOLDFAST_HOME or TEMPORAL_ADDRESS to one that runs.', { code: 'stack_not_running', cause });

/**
 * What is set in the environment goes before what the stack has written down.
 * @throws {CliError} when there is no stack, or no such tenant.
 */
export function findTarget({ tenant }: ConnectionOptions): Target {
  const settings = readSettings();
  const stack = readStackFile(settings.home);
  if (stack === undefined && settings.temporalAddress === undefined && settings.port === undefined) throw notRunning(settings.home);
  const keys = new Map([...Object.entries(stack?.apiKeys ?? {}), ...settings.apiKeys.map(({ tenantId, key }): [string, string] => [tenantId, key])]);
  const tenants = [...keys.keys()];
  if (tenant !== undefined && tenants.length > 0 && !tenants.includes(tenant)) {
    throw new CliError(`There is no tenant ${tenant}.`, `Pass one of these with --tenant: ${tenants.join(', ')}.`, { code: 'unknown_tenant' });
  }
  // The file names the first tenant's key by itself; the order of an object's keys says nothing.
  const first = Object.entries(stack?.apiKeys ?? {}).find(([, key]) => key === stack?.apiKey)?.[0];
  const tenantId = tenant ?? settings.apiKeys[0]?.tenantId ?? first ?? tenants[0];
  if (tenantId === undefined) throw new CliError('It is not known which tenant is meant.', 'Pass --tenant, or set HOLDFAST_API_KEYS.', { code: 'unknown_tenant' });
  const external = settings.temporalAddress !== undefined;
  return {
    tenantId,
    apiUrl: settings.port === undefined ? stack?.apiUrl : `http://${settings.host}:${settings.port}`,
    apiKey: keys.get(tenantId),
    temporal: external ? temporalFromEnvironment(settings) : stack === undefined ? undefined : { address: stack.temporalAddress },
    temporalNamespace: external ? settings.temporalNamespace : (stack?.temporalNamespace ?? settings.temporalNamespace),
    temporalUiUrl: settings.temporalUiUrl ?? stack?.temporalUiUrl,
    databaseUrl: settings.databaseUrl ?? stack?.databaseUrl,
  };
}

function temporalFromEnvironment(settings: Settings): NonNullable<Target['temporal']> {
  const { address, ...connection } = temporalConnection(settings).connectionOptions;
  return { address, connection };
}

/** Runs the work with a client of that tenant, and closes it. */
export async function withHoldfast<Result>(options: ConnectionOptions, work: (holdfast: Holdfast, target: Target) => Promise<Result>): Promise<Result> {
  const target = findTarget(options);
  const holdfast = await connect(target);
  try {
    return await work(holdfast, target);
  } catch (error) {
    if (error instanceof HoldfastError) throw new CliError(error.message, remedyFor(error.code, target.tenantId), { code: error.code, cause: error });
    throw error;
  } finally {
    await holdfast.close();
  }
}

async function connect({ tenantId, temporal, temporalNamespace, temporalUiUrl }: Target): Promise<Holdfast> {
  if (temporal === undefined) throw new CliError('It is not known where Temporal is.', 'Start the stack with `npm start`, or set TEMPORAL_ADDRESS.', { code: 'stack_not_running' });
  const { address, connection } = temporal;
  try {
    return await Holdfast.connect({ tenantId, address, namespace: temporalNamespace, webUiUrl: temporalUiUrl, connection: { ...connection, connectTimeout: connectTimeoutMs } });
  } catch (error) {
    throw new CliError(`Temporal does not answer at ${address}: the stack is not running.`, 'Start it with `npm start`, or set TEMPORAL_ADDRESS to one that runs.', { code: 'stack_not_running', cause: error });
  }
}

/** The HTTP API of that tenant. */
export function openApi(options: ConnectionOptions): ApiClient {
  const { tenantId, apiUrl, apiKey } = findTarget(options);
  if (apiUrl === undefined) throw notRunning(readSettings().home);
  if (apiKey === undefined) throw new CliError(`There is no API key for the tenant ${tenantId}.`, 'Set HOLDFAST_API_KEYS=tenant:key.', { code: 'unauthorized' });
  return new ApiClient(apiUrl, apiKey, tenantId);
}
