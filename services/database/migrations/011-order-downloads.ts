import { sql, type Kysely } from 'kysely';

/** What an order has of digital goods is downloaded, too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE downloads
    ALTER COLUMN purchase_id DROP NOT NULL,
    ADD COLUMN order_id text,
    ADD CHECK (num_nonnulls(purchase_id, order_id) = 1),
    ADD UNIQUE (tenant_id, order_id, product_id),
    ADD FOREIGN KEY (tenant_id, order_id) REFERENCES orders`.execute(db);
}
