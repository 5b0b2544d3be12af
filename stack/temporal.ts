/** The Temporal server and its Web UI as supervised processes, and the server's database schema. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TypedSearchAttributes } from '@temporalio/common';
import pg from 'pg';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { StackError } from './errors.ts';
import type { Home, Secrets } from './home.ts';
import type { LogFile } from './log-file.ts';
import { databaseUrl } from './postgres.ts';
import { loopback, type Ports } from './ports.ts';
import type { ProcessSpec } from './process.ts';
import { temporalAnswers } from './temporal-namespace.ts';
import type { GoBinaries } from './toolchain/go-build.ts';
import { runTool } from './toolchain/run.ts';
import { temporalServerVersion } from './toolchain/versions.ts';

const deployFolder = fileURLToPath(new URL('../deploy', import.meta.url));
const configFolder = join(deployFolder, 'temporal');

const schemas = [
  { database: 'temporal', schema: 'postgresql/v12/temporal' },
  { database: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
] as const;

/**
 * Brings both databases to this server's schema. The version is kept as a comment on the database, so it lives and dies
 * with the data; when it is the current one there is nothing to do.
 */
export async function ensureSchema(binaries: GoBinaries, secrets: Secrets, port: number, signal: AbortSignal | undefined): Promise<void> {
  await Promise.all(schemas.map(async ({ database, schema }) => {
    const client = new pg.Client({ connectionString: databaseUrl('temporal', secrets.temporalPassword, port, database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const stamp = `schema of Temporal ${temporalServerVersion}`;
      const found = await client.query<{ comment: string | null }>("SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()");
      const comment = found.rows[0]?.comment ?? undefined;
      if (comment === stamp) return;
      const tool = async (...args: string[]): Promise<void> => {
        const result = await runTool(binaries.sqlTool, ['--plugin', 'postgres12', '--endpoint', loopback, '--port', String(port), '--user', 'temporal', '--database', database, ...args], { env: { PATH: process.env['PATH'], SQL_PASSWORD: secrets.temporalPassword }, signal });
        if (!result.ok) throw new StackError(`The schema of ${database} could not be brought up to date:\n${result.tail.map((line) => `    ${line.slice(0, 300)}`).join('\n')}`, 'Start again; a step that was done is not repeated.');
      };
      // Without a stamp the first set-up never finished, so there is nothing to lose by beginning again.
      if (comment === undefined) await tool('setup-schema', '--overwrite', '--version', '0.0');
      await tool('update-schema', '--schema-name', schema);
      await client.query(`COMMENT ON DATABASE ${client.escapeIdentifier(database)} IS ${client.escapeLiteral(stamp)}`);
    } finally {
      await client.end();
    }
  }));
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: loopback, port });
    const finish = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(1_000, () => { finish(false); });
    socket.once('connect', () => { finish(true); });
    socket.once('error', () => { finish(false); });
  });
}

const ready = (port: number) => async (): Promise<boolean> => (await accepts(port)) && (await temporalAnswers({ address: `${loopback}:${port}` }));

/** The production server, all its services in one process. */
export function serverSpec(binaries: GoBinaries, secrets: Secrets, ports: Ports, log: LogFile): ProcessSpec {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    LOG_LEVEL: 'warn',
    BIND_ON_IP: loopback,
    // Without it the server looks for another address of this machine to tell its own services.
    TEMPORAL_BROADCAST_ADDRESS: loopback,
    POSTGRES_SEEDS: loopback,
    DB_PORT: String(ports.postgres),
    POSTGRES_USER: 'temporal',
    POSTGRES_PWD: secrets.temporalPassword,
    FRONTEND_GRPC_PORT: String(ports.temporal),
    FRONTEND_HTTP_PORT: String(ports.temporalHttp),
    FRONTEND_MEMBERSHIP_PORT: String(ports.frontendMembership),
    MATCHING_GRPC_PORT: String(ports.matching),
    MATCHING_MEMBERSHIP_PORT: String(ports.matchingMembership),
    HISTORY_GRPC_PORT: String(ports.history),
    HISTORY_MEMBERSHIP_PORT: String(ports.historyMembership),
    WORKER_GRPC_PORT: String(ports.worker),
    WORKER_MEMBERSHIP_PORT: String(ports.workerMembership),
    PROMETHEUS_ENDPOINT: `${loopback}:${ports.temporalMetrics}`,
    DYNAMIC_CONFIG_FILE_PATH: join(configFolder, 'dynamicconfig.yaml'),
  };
  return {
    name: 'temporal',
    launch: () => ({ command: binaries.server, args: ['--config-file', join(configFolder, 'server.yaml'), '--allow-no-auth', 'start'], env, cwd: '/' }),
    ready: ready(ports.temporal),
    readyTimeoutMs: 90_000,
    stopSignal: 'SIGTERM',
    log,
  };
}

export function uiSpec(binaries: GoBinaries, address: string, namespace: string, port: number, log: LogFile): ProcessSpec {
  return {
    name: 'ui',
    launch: () => ({
      command: binaries.ui,
      args: ['--root', deployFolder, '--config', 'temporal', '--env', 'ui', 'start'],
      env: { PATH: process.env['PATH'], TEMPORAL_ADDRESS: address, TEMPORAL_UI_HOST: loopback, TEMPORAL_UI_PORT: String(port), TEMPORAL_NAMESPACE: namespace },
      cwd: '/',
    }),
    ready: async () => (await fetch(`http://${loopback}:${port}/`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyTimeoutMs: 30_000,
    stopSignal: 'SIGTERM',
    log,
  };
}

/** The CLI's development server: flows in a SQLite file, the Web UI in the same process. */
export function cliSpec(executable: string, home: Home, namespace: string, ports: Ports, log: LogFile): ProcessSpec {
  const attributes = Object.values(searchAttributes).flatMap(({ name, type }) => ['--search-attribute', `${name}=${TypedSearchAttributes.toMetadataType(type)}`]);
  const dynamic = ['matching.useNewMatcher=true', 'matching.enableFairness=true', 'history.enableUpdateWithStartRetryOnClosedWorkflowAbort=true', 'history.workflowTaskRetryMaxInterval="10s"', 'system.enableDeploymentVersions=true', 'frontend.workerVersioningWorkflowAPIs=true', 'system.namespaceCacheRefreshInterval="1s"', 'frontend.enableServerVersionCheck=false'];
  return {
    name: 'temporal',
    launch: () => ({
      command: executable,
      args: [
        'server', 'start-dev',
        '--ip', loopback, '--port', String(ports.temporal), '--http-port', String(ports.temporalHttp), '--metrics-port', String(ports.temporalMetrics),
        '--ui-ip', loopback, '--ui-port', String(ports.ui),
        '--db-filename', join(home.temporal, 'flows.sqlite'),
        '--namespace', namespace, ...attributes,
        ...dynamic.flatMap((setting) => ['--dynamic-config-value', setting]),
        '--log-format', 'json', '--log-level', 'warn',
      ],
      // The CLI reads a configuration of its own from there; this server must not depend on it.
      env: { PATH: process.env['PATH'], HOME: home.temporal },
      cwd: '/',
    }),
    ready: ready(ports.temporal),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    log,
  };
}
