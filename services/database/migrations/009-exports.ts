import { sql, type Kysely } from 'kysely';

/** Exports. The row is the state; the file is in the storage. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE exports (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      dataset text NOT NULL,
      format text NOT NULL,
      filters jsonb NOT NULL,
      bom boolean NOT NULL,
      file_name text NOT NULL,
      keep_seconds integer NOT NULL CHECK (keep_seconds BETWEEN 1 AND 604800),
      requested_by text,
      status text NOT NULL CHECK (status IN ('pending', 'running', 'ready', 'failed', 'cancelled')),
      reason text,
      detail text,
      -- Counts attempts, each of which writes a file of its own. Only the latest may say how it went.
      attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
      progress smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
      rows bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
      storage_key text,
      bytes bigint CHECK (bytes >= 0),
      sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
      created_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      ended_at timestamptz,
      expires_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      CHECK ((status = 'failed') = (reason IS NOT NULL)),
      CHECK ((status IN ('ready', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
      CHECK (num_nulls(storage_key, bytes, sha256, expires_at) = CASE status WHEN 'ready' THEN 0 ELSE 4 END)
    )`.execute(db);
  await sql`CREATE INDEX exports_by_status ON exports (tenant_id, status, id)`.execute(db);
}
