/**
 * Attempts at an export. Each has a number and writes a file of its own; only the latest may say how far it is and that
 * it is done. One that was given up and goes on all the same changes nothing.
 */
import { sql, type Kysely } from 'kysely';
import { exportFileTypes, type ExportProgress, type ExportRef } from '../../../contracts/exports/flow.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import { keepUntil } from '../expired-files.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import { noticeOf } from './notice.ts';
import { selectExport } from './queries.ts';
import { unknownExport, type ExportRow } from './rows.ts';

/** Longer than any attempt can take; then what a dead one has left behind is removed. */
const unfinishedMs = 24 * 60 * 60 * 1000;

export interface Attempt {
  readonly row: ExportRow;
  readonly number: number;
  /** Where its file goes. */
  readonly key: string;
}

/** @returns the row alone if there is nothing left to do. */
export async function beginAttempt(db: Kysely<Database>, { tenantId, exportId }: ExportRef): Promise<Attempt | { readonly row: ExportRow } | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await tx
      .updateTable('exports')
      .set(({ eb }) => ({ status: 'running', attempt: eb('attempt', '+', 1), started_at: sql<Date>`coalesce(started_at, now())` }))
      .where('tenant_id', '=', tenantId)
      .where('id', '=', exportId)
      .where('status', 'in', ['pending', 'running'])
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) {
      const found = await selectExport(tx, tenantId, exportId);
      return found === undefined ? unknownExport(exportId) : { row: found };
    }
    const key = `${tenantId}/exports/${exportId}/${row.attempt}${exportFileTypes[row.format].ending}`;
    // Before there is a file: whatever happens to this attempt, the clean-up knows of it.
    await keepUntil(tx, tenantId, [key], new Date(Date.now() + unfinishedMs));
    return { row, number: row.attempt, key };
  });
}

/** Writing is done at 100, which is written with the file. */
const mostWhileWriting = 99;

export async function noteProgress(db: Kysely<Database>, { tenantId, exportId }: ExportRef, attempt: number, { rows, total }: ExportProgress): Promise<void> {
  const percent = total === undefined || total === 0 ? 0 : Math.min(Math.floor((rows / total) * 100), mostWhileWriting);
  await db
    .updateTable('exports')
    // An attempt after the first begins again, but what was once shown does not go back.
    .set({ progress: sql<number>`greatest(progress, ${percent}::smallint)`, rows: sql<number>`greatest(rows, ${rows}::bigint)` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', exportId)
    .where('status', '=', 'running')
    .where('attempt', '=', attempt)
    .execute();
}

export interface FinishedFile {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * The file is there: it can be downloaded, and whoever asked for it is told. If another attempt has begun meanwhile, or
 * the export was cancelled, the file is for the clean-up.
 * @returns the export as it is then.
 */
export async function finishAttempt(db: Kysely<Database>, { tenantId, exportId }: ExportRef, { number, key }: Attempt, { rows, bytes, sha256 }: FinishedFile): Promise<ExportRow | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await tx
      .updateTable('exports')
      .set({
        status: 'ready',
        progress: 100,
        rows,
        storage_key: key,
        bytes,
        sha256,
        ended_at: sql<Date>`now()`,
        expires_at: sql<Date>`date_trunc('second', now()) + keep_seconds * interval '1 second'`,
      })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', exportId)
      .where('status', '=', 'running')
      .where('attempt', '=', number)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) {
      await keepUntil(tx, tenantId, [key], new Date());
      return (await selectExport(tx, tenantId, exportId)) ?? unknownExport(exportId);
    }
    if (row.expires_at !== null) await keepUntil(tx, tenantId, [key], row.expires_at);
    await writeNotices(tx, tenantId, [noticeOf(row, 'export_ready', { rows, expiresAt: row.expires_at?.toISOString() ?? '' })]);
    return row;
  });
}

