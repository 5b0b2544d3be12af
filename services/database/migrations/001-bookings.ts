import { sql, type Kysely } from 'kysely';

/** Tenants, resources, bookings and the guard that makes a double booking impossible. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE EXTENSION IF NOT EXISTS btree_gist`.execute(db);

  await sql`
    CREATE TABLE tenants (
      id text PRIMARY KEY,
      name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db);

  await sql`
    CREATE TABLE customers (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      name text,
      email text,
      locale text,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    )`.execute(db);

  await sql`
    CREATE TABLE resources (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('vehicle', 'room', 'event')),
      name text NOT NULL,
      price_minor bigint NOT NULL CHECK (price_minor >= 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      capacity integer NOT NULL CHECK (capacity >= 1),
      attributes jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    )`.execute(db);

  await sql`
    CREATE TABLE bookings (
      tenant_id text NOT NULL,
      id text NOT NULL,
      resource_id text NOT NULL,
      customer_id text NOT NULL,
      quantity integer NOT NULL CHECK (quantity >= 1),
      starts_at timestamptz,
      ends_at timestamptz,
      status text NOT NULL CHECK (status IN ('held', 'confirmed', 'released', 'failed')),
      reason text,
      hold_expires_at timestamptz,
      extended boolean NOT NULL DEFAULT false,
      reference text,
      amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
      currency text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, resource_id) REFERENCES resources,
      CHECK ((starts_at IS NULL) = (ends_at IS NULL) AND starts_at < ends_at),
      CHECK ((status IN ('released', 'failed')) = (reason IS NOT NULL)),
      CHECK ((status = 'held') = (hold_expires_at IS NOT NULL))
    )`.execute(db);
  await sql`CREATE INDEX bookings_by_resource ON bookings (tenant_id, resource_id, id)`.execute(db);
  await sql`CREATE INDEX bookings_by_customer ON bookings (tenant_id, customer_id, id)`.execute(db);
  await sql`CREATE INDEX bookings_by_status ON bookings (tenant_id, status, id)`.execute(db);

  // One row for each unit that is taken. The exclusion constraint is the last guard: whatever the code does, one unit
  // is never taken twice at one time. A vehicle is unit 0 for all time; a seat is one unit for all time; a room's
  // bed is one unit for some nights.
  await sql`
    CREATE TABLE allocations (
      tenant_id text NOT NULL,
      resource_id text NOT NULL,
      unit integer NOT NULL CHECK (unit >= 0),
      period tstzrange NOT NULL CHECK (NOT isempty(period)),
      booking_id text NOT NULL,
      FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT allocations_never_overlap
        EXCLUDE USING gist (tenant_id WITH =, resource_id WITH =, unit WITH =, period WITH &&)
    )`.execute(db);
  await sql`CREATE INDEX allocations_by_booking ON allocations (tenant_id, booking_id)`.execute(db);

  // What happened to each booking, in order (D4). Append-only.
  await sql`
    CREATE TABLE booking_log (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant_id text NOT NULL,
      booking_id text NOT NULL,
      event text NOT NULL,
      detail text,
      at timestamptz NOT NULL DEFAULT now()
    )`.execute(db);
  await sql`CREATE INDEX booking_log_by_booking ON booking_log (tenant_id, booking_id, seq)`.execute(db);

  await sql`
    CREATE TABLE notifications (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      customer_id text NOT NULL,
      template text NOT NULL,
      subject_id text NOT NULL,
      data jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    )`.execute(db);

  // The availability cache, a step function of time: how many units are taken in each stretch. Searches read it,
  // bookings never do.
  await sql`
    CREATE TABLE availability (
      tenant_id text NOT NULL,
      resource_id text NOT NULL,
      period tstzrange NOT NULL,
      taken integer NOT NULL,
      refreshed_at timestamptz NOT NULL DEFAULT now(),
      FOREIGN KEY (tenant_id, resource_id) REFERENCES resources ON DELETE CASCADE
    )`.execute(db);
  await sql`CREATE INDEX availability_by_resource ON availability (tenant_id, resource_id)`.execute(db);

  // An outbox of resources whose cache is stale, written in the booking's own transaction by a statement-level
  // trigger, so no code path can forget it. Append-only: a unique row per resource would make bookings wait for the
  // refresher.
  await sql`
    CREATE TABLE availability_changes (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant_id text NOT NULL,
      resource_id text NOT NULL
    )`.execute(db);
  await sql`
    CREATE FUNCTION note_availability_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO availability_changes (tenant_id, resource_id)
      SELECT DISTINCT tenant_id, resource_id FROM changed;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER allocations_inserted AFTER INSERT ON allocations REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_availability_change()`.execute(db);
  await sql`
    CREATE TRIGGER allocations_deleted AFTER DELETE ON allocations REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_availability_change()`.execute(db);

  await sql`
    CREATE TABLE idempotency_keys (
      tenant_id text NOT NULL,
      key text NOT NULL,
      request_hash text NOT NULL,
      booking_id text,
      response_status integer,
      response_body jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, key)
    )`.execute(db);
  await sql`CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)`.execute(db);
}
