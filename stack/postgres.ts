/** Embedded PostgreSQL: its files, its settings, its databases. The supervisor runs it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { StackError, errorCode, explain, messageOf } from './errors.ts';
import type { Home, Secrets } from './home.ts';
import { identify } from './identity.ts';
import type { LogFile } from './log-file.ts';
import { loopback } from './ports.ts';
import type { ProcessSpec } from './process.ts';
import type { Binaries } from './postgres-binaries.ts';
import { asUser, checkUser, giveTo, postgresUser } from './postgres-user.ts';

const run = promisify(execFile);

/** @returns what is wrong with a data folder that another version made, or undefined. */
export function dataFolderProblem(home: Home, binaries: Binaries): StackError | undefined {
  if (!existsSync(home.postgresData)) return undefined;
  const file = join(home.postgresData, 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (found === String(binaries.major)) return undefined;
  const remedy = `Move it away to start afresh (mv ${home.postgresData} ${home.postgresData}.old), or set HOLDFAST_HOME to another folder. To keep the data, dump it with PostgreSQL ${found ?? 'of its own version'} (pg_dumpall) and load it into the new one.`;
  if (found === undefined) return new StackError(`${home.postgresData} is not a PostgreSQL data folder: it has no PG_VERSION.`, remedy);
  return new StackError(`The data folder ${home.postgresData} was made by PostgreSQL ${found}; this is PostgreSQL ${binaries.major}.`, remedy);
}

/** Creates the data folder once. It is made aside and renamed, so that an interrupted start leaves nothing half-made. */
export async function initialise(home: Home, binaries: Binaries, secrets: Secrets): Promise<void> {
  const user = postgresUser(home.postgresData, [home.postgresData, binaries.postgres]);
  checkUser(user);
  for (const leftover of readdirSync(home.postgres).filter((entry) => entry.startsWith('new-'))) rmSync(join(home.postgres, leftover), { recursive: true, force: true });
  if (existsSync(home.postgresData)) return;
  const work = mkdtempSync(join(home.postgres, 'new-'));
  const passwordFile = join(work, 'password');
  const data = join(work, 'data');
  try {
    writeFileSync(passwordFile, secrets.postgresPassword, { mode: 0o600 });
    mkdirSync(data, { mode: 0o700 });
    for (const path of [work, passwordFile, data]) giveTo(user, path);
    const launch = asUser(user, {
      command: binaries.initdb,
      // The built-in C.UTF-8 sorts the same on every machine and never changes under an index.
      args: ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
      env: { PATH: process.env['PATH'] },
    });
    await run(launch.command, [...launch.args], { env: launch.env, cwd: '/', ...(launch.uid !== undefined && { uid: launch.uid }), ...(launch.gid !== undefined && { gid: launch.gid }) });
    renameSync(data, home.postgresData);
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    if (output.includes('No space left on device')) throw new StackError(`The disk is full (${home.postgres}).`, 'Free some space and start again.', { cause: error });
    if (errorCode(error) !== undefined && output === '') throw explain(error);
    throw new StackError(`PostgreSQL could not create its data folder: ${output.trim().split('\n').at(-1) ?? messageOf(error)}`, 'Check that HOLDFAST_HOME lies on a local disk that can be written.', { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A postmaster.pid that a killed server left names a pid that may belong to a stranger by now; PostgreSQL would then
 * refuse to start. It is removed only if no process with that pid is a PostgreSQL on this very folder.
 */
function removeStalePidFile(home: Home): void {
  const file = join(home.postgresData, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (pid > 0 && identify(pid) !== undefined) {
    const commandFile = `/proc/${pid}/cmdline`;
    const command = existsSync(commandFile) ? readFileSync(commandFile, 'utf8') : undefined;
    // Without /proc PostgreSQL's own check has the last word.
    if (command === undefined || command.includes(home.postgresData)) return;
  }
  rmSync(file, { force: true });
}

/**
 * Sized for a laptop or a small server (2 cores, some GB). Durable: a commit that was answered survives a power cut.
 * Connections: 40 of the application a process, 30 of Temporal, and room for tools and tests.
 */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: loopback,
  unix_socket_directories: '',
  max_connections: '250',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  random_page_cost: '1.1',
  max_wal_size: '2GB',
  checkpoint_timeout: '10min',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
  shared_preload_libraries: 'pg_stat_statements',
  log_line_prefix: '%m [%p] %a ',
  // Statements and their values may hold personal data, so they stay out of the log.
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
};

export function databaseUrl(user: string, password: string, port: number, database: string): string {
  return `postgres://${user}:${password}@${loopback}:${port}/${database}`;
}

async function withClient<Value>(url: string, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, application_name: 'holdfast stack' });
  // A server that goes away between two statements is reported by the statement itself.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether that database answers a query. */
export async function answers(url: string): Promise<boolean> {
  return await withClient(url, async (client) => (await client.query('SELECT 1')).rowCount === 1).catch(() => false);
}

export function postgresSpec(home: Home, binaries: Binaries, secrets: Secrets, port: number, log: LogFile): ProcessSpec {
  const admin = databaseUrl('postgres', secrets.postgresPassword, port, 'postgres');
  return {
    name: 'postgres',
    launch: () => {
      removeStalePidFile(home);
      const settings = Object.entries({ ...serverSettings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const user = postgresUser(home.postgresData, [home.postgresData, binaries.postgres]);
      return asUser(user, { command: binaries.postgres, args: ['-D', home.postgresData, ...settings], env: { PATH: process.env['PATH'], TZ: 'UTC' }, cwd: '/' });
    },
    ready: async () => await withClient(admin, async (client) => (await client.query('SELECT 1')).rowCount === 1).catch((error: unknown) => {
      // 28P01: the server is there, but the home's password is not the one it was made with.
      if (errorCode(error) === '28P01') log.event(`the password in ${basename(home.secretsFile)} is not the one of this data folder`);
      return false;
    }),
    // Recovery after a crash reads the log since the last checkpoint; on a slow disk that takes its time.
    readyTimeoutMs: 120_000,
    // Fast shutdown: open transactions are rolled back, the log is written out. Source: PostgreSQL manual, pg_ctl.
    stopSignal: 'SIGINT',
    log,
  };
}

const databases = [
  { name: 'holdfast', owner: 'holdfast' },
  { name: 'temporal', owner: 'temporal' },
  { name: 'temporal_visibility', owner: 'temporal' },
] as const;

/** Roles and databases, made once. Each role owns its databases and is nobody elsewhere. */
export async function ensureDatabases(secrets: Secrets, port: number): Promise<void> {
  const passwords = { holdfast: secrets.holdfastPassword, temporal: secrets.temporalPassword };
  await withClient(databaseUrl('postgres', secrets.postgresPassword, port, 'postgres'), async (client) => {
    const roles = new Set((await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles')).rows.map((row) => row.name));
    const existing = new Set((await client.query<{ name: string }>('SELECT datname AS name FROM pg_database')).rows.map((row) => row.name));
    for (const [role, password] of Object.entries(passwords)) {
      if (!roles.has(role)) await client.query(`CREATE ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    }
    for (const { name, owner } of databases) {
      if (!existing.has(name)) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} OWNER ${client.escapeIdentifier(owner)}`);
      await client.query(`REVOKE CONNECT ON DATABASE ${client.escapeIdentifier(name)} FROM PUBLIC`);
    }
  });
}
