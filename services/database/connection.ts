/** Connections to PostgreSQL: one pool that writes, one that reads; the same server when there is no replica (A11). */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { preparing } from './prepared.ts';
import type { Database } from './schema.ts';

// Money and counts are bounded far below 2^53 (see contracts/values.ts), so a number is exact.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Databases {
  readonly write: Kysely<Database>;
  /** May lag behind `write` when it is a replica: for lists and searches, never for a decision. */
  readonly read: Kysely<Database>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly writeUrl: string;
  readonly readUrl?: string | undefined;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Told when an idle connection breaks; the pool replaces it by itself. */
  readonly onError?: (error: Error) => void;
}

function createPool(connectionString: string, options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    application_name: options.applicationName,
    min: 5,
    max: 20,
    connectionTimeoutMillis: 3_000,
    idleTimeoutMillis: 30_000,
    // A statement that waits longer than this holds up a guest; the flow's own retries take over.
    options: '-c statement_timeout=10000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000',
  });
  pool.on('error', (error) => options.onError?.(error));
  // The pool listens to idle connections only. One that breaks while it is in use says so to whoever asks next; unheard, it would end the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

export function openDatabases(options: DatabaseOptions): Databases {
  const write = new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(createPool(options.writeUrl, options)) }) });
  const separate = options.readUrl !== undefined && options.readUrl !== options.writeUrl;
  const read = separate ? new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(createPool(options.readUrl, options)) }) }) : write;
  return {
    write,
    read,
    close: async () => {
      await write.destroy();
      if (separate) await read.destroy();
    },
  };
}
