/**
 * `npm run bench -- imports`: a million users with 7 columns through the whole product (sent over HTTP, stored, read,
 * validated, merged into an indexed table, completed), beside psql's `\copy` into a staging table and an
 * `INSERT … ON CONFLICT DO UPDATE` from it: the same file, an identical table, the same server, the same run. First the
 * table is empty, then every row of it is set anew. psql validates nothing and counts nothing. The sides take turns and
 * begin in turns, because the speed of a machine drifts; the ratio of each round is what counts.
 *
 * The worker is a process that only does imports. Its memory is the most that it has had since it began, in a process of
 * its own for each size of file.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { readSettings } from '../../config/settings.ts';
import { openDatabases } from '../../services/database/connection.ts';
import type { StackInfo } from '../../stack/info.ts';
import { startStack } from '../../stack/start.ts';
import { workerArguments, workerEnvironment } from '../../stack/worker-process.ts';
import { median } from '../measure.ts';
import { writeUsers } from './file.ts';
import { cpuMsOf, peakMiBOf } from './processes.ts';
import { findPsql, psqlTable } from './psql.ts';

const tenantId = 'bench';
const apiKey = 'bench-key-1234';
const wanted = { ratio: 1.2, peakMiB: 300 };
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, rows: { type: 'string', default: '1000000' } } });
const rows = Number(options.rows);
const few = Math.min(rows, 100_000);

interface Took {
  readonly seconds: number;
  readonly postgresCpu: number;
}

interface Imported extends Took {
  readonly uploaded: number;
  readonly inspected: number;
  readonly workerCpu: number;
  readonly peakMiB: number;
}

interface View {
  readonly id: string;
  readonly status: string;
  readonly rows: { readonly inserted: number; readonly updated: number; readonly rejected: number };
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000;

/** A process that only does imports, started as the stack starts its workers. */
async function startWorker(info: StackInfo): Promise<ChildProcess> {
  const env = { ...process.env, HOLDFAST_HOME: info.home, HOLDFAST_DATABASE_URL: info.databaseUrl, HOLDFAST_API_KEYS: `${tenantId}:${apiKey}`, TEMPORAL_ADDRESS: info.temporalAddress, TEMPORAL_NAMESPACE: info.temporalNamespace, NODE_COMPILE_CACHE: path.join(info.home, 'cache/node') };
  const worker = fork(fileURLToPath(new URL('../../workers/main.ts', import.meta.url)), ['--queues', 'imports'], { env: { ...env, ...workerEnvironment }, execArgv: [...workerArguments], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(worker, 'message');
  return worker;
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}

async function call(info: StackInfo, url: string, init: RequestInit = {}): Promise<View> {
  const answer = await fetch(`${info.apiUrl}${url}`, { ...init, headers: { authorization: `Bearer ${apiKey}` } });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as View;
}

async function importFile(info: StackInfo, worker: ChildProcess, file: string, expected: Partial<View['rows']>): Promise<Imported> {
  const workerPid = worker.pid ?? 0;
  const before = { postgres: cpuMsOf(info.pids.postgres), worker: cpuMsOf(workerPid) };
  const began = performance.now();
  let view = await call(info, '/v1/imports?dataset=users', { method: 'POST', body: await openAsBlob(file) });
  const uploaded = secondsSince(began);
  let inspected = 0;
  while (['pending', 'inspecting', 'running'].includes(view.status)) {
    await sleep(50);
    view = await call(info, `/v1/imports/${view.id}`);
    if (inspected === 0 && view.status !== 'pending' && view.status !== 'inspecting') inspected = secondsSince(began) - uploaded;
  }
  const seconds = secondsSince(began);
  if (view.status !== 'completed' || Object.entries(expected).some(([name, count]) => view.rows[name as keyof View['rows']] !== count)) throw new Error(JSON.stringify(view));
  return { seconds, uploaded, inspected, postgresCpu: (cpuMsOf(info.pids.postgres) - before.postgres) / 1000, workerCpu: (cpuMsOf(workerPid) - before.worker) / 1000, peakMiB: peakMiBOf(workerPid) };
}

const home = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
const settings = readSettings({ ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: `${tenantId}:${apiKey}`, HOLDFAST_PORT: '', HOLDFAST_DATABASE_URL: '', TEMPORAL_ADDRESS: '' });
const stack = await startStack({ settings, parts: ['postgres', 'temporal', 'api'], environment: { HOLDFAST_RATE_LIMIT: '0' } });
const databases = openDatabases({ writeUrl: stack.info.databaseUrl, applicationName: 'holdfast-bench' });
try {
  const { info } = stack;
  const psql = await findPsql();
  const file = (count: number, generation: number): string => path.join(home, `users-${count}-${generation}.csv`);
  for (const generation of [0, 1]) await writeUsers(file(rows, generation), rows, generation);
  await writeUsers(file(few, 0), few, 0);
  const { size } = await stat(file(rows, 0));

  const afresh = async (): Promise<void> => {
    await sql`TRUNCATE users`.execute(databases.write);
    await sql`DROP TABLE IF EXISTS ${sql.ref(psqlTable)}`.execute(databases.write);
    await sql`CREATE TABLE ${sql.ref(psqlTable)} (LIKE users INCLUDING ALL)`.execute(databases.write);
  };
  const ours = async (worker: ChildProcess, generation: number): Promise<Imported> => await importFile(info, worker, file(rows, generation), generation === 0 ? { inserted: rows } : { updated: rows });
  const theirs = async (generation: number): Promise<Took> => {
    const before = cpuMsOf(info.pids.postgres);
    const began = performance.now();
    await psql.run(info.databaseUrl, tenantId, file(rows, generation));
    return { seconds: secondsSince(began), postgresCpu: (cpuMsOf(info.pids.postgres) - before) / 1000 };
  };
  const differences = async (): Promise<number> => {
    const columns = sql.raw('tenant_id, external_id, email, first_name, last_name, city, birth_date, credit_minor');
    const { rows: [found] } = await sql<{ n: number }>`SELECT count(*) AS n FROM (SELECT ${columns} FROM users EXCEPT ALL SELECT ${columns} FROM ${sql.ref(psqlTable)}) AS d`.execute(databases.write);
    return found?.n ?? -1;
  };

  // The first one makes the bundle of the workflows, which takes more memory than anything after it.
  await stopWorker(await startWorker(info));
  console.log(`\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; ${rows} rows, ${(size / 1e6).toFixed(1)} MB; ${psql.name}\n`);

  const small = await startWorker(info);
  const idleMiB = peakMiBOf(small.pid ?? 0);
  await afresh();
  const peakOfFew = (await importFile(info, small, file(few, 0), { inserted: few })).peakMiB;
  await stopWorker(small);

  const worker = await startWorker(info);
  const kinds = ['fresh', 'update'] as const;
  const ratios: Record<(typeof kinds)[number], number[]> = { fresh: [], update: [] };
  let peakMiB = 0;
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    await afresh();
    for (const [generation, kind] of kinds.entries()) {
      const other = round % 2 === 0 ? await theirs(generation) : undefined;
      const own = await ours(worker, generation);
      const psqlTook = other ?? (await theirs(generation));
      const ratio = own.seconds / psqlTook.seconds;
      ratios[kind].push(ratio);
      peakMiB = Math.max(peakMiB, own.peakMiB);
      console.log(
        `round ${round}, ${kind}: import ${own.seconds.toFixed(1)} s (upload ${own.uploaded.toFixed(1)}, inspect ${own.inspected.toFixed(1)}, load ${(own.seconds - own.uploaded - own.inspected).toFixed(1)}; processor: worker ${own.workerCpu.toFixed(1)}, postgres ${own.postgresCpu.toFixed(1)}) · psql ${psqlTook.seconds.toFixed(1)} s (postgres ${psqlTook.postgresCpu.toFixed(1)}) · ratio ${ratio.toFixed(2)}`,
      );
    }
    const different = await differences();
    if (different !== 0) throw new Error(`${different} rows differ from what psql made`);
  }
  await stopWorker(worker);

  const verdict = (good: boolean): string => (good ? 'reached' : 'MISSED');
  console.log(`\nThe two tables are the same. Median ratio to psql (wanted: ${wanted.ratio} at most):`);
  for (const kind of kinds) console.log(`  ${kind} ${median(ratios[kind]).toFixed(2)}: ${verdict(median(ratios[kind]) <= wanted.ratio)}`);
  console.log(`Peak memory of the worker (wanted: ${wanted.peakMiB} MiB at most): ${peakMiB.toFixed(0)} MiB with ${rows} rows, ${peakOfFew.toFixed(0)} MiB with ${few}, ${idleMiB.toFixed(0)} MiB before the first import: ${verdict(peakMiB <= wanted.peakMiB)}`);
} finally {
  await databases.close();
  await stack.stop();
  await rm(home, { recursive: true, force: true });
}
