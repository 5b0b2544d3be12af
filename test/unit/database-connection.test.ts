/** PostgreSQL may go away at any moment, also in the middle of a transaction: that fails the transaction, and nothing else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Databases } from '../../services/database/connection.ts';
import { eventually } from '../support/http.ts';
import { openTestDatabase } from '../support/database.ts';

let databases: Databases;
let others: Databases;
beforeAll(async () => void ([databases, others] = await Promise.all([openTestDatabase(), openTestDatabase()])));
afterAll(async () => await Promise.all([databases.close(), others.close()]));

test('a connection that breaks between two statements of a transaction fails the second one, and the next transaction has another', async () => {
  const backend = async (db: Databases['write']): Promise<number> => (await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db)).rows[0]?.pid ?? -1;
  let broken = -1;
  const transaction = databases.write.transaction().execute(async (tx) => {
    broken = await backend(tx);
    await sql`SELECT pg_terminate_backend(${broken}, 5000)`.execute(others.write);
    await eventually('its end', async () => (await sql`SELECT FROM pg_stat_activity WHERE pid = ${broken}`.execute(others.write)).rows.length === 0);
    // The socket is read by the event loop, like everything else.
    await new Promise((resolve) => setImmediate(resolve));
    return await backend(tx);
  });
  await expect(transaction).rejects.toThrow(/terminat|not queryable|closed/i);
  expect(await backend(databases.write)).not.toBe(broken);
});
