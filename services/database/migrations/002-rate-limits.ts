import { sql, type Kysely } from 'kysely';

/** What the API shares between its processes, and the order in which it lists notifications. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Columns, their order and their types are those that rate-limiter-flexible 11 writes. UNLOGGED: a count that is lost
  // in a crash costs nobody anything, and a request should not wait for the disk to be counted.
  await sql`
    CREATE UNLOGGED TABLE rate_limits (
      key text PRIMARY KEY,
      points integer NOT NULL DEFAULT 0,
      expire bigint
    )`.execute(db);
  await sql`CREATE INDEX rate_limits_by_expiry ON rate_limits (expire)`.execute(db);

  await sql`CREATE INDEX notifications_by_time ON notifications (tenant_id, created_at DESC, id DESC)`.execute(db);
  await sql`CREATE INDEX notifications_by_customer ON notifications (tenant_id, customer_id, created_at DESC, id DESC)`.execute(db);
}
