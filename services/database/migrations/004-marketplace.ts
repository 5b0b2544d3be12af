import { sql, type Kysely } from 'kysely';

/** Products, baskets, purchases, downloads and the counts of what is in stock. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // What the platform keeps of a seller's sale, and the value-added tax of what states none of its own.
  await sql`
    ALTER TABLE tenants
    ADD COLUMN fee_basis_points integer NOT NULL DEFAULT 1000 CHECK (fee_basis_points BETWEEN 0 AND 10000),
    ADD COLUMN vat_basis_points integer NOT NULL DEFAULT 0 CHECK (vat_basis_points BETWEEN 0 AND 10000)`.execute(db);

  await sql`
    CREATE TABLE products (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      seller_id text NOT NULL,
      name text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('digital', 'physical')),
      price_minor bigint NOT NULL CHECK (price_minor >= 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      stock integer CHECK (stock >= 0),
      weight_grams integer CHECK (weight_grams > 0),
      vat_basis_points integer CHECK (vat_basis_points BETWEEN 0 AND 10000),
      file_key text,
      file_name text,
      sold_count bigint NOT NULL DEFAULT 0 CHECK (sold_count >= 0),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CHECK (kind <> 'physical' OR weight_grams IS NOT NULL),
      CHECK (kind = 'digital' OR file_key IS NULL),
      CHECK ((file_key IS NULL) = (file_name IS NULL))
    )`.execute(db);
  await sql`CREATE INDEX products_by_seller ON products (tenant_id, seller_id, id)`.execute(db);

  await sql`
    CREATE TABLE basket_items (
      tenant_id text NOT NULL,
      customer_id text NOT NULL,
      product_id text NOT NULL,
      quantity integer NOT NULL CHECK (quantity > 0),
      added_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, customer_id, product_id),
      FOREIGN KEY (tenant_id, product_id) REFERENCES products
    )`.execute(db);

  await sql`
    CREATE TABLE purchases (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('vehicle', 'basket')),
      customer_id text NOT NULL,
      booking_id text,
      payment_id text NOT NULL,
      amount_minor bigint NOT NULL CHECK (amount_minor > 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      status text NOT NULL CHECK (status IN ('pending', 'completed', 'undoing', 'cancelled', 'failed')),
      reason text,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings,
      CHECK ((kind = 'vehicle') = (booking_id IS NOT NULL)),
      CHECK ((status IN ('undoing', 'cancelled', 'failed')) = (reason IS NOT NULL))
    )`.execute(db);
  // Whatever the code does, a vehicle is not bought twice at one time.
  await sql`CREATE UNIQUE INDEX purchases_one_live_per_booking ON purchases (tenant_id, booking_id) WHERE status IN ('pending', 'completed', 'undoing')`.execute(db);
  await sql`CREATE INDEX purchases_by_customer ON purchases (tenant_id, customer_id, id)`.execute(db);
  await sql`CREATE INDEX purchases_by_status ON purchases (tenant_id, status, id)`.execute(db);

  // The basket as it was when it was bought: a price that changes later changes nothing here.
  await sql`
    CREATE TABLE purchase_items (
      tenant_id text NOT NULL,
      purchase_id text NOT NULL,
      line integer NOT NULL CHECK (line > 0),
      product_id text NOT NULL,
      seller_id text NOT NULL,
      name text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('digital', 'physical')),
      quantity integer NOT NULL CHECK (quantity > 0),
      unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
      amount_minor bigint NOT NULL CHECK (amount_minor = unit_price_minor * quantity),
      fee_minor bigint NOT NULL CHECK (fee_minor BETWEEN 0 AND amount_minor),
      vat_basis_points integer NOT NULL CHECK (vat_basis_points BETWEEN 0 AND 10000),
      PRIMARY KEY (tenant_id, purchase_id, line),
      UNIQUE (tenant_id, purchase_id, product_id),
      FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases,
      FOREIGN KEY (tenant_id, product_id) REFERENCES products
    )`.execute(db);

  await sql`
    CREATE TABLE downloads (
      tenant_id text NOT NULL,
      id text NOT NULL,
      purchase_id text NOT NULL,
      product_id text NOT NULL,
      customer_id text NOT NULL,
      expires_at timestamptz NOT NULL,
      max_downloads integer NOT NULL CHECK (max_downloads > 0),
      downloads integer NOT NULL DEFAULT 0 CHECK (downloads BETWEEN 0 AND max_downloads),
      created_at timestamptz NOT NULL DEFAULT now(),
      -- A link names no tenant.
      PRIMARY KEY (id),
      UNIQUE (tenant_id, purchase_id, product_id),
      FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases,
      FOREIGN KEY (tenant_id, product_id) REFERENCES products
    )`.execute(db);

  // Counted anew from the bookings each time, so that nothing can add up wrongly.
  await sql`
    CREATE TABLE inventory_statistics (
      tenant_id text NOT NULL REFERENCES tenants,
      kind text NOT NULL CHECK (kind IN ('vehicle', 'room', 'event')),
      total bigint NOT NULL,
      held bigint NOT NULL,
      sold bigint NOT NULL,
      refreshed_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, kind)
    )`.execute(db);
}
