/** Row type of exports. */
import type { Generated } from 'kysely';
import type { ExportDataset, ExportFormat, ExportStatus } from '../../../contracts/exports/flow.ts';
import type { FailureCode } from '../../../contracts/failures.ts';
import type { GeneratedTimestamp, Json, Timestamp } from './columns.ts';

export interface ExportTables {
  exports: {
    tenant_id: string;
    id: string;
    dataset: ExportDataset;
    format: ExportFormat;
    filters: Json<Readonly<Record<string, string>>>;
    bom: boolean;
    file_name: string;
    keep_seconds: number;
    requested_by: string | null;
    /** That a file has expired is not written down: it follows from the time. */
    status: Exclude<ExportStatus, 'expired'>;
    reason: FailureCode | null;
    detail: string | null;
    attempt: Generated<number>;
    progress: Generated<number>;
    rows: Generated<number>;
    storage_key: string | null;
    bytes: number | null;
    sha256: string | null;
    created_at: GeneratedTimestamp;
    started_at: Timestamp | null;
    ended_at: Timestamp | null;
    expires_at: Timestamp | null;
  };
}
