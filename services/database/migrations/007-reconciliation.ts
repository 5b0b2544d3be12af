import { sql, type Kysely } from 'kysely';

/** Cases, runs, and what is remembered of a comparison until the next. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE reconciliation_runs (
      id text PRIMARY KEY,
      -- Null: of the schedule, for all tenants.
      tenant_id text REFERENCES tenants,
      status text NOT NULL CHECK (status IN ('running', 'completed', 'incomplete')),
      tally jsonb NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    )`.execute(db);
  await sql`CREATE INDEX reconciliation_runs_by_time ON reconciliation_runs (started_at) WHERE tenant_id IS NULL AND status = 'completed'`.execute(db);

  await sql`
    CREATE TABLE reconciliation_cases (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      gateway text NOT NULL,
      kind text NOT NULL,
      -- The payment, or the gateway's own id where there is no payment of ours.
      ref text NOT NULL,
      payment_id text,
      gateway_ref text,
      evidence jsonb NOT NULL,
      status text NOT NULL CHECK (status IN ('open', 'resolved')),
      note text,
      resolved_by text CHECK (resolved_by IN ('reconciliation', 'operator')),
      first_seen_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at timestamptz NOT NULL DEFAULT now(),
      resolved_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
      CHECK ((status = 'resolved') = (resolved_by IS NOT NULL))
    )`.execute(db);
  // Two runs at once find the same difference and open one case.
  await sql`CREATE UNIQUE INDEX reconciliation_cases_one_open ON reconciliation_cases (tenant_id, gateway, kind, ref) WHERE status = 'open'`.execute(db);
  await sql`CREATE INDEX reconciliation_cases_by_ref ON reconciliation_cases (tenant_id, gateway, ref)`.execute(db);

  await sql`
    CREATE TABLE reconciliation_marks (
      tenant_id text NOT NULL,
      payment_id text NOT NULL,
      -- Null: it has not been found in order since it last changed.
      agreed_at timestamptz,
      poked_at timestamptz,
      PRIMARY KEY (tenant_id, payment_id),
      FOREIGN KEY (tenant_id, payment_id) REFERENCES payments
    )`.execute(db);

  // When the payment's flow was last told of a notification, and how often.
  await sql`ALTER TABLE inbound_webhooks ADD COLUMN told_at timestamptz, ADD COLUMN tells integer NOT NULL DEFAULT 0`.execute(db);
  await sql`CREATE INDEX inbound_webhooks_by_time ON inbound_webhooks (tenant_id, received_at DESC, gateway, event_id)`.execute(db);
  // A notification names a payment without its tenant.
  await sql`CREATE INDEX payments_by_id ON payments (id)`.execute(db);
  await sql`CREATE INDEX payments_by_change ON payments (gateway, updated_at)`.execute(db);
  await sql`CREATE INDEX ledger_transactions_by_time ON ledger_transactions (at)`.execute(db);
}
