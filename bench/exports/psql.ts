/** The other side: psql copies a SELECT into a file. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { to } from 'pg-copy-streams';

export interface Copier {
  /** What does it. */
  readonly name: string;
  copy(databaseUrl: string, select: string, file: string): Promise<void>;
}

export async function findPsql(): Promise<Copier> {
  const version = await promisify(execFile)('psql', ['--version']).then(({ stdout }) => stdout.trim(), () => undefined);
  if (version !== undefined) return { name: version, copy: withPsql };
  return { name: 'pg-copy-streams in a process of its own (there is no psql on the PATH)', copy: async (...args) => await ended(spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], { stdio: ['ignore', 'ignore', 'inherit'] })) };
}

async function withPsql(databaseUrl: string, select: string, file: string): Promise<void> {
  const child = spawn('psql', [databaseUrl, '--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`\\copy (${select}) to '${file}' with (format csv, header)\n`);
  await ended(child);
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`psql ended with ${code}`);
}

if (import.meta.main) {
  const [databaseUrl = '', select = '', file = ''] = process.argv.slice(2);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await pipeline(client.query(to(`COPY (${select}) TO STDOUT (FORMAT csv, HEADER)`)), createWriteStream(file));
  await client.end();
}
