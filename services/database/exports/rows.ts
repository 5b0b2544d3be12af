/** From rows to views. */
import type { Selectable } from 'kysely';
import type { ExportState } from '../../../contracts/exports/schemas.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import type { Database } from '../schema.ts';

export type ExportRow = Selectable<Database['exports']>;

export const unknownExport = (id: string): Refusal => ({ refused: 'export_not_found', detail: `There is no export ${id}.` });

/** One whose time is over counts as expired at that moment, whenever its file is removed. */
export function toExportState(row: ExportRow, now = new Date()): ExportState {
  const expired = row.status === 'ready' && row.expires_at !== null && row.expires_at <= now;
  return {
    id: row.id,
    dataset: row.dataset,
    format: row.format,
    filters: row.filters,
    status: expired ? 'expired' : row.status,
    progress: row.progress,
    rows: row.rows,
    ...(row.bytes !== null && { bytes: row.bytes }),
    ...(row.sha256 !== null && { sha256: row.sha256 }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.detail !== null && { detail: row.detail }),
    ...(row.requested_by !== null && { requestedBy: row.requested_by }),
    fileName: row.file_name,
    createdAt: row.created_at.toISOString(),
    ...(row.started_at !== null && { startedAt: row.started_at.toISOString() }),
    ...(row.ended_at !== null && { endedAt: row.ended_at.toISOString() }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at.toISOString() }),
  };
}

/** What the API needs beside the state to make a link. */
export interface KeptExport {
  readonly state: ExportState;
  /** Absent until the file is ready. */
  readonly storageKey?: string;
}

export const toKeptExport = (row: ExportRow): KeptExport => ({ state: toExportState(row), ...(row.storage_key !== null && { storageKey: row.storage_key }) });
