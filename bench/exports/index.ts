/**
 * `npm run bench -- exports`: a million users with 9 columns through the whole product (asked for over HTTP, read in one
 * snapshot, written, stored with its checksum, ready), beside psql's `\copy … to` a file from the same server in the same
 * run. psql does it twice: `alike` copies the very same SELECT and makes the same file byte for byte; `bare` copies the
 * columns as they are, without making text harmless for spreadsheets, and amounts decimal. The sides take
 * turns and begin in turns, because the speed of a machine drifts; the ratio of each round is what counts.
 *
 * The worker is a process that only does exports. Its memory is the most that it has had since it began, in a process of
 * its own for each number of rows.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import type { ExportView } from '../../client/index.ts';
import { readSettings } from '../../config/settings.ts';
import type { ExportFormat } from '../../contracts/exports/flow.ts';
import { openDatabases } from '../../services/database/connection.ts';
import { selectRows } from '../../services/exports/select.ts';
import type { StackInfo } from '../../stack/info.ts';
import { startStack } from '../../stack/start.ts';
import { workerArguments, workerEnvironment } from '../../stack/worker-process.ts';
import { csvOf, pagesOf, sheetsOf } from '../../test/support/readers.ts';
import { cpuMsOf, peakMiBOf } from '../imports/processes.ts';
import { median } from '../measure.ts';
import { findPsql } from './psql.ts';

const tenants = { many: 'bench', few: 'bench-few', some: 'bench-some' } as const;
type Size = keyof typeof tenants;
const keyOf = (size: Size): string => `bench-key-${size}`;
const wanted = { ratio: 1.3, rowsPerSecond: 50_000, growth: 1.1 };
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, rows: { type: 'string', default: '1000000' } } });
const counts: Record<Size, number> = { many: Number(options.rows), few: Math.min(Number(options.rows), 100_000), some: 2_000 };

interface Took {
  readonly seconds: number;
  readonly postgresCpu: number;
}

interface Exported extends Took {
  readonly view: ExportView;
  readonly workerCpu: number;
  readonly peakMiB: number;
}

const verdict = (good: boolean): string => (good ? 'reached' : 'MISSED');
const secondsSince = (began: number): number => (performance.now() - began) / 1000;

/** A process that only does exports. */
async function startWorker(info: StackInfo): Promise<ChildProcess> {
  const env = { ...process.env, HOLDFAST_HOME: info.home, HOLDFAST_DATABASE_URL: info.databaseUrl, TEMPORAL_ADDRESS: info.temporalAddress, TEMPORAL_NAMESPACE: info.temporalNamespace };
  const worker = fork(fileURLToPath(new URL('../../workers/main.ts', import.meta.url)), ['--queues', 'exports'], { env: { ...env, ...workerEnvironment }, execArgv: [...workerArguments], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(worker, 'message');
  return worker;
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}

async function exported(info: StackInfo, worker: ChildProcess, size: Size, format: ExportFormat): Promise<Exported> {
  const call = async (url: string, body?: object): Promise<ExportView> => {
    const answer = await fetch(`${info.apiUrl}${url}`, { headers: { authorization: `Bearer ${keyOf(size)}`, 'content-type': 'application/json' }, ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as ExportView;
  };
  const workerPid = worker.pid ?? 0;
  const before = { postgres: cpuMsOf(info.pids.postgres), worker: cpuMsOf(workerPid) };
  const began = performance.now();
  let view = await call('/v1/exports', { dataset: 'users', format });
  while (['pending', 'running'].includes(view.status)) {
    await sleep(20);
    view = await call(`/v1/exports/${view.id}`);
  }
  const seconds = secondsSince(began);
  if (view.status !== 'ready' || view.rows !== counts[size]) throw new Error(JSON.stringify(view));
  return { view, seconds, postgresCpu: (cpuMsOf(info.pids.postgres) - before.postgres) / 1000, workerCpu: (cpuMsOf(workerPid) - before.worker) / 1000, peakMiB: peakMiBOf(workerPid) };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const home = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
const settings = readSettings({ ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: Object.entries(tenants).map(([size, tenant]) => `${tenant}:bench-key-${size}`).join(','), HOLDFAST_PORT: '', HOLDFAST_DATABASE_URL: '', TEMPORAL_ADDRESS: '' });
const stack = await startStack({ settings, parts: ['postgres', 'temporal', 'api'], environment: { HOLDFAST_RATE_LIMIT: '0' } });
const databases = openDatabases({ writeUrl: stack.info.databaseUrl, applicationName: 'holdfast-bench' });
try {
  const { info } = stack;
  const psql = await findPsql();
  for (const [size, tenant] of Object.entries(tenants)) {
    for (let from = 1; from <= counts[size as Size]; from += 50_000) {
      await sql`
        INSERT INTO users (tenant_id, external_id, email, first_name, last_name, city, birth_date, credit_minor, import_no, import_position)
        SELECT ${tenant}, 'customer-' || lpad(n::text, 8, '0'), 'person' || n || '@mail.example.com', (ARRAY['Ada', 'Grace', 'Zoë', 'Łukasz', 'José', 'Mei'])[n % 6 + 1], (ARRAY['Lovelace', 'Hopper', 'Müller', 'O''Neill', 'van der Berg'])[n % 5 + 1],
          (ARRAY['London', 'Praha', 'São Paulo', 'Tōkyō'])[n % 4 + 1], DATE '1940-01-01' + n % 23000, n % 1000000, 1, n
        FROM generate_series(${from}::integer, least(${from} + 49999, ${counts[size as Size]})::integer) AS n`.execute(databases.write);
    }
  }
  await sql`VACUUM (ANALYZE) users`.execute(databases.write);

  const alike = selectRows({ tenantId: tenants.many, dataset: 'users', filters: {} }, 'csv');
  const bare = `SELECT external_id, email, first_name, last_name, city, birth_date, credit_minor, created_at, updated_at FROM users WHERE tenant_id = '${tenants.many}' ORDER BY external_id`;
  const file = path.join(home, 'psql.csv');
  const copied = async (select: string): Promise<Took> => {
    const before = cpuMsOf(info.pids.postgres);
    const began = performance.now();
    await psql.copy(info.databaseUrl, select, file);
    return { seconds: secondsSince(began), postgresCpu: (cpuMsOf(info.pids.postgres) - before) / 1000 };
  };

  // The first one makes the bundle of the workflows, which takes more memory than anything after it.
  await stopWorker(await startWorker(info));
  console.log(`\n${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; ${counts.many} rows; ${psql.name}\n`);

  const peaks: Record<string, string> = {};
  for (const format of ['csv', 'ndjson', 'xlsx'] as const) {
    const worker = await startWorker(info);
    const idle = peakMiBOf(worker.pid ?? 0);
    const few = (await exported(info, worker, 'few', format)).peakMiB;
    await stopWorker(worker);
    const other = await startWorker(info);
    const many = (await exported(info, other, 'many', format)).peakMiB;
    await stopWorker(other);
    peaks[format] = `${few.toFixed(0)} MiB with ${counts.few} rows, ${many.toFixed(0)} MiB with ${counts.many} (${idle.toFixed(0)} MiB before): ${verdict(many <= few * wanted.growth)}`;
  }

  const worker = await startWorker(info);
  await exported(info, worker, 'some', 'csv');
  const ratios = { alike: [] as number[], bare: [] as number[] };
  const rates = { ndjson: [] as number[], xlsx: [] as number[] };
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    const sides = { own: undefined as Exported | undefined, alike: undefined as Took | undefined, bare: undefined as Took | undefined };
    const turns = [async () => (sides.bare = await copied(bare)), async () => (sides.own = await exported(info, worker, 'many', 'csv')), async () => (sides.alike = await copied(alike))];
    for (const turn of round % 2 === 0 ? turns.toReversed() : turns) await turn();
    if (sides.own === undefined || sides.alike === undefined || sides.bare === undefined) throw new Error('a side is missing');
    const { own } = sides;
    if (round % 2 === 1 && (await sha256Of(file)) !== own.view.sha256) throw new Error('the file is not what psql made');
    ratios.alike.push(own.seconds / sides.alike.seconds);
    ratios.bare.push(own.seconds / sides.bare.seconds);
    const more: string[] = [];
    for (const format of ['ndjson', 'xlsx'] as const) {
      const took = await exported(info, worker, 'many', format);
      rates[format].push(counts.many / took.seconds);
      more.push(`${format} ${took.seconds.toFixed(1)} s (worker ${took.workerCpu.toFixed(1)}, postgres ${took.postgresCpu.toFixed(1)})`);
    }
    console.log(`round ${round}: csv ${own.seconds.toFixed(2)} s (processor: worker ${own.workerCpu.toFixed(1)}, postgres ${own.postgresCpu.toFixed(1)}) · psql alike ${sides.alike.seconds.toFixed(2)} s (postgres ${sides.alike.postgresCpu.toFixed(1)}), bare ${sides.bare.seconds.toFixed(2)} s (postgres ${sides.bare.postgresCpu.toFixed(1)}) · ratio ${(ratios.alike.at(-1) ?? 0).toFixed(2)} and ${(ratios.bare.at(-1) ?? 0).toFixed(2)} · ${more.join(' · ')}`);
  }

  const contentsOf = async (format: ExportFormat): Promise<Buffer> => {
    const { view } = await exported(info, worker, 'some', format);
    return await readFile(path.join(home, 'storage', tenants.some, 'exports', view.id, `1.${format}`));
  };
  const [, ...csv] = csvOf((await contentsOf('csv')).toString());
  const ids = csv.map(([id]) => id ?? '');
  const inJson = (await contentsOf('ndjson')).toString().trimEnd().split('\n').map((line) => Object.values(JSON.parse(line) as object).map((value) => (typeof value === 'number' ? value.toFixed(2) : String(value).replace(/^(\d{4}-\d\d-\d\d)T(.*)Z$/, '$1 $2'))));
  const inXlsx = (await sheetsOf(await contentsOf('xlsx'), home))?.flatMap(({ rows }) => rows.slice(1).map(([id]) => String(id?.[1])));
  const inPdf = (await pagesOf(await contentsOf('pdf'), home))?.flatMap((page) => [...page.matchAll(/customer-\d{8}/g)].map(([id]) => id));
  const same = JSON.stringify(csv) === JSON.stringify(inJson) && [inXlsx, inPdf].every((found) => found === undefined || JSON.stringify(found) === JSON.stringify(ids));
  await stopWorker(worker);

  console.log(`\ncsv: median ratio to psql (wanted: ${wanted.ratio} at most): ${median(ratios.alike).toFixed(2)} alike: ${verdict(median(ratios.alike) <= wanted.ratio)}; ${median(ratios.bare).toFixed(2)} bare`);
  console.log(`xlsx: ${median(rates.xlsx).toFixed(0)} rows/s (wanted: ${wanted.rowsPerSecond} at least): ${verdict(median(rates.xlsx) >= wanted.rowsPerSecond)}; ndjson: ${median(rates.ndjson).toFixed(0)} rows/s`);
  for (const [format, peak] of Object.entries(peaks)) console.log(`peak memory of the worker, ${format}: ${peak}`);
  console.log(`the same ${counts.some} rows in all four formats: ${verdict(same)}`);
} finally {
  await databases.close();
  await stack.stop();
  await rm(home, { recursive: true, force: true });
}
