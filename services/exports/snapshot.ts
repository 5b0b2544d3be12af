/**
 * A connection of an export's own, on which the database stands still: whatever is written meanwhile, all that is read
 * over it is of one moment. The pool's settings do not fit: an export reads for minutes, and it decides nothing, so a
 * replica will do.
 */
import pg from 'pg';
import { to } from 'pg-copy-streams';

const settings = [
  // The step that writes an export has as long; what goes on after that, nobody waits for.
  '-c statement_timeout=600000',
  '-c lock_timeout=4000',
  // A server that is told so notices in the middle of a statement that nobody waits for it any more.
  '-c client_connection_check_interval=500',
  // Between two statements there is nothing to do but to set up what takes the rows.
  '-c idle_in_transaction_session_timeout=60000',
  '-c default_transaction_isolation=repeatable\\ read',
  '-c default_transaction_read_only=on',
  '-c timezone=UTC',
  '-c datestyle=ISO',
  '-c intervalstyle=iso_8601',
  '-c extra_float_digits=1',
].join(' ');

export interface Snapshot {
  count(select: string): Promise<number>;
  /** @param options of `COPY … TO STDOUT`. */
  copy(select: string, options: string): AsyncIterable<Uint8Array>;
  /** Also in the middle of a COPY. */
  close(): Promise<void>;
}

export async function openSnapshot(databaseUrl: string): Promise<Snapshot> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'holdfast-exports', connectionTimeoutMillis: 3_000, keepAlive: true, options: settings });
  // A statement that is under way tells it by itself.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
  } catch (error) {
    await client.end();
    throw error;
  }
  return {
    async count(select) {
      const { rows } = await client.query<{ count: string | number }>(select);
      return Number(rows[0]?.count);
    },
    copy(select, options) {
      const copied = client.query(to(`COPY (${select}) TO STDOUT (${options}, ENCODING 'UTF8')`));
      // Whoever has stopped reading does not hear that the connection was closed.
      copied.on('error', () => undefined);
      return copied;
    },
    async close() {
      await client.end();
    },
  };
}
