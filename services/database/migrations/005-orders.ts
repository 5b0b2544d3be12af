import { sql, type Kysely } from 'kysely';

/** Orders, what they have taken of the stock, their shipments, and what the warehouse has to do. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE orders (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      customer_id text NOT NULL,
      status text NOT NULL CHECK (status IN ('pending', 'confirmed', 'completed', 'undoing', 'cancelled', 'failed')),
      step text NOT NULL CHECK (step IN ('validation', 'payment', 'stock', 'shipping', 'confirmation', 'warehouse')),
      reason text,
      items_minor bigint NOT NULL CHECK (items_minor >= 0),
      shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
      amount_minor bigint NOT NULL CHECK (amount_minor > 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      payment_id text NOT NULL,
      gateway text NOT NULL CHECK (gateway IN ('stripe', 'gopay', 'paytm')),
      method text NOT NULL,
      ship_to jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CHECK (amount_minor = items_minor + shipping_minor),
      CHECK ((status IN ('undoing', 'cancelled', 'failed')) = (reason IS NOT NULL))
    )`.execute(db);
  await sql`CREATE INDEX orders_by_customer ON orders (tenant_id, customer_id, id)`.execute(db);
  await sql`CREATE INDEX orders_by_status ON orders (tenant_id, status, id)`.execute(db);

  // The products as they were when it was ordered: a price that changes later changes nothing here.
  await sql`
    CREATE TABLE order_items (
      tenant_id text NOT NULL,
      order_id text NOT NULL,
      line integer NOT NULL CHECK (line > 0),
      product_id text NOT NULL,
      name text NOT NULL,
      quantity integer NOT NULL CHECK (quantity > 0),
      unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
      amount_minor bigint NOT NULL CHECK (amount_minor = unit_price_minor * quantity),
      vat_basis_points integer NOT NULL CHECK (vat_basis_points BETWEEN 0 AND 10000),
      weight_grams integer NOT NULL CHECK (weight_grams >= 0),
      ships boolean NOT NULL,
      PRIMARY KEY (tenant_id, order_id, line),
      UNIQUE (tenant_id, order_id, product_id),
      FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
      FOREIGN KEY (tenant_id, product_id) REFERENCES products
    )`.execute(db);

  // What an order has taken of products.stock, written and removed in the transaction that changes the stock. It stays
  // when the goods are sold.
  await sql`
    CREATE TABLE stock_reservations (
      tenant_id text NOT NULL,
      order_id text NOT NULL,
      product_id text NOT NULL,
      quantity integer NOT NULL CHECK (quantity > 0),
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, order_id, product_id),
      FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
      FOREIGN KEY (tenant_id, product_id) REFERENCES products
    )`.execute(db);
  await sql`CREATE INDEX stock_reservations_by_product ON stock_reservations (tenant_id, product_id)`.execute(db);

  await sql`
    CREATE TABLE shipments (
      tenant_id text NOT NULL,
      id text NOT NULL,
      order_id text NOT NULL,
      carrier text NOT NULL,
      service text NOT NULL,
      price_minor bigint NOT NULL CHECK (price_minor >= 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      tracking text NOT NULL,
      status text NOT NULL CHECK (status IN ('labelled', 'voided')),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      UNIQUE (tenant_id, order_id),
      UNIQUE (carrier, tracking),
      FOREIGN KEY (tenant_id, order_id) REFERENCES orders
    )`.execute(db);

  // Written in the transaction that completes the order, so there is none of an order that is undone.
  await sql`
    CREATE TABLE warehouse_tasks (
      tenant_id text NOT NULL,
      order_id text NOT NULL,
      lines jsonb NOT NULL,
      handed_over_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, order_id),
      FOREIGN KEY (tenant_id, order_id) REFERENCES orders
    )`.execute(db);
}
