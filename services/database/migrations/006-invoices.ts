import { sql, type Kysely } from 'kysely';

/** Invoices with numbers that have no gap and never change, and what they say about the shop. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // What the shop says about itself; the VAT rate has a column of its own.
  await sql`ALTER TABLE tenants ADD COLUMN profile jsonb NOT NULL DEFAULT '{}'`.execute(db);

  await sql`
    CREATE TABLE invoice_counters (
      tenant_id text NOT NULL REFERENCES tenants,
      year integer NOT NULL,
      last integer NOT NULL CHECK (last >= 0),
      last_issued_at timestamptz,
      PRIMARY KEY (tenant_id, year)
    )`.execute(db);
  await sql`
    CREATE TABLE invoices (
      tenant_id text NOT NULL,
      id text NOT NULL,
      subject_kind text NOT NULL CHECK (subject_kind IN ('booking', 'purchase', 'order')),
      subject_id text NOT NULL,
      year integer NOT NULL,
      number integer NOT NULL CHECK (number >= 1),
      label text NOT NULL,
      customer_id text NOT NULL,
      payment_id text NOT NULL,
      amount_minor bigint NOT NULL CHECK (amount_minor > 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      document jsonb NOT NULL,
      status text NOT NULL CHECK (status IN ('numbered', 'stored')),
      storage_key text,
      bytes bigint CHECK (bytes > 0),
      sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
      issued_at timestamptz NOT NULL,
      stored_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      UNIQUE (tenant_id, subject_id),
      UNIQUE (tenant_id, year, number),
      FOREIGN KEY (tenant_id, year) REFERENCES invoice_counters,
      FOREIGN KEY (tenant_id, payment_id) REFERENCES payments,
      CHECK (year = extract(year FROM issued_at AT TIME ZONE 'UTC')),
      CHECK (num_nulls(storage_key, bytes, sha256, stored_at) = CASE status WHEN 'stored' THEN 0 ELSE 4 END)
    )`.execute(db);
  await sql`CREATE INDEX invoices_by_customer ON invoices (tenant_id, customer_id, id)`.execute(db);
  await sql`CREATE INDEX invoices_by_year ON invoices (tenant_id, year, id)`.execute(db);

  // Whatever the code does: a counter only goes up by one, and not without the invoice that has its number.
  await sql`
    CREATE FUNCTION invoice_counter_goes_up_by_one() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' AND NEW.last = 0 THEN RETURN NEW; END IF;
      IF TG_OP = 'UPDATE' AND NEW.tenant_id = OLD.tenant_id AND NEW.year = OLD.year AND NEW.last - OLD.last IN (0, 1) THEN RETURN NEW; END IF;
      RAISE EXCEPTION 'invoice numbers have no gap' USING ERRCODE = '23514';
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER without_gap BEFORE INSERT OR UPDATE OR DELETE ON invoice_counters
    FOR EACH ROW EXECUTE FUNCTION invoice_counter_goes_up_by_one()`.execute(db);
  await sql`
    CREATE FUNCTION invoice_number_is_used() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.last > 0 AND NOT EXISTS (SELECT FROM invoices WHERE tenant_id = NEW.tenant_id AND year = NEW.year AND number = NEW.last) THEN
        RAISE EXCEPTION 'invoice number % of % has no invoice', NEW.last, NEW.year USING ERRCODE = '23514';
      END IF;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE CONSTRAINT TRIGGER number_is_used AFTER UPDATE ON invoice_counters DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION invoice_number_is_used()`.execute(db);

  // What was issued stays as it was issued. Only that its PDF is stored is written down, once.
  await sql`
    CREATE FUNCTION invoice_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE about_the_pdf text[] := ARRAY['status', 'storage_key', 'bytes', 'sha256', 'stored_at'];
    BEGIN
      IF TG_OP = 'UPDATE' AND OLD.status = 'numbered' AND to_jsonb(NEW) - about_the_pdf = to_jsonb(OLD) - about_the_pdf THEN RETURN NEW; END IF;
      RAISE EXCEPTION 'an issued invoice is never changed or deleted' USING ERRCODE = '23514';
    END $$`.execute(db);
  await sql`CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION invoice_stays()`.execute(db);
  for (const table of ['invoices', 'invoice_counters']) {
    await sql`CREATE TRIGGER stays_filled BEFORE TRUNCATE ON ${sql.ref(table)} FOR EACH STATEMENT EXECUTE FUNCTION invoice_stays()`.execute(db);
  }
}
