import { sql, type Kysely } from 'kysely';

/** Payments, refunds, the ledger that cannot be out of balance, and what gateways sent. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE payments (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      subject_kind text NOT NULL CHECK (subject_kind IN ('booking', 'purchase', 'order')),
      subject_id text NOT NULL,
      customer_id text NOT NULL,
      gateway text NOT NULL CHECK (gateway IN ('stripe', 'gopay', 'paytm')),
      method text NOT NULL,
      capture text NOT NULL CHECK (capture IN ('automatic', 'manual')),
      description text NOT NULL,
      amount_minor bigint NOT NULL CHECK (amount_minor > 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      status text NOT NULL CHECK (status IN ('created', 'authorised', 'captured', 'settled', 'failed', 'refunded', 'unknown', 'reconciling')),
      failure_code text,
      failure_message text,
      gateway_code text,
      gateway_ref text,
      gateway_answer jsonb,
      redirect_url text,
      pay_by timestamptz NOT NULL,
      processing boolean NOT NULL DEFAULT false,
      late boolean NOT NULL DEFAULT false,
      captured_minor bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
      refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND captured_minor),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CHECK ((status = 'failed') = (failure_code IS NOT NULL)),
      CHECK (status NOT IN ('captured', 'settled', 'refunded') OR captured_minor > 0)
    )`.execute(db);
  // Whatever the code does, a thing is not paid twice at one time. Money that came after its payment had failed is late:
  // another payment may be on its way by then, and one of the two will be given back.
  await sql`
    CREATE UNIQUE INDEX payments_one_live_per_subject ON payments (tenant_id, subject_kind, subject_id)
    WHERE status NOT IN ('failed', 'refunded') AND NOT late`.execute(db);
  await sql`CREATE INDEX payments_by_subject ON payments (tenant_id, subject_id, id)`.execute(db);
  await sql`CREATE INDEX payments_by_customer ON payments (tenant_id, customer_id, id)`.execute(db);
  await sql`CREATE INDEX payments_by_status ON payments (tenant_id, status, id)`.execute(db);
  await sql`CREATE INDEX payments_by_time ON payments (gateway, created_at)`.execute(db);
  // Two payments of ours can never be one payment of the gateway's.
  await sql`CREATE UNIQUE INDEX payments_by_gateway_ref ON payments (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL`.execute(db);

  await sql`
    CREATE TABLE refunds (
      tenant_id text NOT NULL,
      id text NOT NULL,
      payment_id text NOT NULL,
      amount_minor bigint NOT NULL CHECK (amount_minor > 0),
      status text NOT NULL CHECK (status IN ('requested', 'succeeded', 'failed')),
      reason text,
      gateway_ref text,
      failure text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, payment_id) REFERENCES payments
    )`.execute(db);
  await sql`CREATE INDEX refunds_by_payment ON refunds (tenant_id, payment_id)`.execute(db);
  await sql`CREATE INDEX refunds_under_way ON refunds (updated_at) WHERE status = 'requested'`.execute(db);

  // Double entry: every movement takes from some accounts what it gives to others. The id is made from what is
  // recorded (`pay_…:capture`), so nothing is recorded twice.
  await sql`
    CREATE TABLE ledger_transactions (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      kind text NOT NULL,
      payment_id text,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    )`.execute(db);
  await sql`CREATE INDEX ledger_transactions_by_payment ON ledger_transactions (tenant_id, payment_id)`.execute(db);
  await sql`
    CREATE TABLE ledger_entries (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant_id text NOT NULL,
      transaction_id text NOT NULL,
      account text NOT NULL,
      currency text NOT NULL,
      amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
      FOREIGN KEY (tenant_id, transaction_id) REFERENCES ledger_transactions
    )`.execute(db);
  await sql`CREATE INDEX ledger_entries_by_transaction ON ledger_entries (tenant_id, transaction_id)`.execute(db);
  await sql`CREATE INDEX ledger_entries_by_account ON ledger_entries (tenant_id, account, currency)`.execute(db);

  // The database itself refuses what is out of balance, at commit.
  await sql`
    CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE wrong text;
    BEGIN
      SELECT currency INTO wrong FROM ledger_entries
      WHERE tenant_id = NEW.tenant_id AND transaction_id = NEW.transaction_id
      GROUP BY currency HAVING sum(amount_minor) <> 0;
      IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance in %', NEW.transaction_id, wrong USING ERRCODE = '23514';
      END IF;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_must_balance()`.execute(db);
  // A mistake is corrected by another transaction, never by changing one.
  await sql`
    CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = '23514';
    END $$`.execute(db);
  for (const table of ['ledger_transactions', 'ledger_entries']) {
    await sql`CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${sql.ref(table)} FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()`.execute(db);
  }

  // What gateways sent, once each. Kept until a flow has looked into it, and for the record after that.
  await sql`
    CREATE TABLE inbound_webhooks (
      tenant_id text NOT NULL REFERENCES tenants,
      gateway text NOT NULL,
      event_id text NOT NULL,
      type text NOT NULL,
      payment_id text,
      gateway_ref text,
      payload jsonb NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      processed_at timestamptz,
      outcome text,
      PRIMARY KEY (tenant_id, gateway, event_id)
    )`.execute(db);
  await sql`CREATE INDEX inbound_webhooks_waiting ON inbound_webhooks (received_at) WHERE processed_at IS NULL`.execute(db);
  await sql`CREATE INDEX inbound_webhooks_by_payment ON inbound_webhooks (tenant_id, payment_id)`.execute(db);

  // A vehicle has one owner in the end.
  await sql`ALTER TABLE resources ADD COLUMN owner_id text, ADD COLUMN sold_at timestamptz`.execute(db);
  // Bookings are not the only thing that a request makes; what was kept is the id without its kind.
  await sql`ALTER TABLE idempotency_keys RENAME COLUMN booking_id TO new_id`.execute(db);
  await sql`UPDATE idempotency_keys SET new_id = substr(new_id, 5) WHERE new_id LIKE 'bkg\_%'`.execute(db);
  // Not only customers are told things.
  await sql`ALTER TABLE notifications ADD COLUMN audience text NOT NULL DEFAULT 'customer' CHECK (audience IN ('customer', 'administrators', 'seller'))`.execute(db);
}
