import { sql, type Kysely } from 'kysely';

/** Stored files that are removed one day, and uploads of images with what became of each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE stored_files (
      tenant_id text NOT NULL REFERENCES tenants,
      key text NOT NULL,
      -- To the millisecond, as the code that pages through them reads it.
      expires_at timestamptz(3) NOT NULL,
      PRIMARY KEY (tenant_id, key)
    )`.execute(db);
  await sql`CREATE INDEX stored_files_by_expiry ON stored_files (expires_at, tenant_id, key)`.execute(db);

  await sql`
    CREATE TABLE uploads (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      product_id text NOT NULL,
      status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
      reason text,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, product_id) REFERENCES products,
      CHECK ((status IN ('pending', 'running')) = (ended_at IS NULL))
    )`.execute(db);
  await sql`CREATE INDEX uploads_by_product ON uploads (tenant_id, product_id, id)`.execute(db);
  await sql`CREATE INDEX uploads_unbegun ON uploads (created_at) WHERE status = 'pending'`.execute(db);
  await sql`
    CREATE TABLE upload_images (
      tenant_id text NOT NULL,
      upload_id text NOT NULL,
      image_no integer NOT NULL CHECK (image_no > 0),
      name text,
      -- The original, until the upload has ended.
      key text NOT NULL,
      bytes bigint NOT NULL,
      status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed', 'cancelled')),
      reason text,
      format text,
      -- As it is on the product, as long as it is.
      image jsonb,
      PRIMARY KEY (tenant_id, upload_id, image_no),
      FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads,
      CHECK ((status = 'failed') = (reason IS NOT NULL)),
      CHECK (image IS NULL OR status = 'done')
    )`.execute(db);
  await sql`ALTER TABLE products ADD COLUMN images jsonb NOT NULL DEFAULT '[]'`.execute(db);
}
