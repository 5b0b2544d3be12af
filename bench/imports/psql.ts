/** The other side: psql copies the file into a staging table and merges that, on one connection. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { from } from 'pg-copy-streams';

export const psqlTable = 'bench_psql_users';

const staging = 'CREATE TEMPORARY TABLE staging (external_id text, email text, first_name text, last_name text, city text, birth_date text, credit text)';
const merge = (tenantId: string): string => `
  INSERT INTO ${psqlTable} (tenant_id, external_id, email, first_name, last_name, city, birth_date, credit_minor, import_no, import_position)
  SELECT '${tenantId}', external_id, email, first_name, last_name, city, birth_date::date, (credit::numeric * 100)::bigint, 1, 1 FROM staging
  ON CONFLICT (tenant_id, external_id) DO UPDATE SET email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name, city = excluded.city,
    birth_date = excluded.birth_date, credit_minor = excluded.credit_minor, import_no = excluded.import_no, import_position = excluded.import_position, updated_at = now()`;

/** @returns what will do it, and how it is called. */
export async function findPsql(): Promise<{ name: string; run: (databaseUrl: string, tenantId: string, file: string) => Promise<void> }> {
  const version = await promisify(execFile)('psql', ['--version']).then(({ stdout }) => stdout.trim(), () => undefined);
  if (version !== undefined) return { name: version, run: withPsql };
  return { name: 'pg-copy-streams in a process of its own (there is no psql on the PATH)', run: inAnotherProcess };
}

async function withPsql(databaseUrl: string, tenantId: string, file: string): Promise<void> {
  const script = `${staging};\n\\copy staging FROM '${file}' WITH (FORMAT csv, HEADER)\n${merge(tenantId).replaceAll('\n', ' ')};\n`;
  const child = spawn('psql', [databaseUrl, '--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(script);
  await ended(child);
}

async function inAnotherProcess(databaseUrl: string, tenantId: string, file: string): Promise<void> {
  await ended(spawn(process.execPath, [fileURLToPath(import.meta.url), databaseUrl, tenantId, file], { stdio: ['ignore', 'ignore', 'inherit'] }));
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`psql ended with ${code}`);
}

if (import.meta.main) {
  const [databaseUrl = '', tenantId = '', file = ''] = process.argv.slice(2);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(staging);
  await pipeline(createReadStream(file), client.query(from('COPY staging FROM STDIN WITH (FORMAT csv, HEADER)')));
  await client.query(merge(tenantId));
  await client.end();
}
