/** A database that reports deadlocks for one customer's holds, as often as asked. */
import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../../services/database/schema.ts';

/** A sequence counts, because a transaction that is rolled back takes every other counter with it. */
export async function installDeadlocks(db: Kysely<Database>): Promise<void> {
  await db.transaction().execute(async (tx) => await install(tx));
}

/** Several files do it at once, and nobody takes it away again: it acts only for the customers that are planned for it. */
async function install(db: Transaction<Database>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended('test_deadlock', 0))`.execute(db);
  await sql`CREATE TABLE IF NOT EXISTS test_deadlock_plan (customer_id text PRIMARY KEY, sequence text NOT NULL, times integer NOT NULL)`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION test_deadlock() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE plan test_deadlock_plan;
    BEGIN
      SELECT * INTO plan FROM test_deadlock_plan WHERE customer_id = NEW.customer_id;
      IF FOUND AND NEW.status = 'held' AND nextval(plan.sequence) <= plan.times THEN
        RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
      END IF;
      RETURN NEW;
    END $$`.execute(db);
  await sql`CREATE OR REPLACE TRIGGER test_deadlock BEFORE INSERT OR UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION test_deadlock()`.execute(db);
}

/** @returns the id of a customer whose next `times` holds end in a deadlock. */
export async function customerWithDeadlocks(db: Kysely<Database>, times: number): Promise<string> {
  const name = `deadlocks_${randomUUID().replaceAll('-', '_')}`;
  await sql`CREATE SEQUENCE ${sql.ref(name)}`.execute(db);
  await sql`INSERT INTO test_deadlock_plan VALUES (${name}, ${name}, ${times})`.execute(db);
  return name;
}

/** How many holds of that customer reached the database. */
export async function holdsTried(db: Kysely<Database>, customerId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS n FROM ${sql.ref(customerId)}`.execute(db);
  return Number(rows[0]?.n);
}

/** The deadlocks are over. */
export async function stopDeadlocks(db: Kysely<Database>, customerId: string): Promise<void> {
  await sql`UPDATE test_deadlock_plan SET times = 0 WHERE customer_id = ${customerId}`.execute(db);
}
