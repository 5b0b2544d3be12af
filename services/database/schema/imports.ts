/** Row types of imports and of the tables that only imports fill. */
import type { ColumnType, Generated } from 'kysely';
import type { GeneratedTimestamp, Json, Timestamp } from './columns.ts';

export type ImportStatus = 'pending' | 'inspecting' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
export type ImportFileStatus = 'pending' | 'inspected' | 'failed';
export type ImportChunkStatus = 'pending' | 'done' | 'failed';

/** Where a row was last set: the import, and its line in it. */
interface Imported {
  import_no: number;
  import_position: number;
}

/** The same, in a table that has other writers, too. */
export interface MaybeImported {
  import_no: Generated<number | null>;
  import_position: Generated<number | null>;
}

export interface ImportTables {
  imports: {
    tenant_id: string;
    id: string;
    no: ColumnType<number, never, never>;
    dataset: string;
    status: ImportStatus;
    reason: string | null;
    detail: string | null;
    line: number | null;
    progress: Generated<number>;
    running_since: Timestamp | null;
    dry_run: Generated<boolean>;
    stop_on_failure: Generated<boolean>;
    mapping: Json<Readonly<Record<string, string>>> | null;
    requested_by: string | null;
    created_at: GeneratedTimestamp;
    started_at: Timestamp | null;
    ended_at: Timestamp | null;
  };
  import_files: {
    tenant_id: string;
    import_id: string;
    file_no: number;
    name: string | null;
    key: string;
    read_key: string | null;
    bytes: number;
    status: ImportFileStatus;
    reason: string | null;
    detail: string | null;
    line: number | null;
    encoding: string | null;
    delimiter: string | null;
    format: 'csv' | 'ndjson' | null;
    source_format: 'csv' | 'xlsx' | 'ndjson' | null;
    header: Json<readonly string[]> | null;
    columns: Json<Readonly<Record<string, number>>> | null;
    rows: number | null;
    request_id: string | null;
    created_at: GeneratedTimestamp;
  };
  import_chunks: {
    tenant_id: string;
    import_id: string;
    seq: number;
    file_no: number;
    from_byte: number;
    to_byte: number;
    first_line: number;
    rows: number;
    status: Generated<ImportChunkStatus>;
    inserted: Generated<number>;
    updated: Generated<number>;
    rejected: Generated<number>;
    error: string | null;
    done_at: Timestamp | null;
  };
  import_rejects: { tenant_id: string; import_id: string; file_no: number; line: number; reason: string; fields: Json<readonly string[] | string> };
  import_dry_run_keys: { tenant_id: string; import_id: string; key: string[] };
  users: Imported & {
    tenant_id: string;
    external_id: string;
    email: string;
    first_name: string | null;
    last_name: string | null;
    city: string | null;
    birth_date: ColumnType<Date | null, string | null, string | null>;
    credit_minor: number | null;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  attendees: Imported & {
    tenant_id: string;
    event_id: string;
    external_id: string;
    first_name: string | null;
    last_name: string | null;
    email: string | null;
    ticket: string | null;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
}
