import { sql, type Kysely } from 'kysely';

/** Imports, their files, chunks and rejected rows; and the two tables that only imports fill: users and attendees. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE imports (
      tenant_id text NOT NULL REFERENCES tenants,
      id text NOT NULL,
      -- The later import wins, whichever of its chunks runs when: rows carry this number.
      no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      dataset text NOT NULL,
      status text NOT NULL CHECK (status IN ('pending', 'inspecting', 'running', 'paused', 'completed', 'failed', 'cancelled')),
      reason text,
      detail text,
      -- Where in the file, if what failed it has a place.
      line bigint,
      -- 0 to 100, so that what was once shown never goes back; and since when chunks are being loaded.
      progress smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
      running_since timestamptz,
      dry_run boolean NOT NULL DEFAULT false,
      stop_on_failure boolean NOT NULL DEFAULT false,
      -- Column of the dataset to header of the file, as it was asked for.
      mapping jsonb,
      requested_by text,
      created_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      ended_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      CHECK ((status IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
    )`.execute(db);
  await sql`CREATE INDEX imports_by_status ON imports (tenant_id, status, id)`.execute(db);
  await sql`CREATE INDEX imports_unbegun ON imports (created_at) WHERE status = 'pending'`.execute(db);

  await sql`
    CREATE TABLE import_files (
      tenant_id text NOT NULL,
      import_id text NOT NULL,
      file_no integer NOT NULL CHECK (file_no BETWEEN 1 AND 100000),
      name text,
      key text NOT NULL,
      -- What chunks are read from: the file, or a copy of it in UTF-8.
      read_key text,
      bytes bigint NOT NULL CHECK (bytes >= 0),
      status text NOT NULL CHECK (status IN ('pending', 'inspected', 'failed')),
      reason text,
      detail text,
      line bigint,
      -- As they were asked for, then as they were found.
      encoding text,
      delimiter text,
      format text CHECK (format IN ('csv', 'ndjson')),
      source_format text CHECK (source_format IN ('csv', 'xlsx', 'ndjson')),
      header jsonb,
      -- Column of the dataset to its place in the header, from 0.
      columns jsonb,
      rows bigint CHECK (rows >= 0),
      -- Made from the caller's idempotency key: a repeat must not add the file again.
      request_id text,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, import_id, file_no),
      UNIQUE (tenant_id, import_id, request_id),
      FOREIGN KEY (tenant_id, import_id) REFERENCES imports,
      CHECK (status <> 'inspected' OR num_nulls(read_key, format, source_format, header, columns, rows) = 0)
    )`.execute(db);

  // A chunk's row is written in the transaction that loads it: it is done if, and only if, its rows are there.
  await sql`
    CREATE TABLE import_chunks (
      tenant_id text NOT NULL,
      import_id text NOT NULL,
      seq integer NOT NULL CHECK (seq >= 1),
      file_no integer NOT NULL,
      from_byte bigint NOT NULL,
      to_byte bigint NOT NULL CHECK (to_byte > from_byte),
      first_line bigint NOT NULL CHECK (first_line >= 1),
      rows integer NOT NULL CHECK (rows >= 0),
      status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
      inserted integer NOT NULL DEFAULT 0,
      updated integer NOT NULL DEFAULT 0,
      rejected integer NOT NULL DEFAULT 0,
      error text,
      done_at timestamptz,
      PRIMARY KEY (tenant_id, import_id, seq),
      FOREIGN KEY (tenant_id, import_id, file_no) REFERENCES import_files,
      CHECK ((status = 'done') = (done_at IS NOT NULL)),
      CHECK ((status = 'failed') = (error IS NOT NULL)),
      CHECK (status = 'done' OR inserted + updated + rejected = 0)
    ) WITH (fillfactor = 70)`.execute(db);

  // No foreign key: it is looked up for each row, and only a chunk, which has one, writes here.
  await sql`
    CREATE TABLE import_rejects (
      tenant_id text NOT NULL,
      import_id text NOT NULL,
      file_no integer NOT NULL,
      line bigint NOT NULL,
      reason text NOT NULL,
      -- The fields as they were read, or one string if the record could not be cut into fields. json, not jsonb: it keeps
      -- what PostgreSQL's text cannot hold, such as NUL.
      fields json NOT NULL,
      PRIMARY KEY (tenant_id, import_id, file_no, line)
    )`.execute(db);

  // The new keys that a dry run has met so far, so that it counts as the real one would. Removed when it ends.
  await sql`
    CREATE TABLE import_dry_run_keys (
      tenant_id text NOT NULL,
      import_id text NOT NULL,
      key text[] NOT NULL,
      PRIMARY KEY (tenant_id, import_id, key)
    )`.execute(db);

  // No foreign key to tenants: it would be looked up for each of a million rows. Only an import writes here, and its own
  // row has one. import_no and import_position say where the row was last set, see services/imports/load.
  await sql`
    CREATE TABLE users (
      tenant_id text NOT NULL,
      external_id text NOT NULL,
      email text NOT NULL,
      first_name text,
      last_name text,
      city text,
      birth_date date,
      credit_minor bigint CHECK (credit_minor >= 0),
      import_no bigint NOT NULL,
      import_position bigint NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, external_id)
    )`.execute(db);
  await sql`CREATE INDEX users_by_email ON users (tenant_id, email)`.execute(db);

  await sql`
    CREATE TABLE attendees (
      tenant_id text NOT NULL,
      event_id text NOT NULL,
      external_id text NOT NULL,
      first_name text,
      last_name text,
      email text,
      ticket text,
      import_no bigint NOT NULL,
      import_position bigint NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, event_id, external_id),
      FOREIGN KEY (tenant_id, event_id) REFERENCES resources
    )`.execute(db);

  for (const table of ['resources', 'products']) {
    await sql`ALTER TABLE ${sql.ref(table)} ADD COLUMN import_no bigint, ADD COLUMN import_position bigint`.execute(db);
  }
}
