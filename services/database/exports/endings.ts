/** How an export ends without a file. */
import { sql, type Kysely } from 'kysely';
import type { ExportRef } from '../../../contracts/exports/flow.ts';
import type { ExportState } from '../../../contracts/exports/schemas.ts';
import type { FailureCode, Refusal } from '../../../contracts/failures.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import { noticeOf } from './notice.ts';
import { selectExport } from './queries.ts';
import { toExportState, unknownExport } from './rows.ts';

export type Ending = { readonly status: 'cancelled' } | { readonly status: 'failed'; readonly reason: FailureCode; readonly detail: string };

/** One that has ended stays as it is: a file that became ready in the same moment can be downloaded. */
export async function endExport(db: Kysely<Database>, { tenantId, exportId }: ExportRef, ending: Ending): Promise<ExportState | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await tx
      .updateTable('exports')
      .set({ ...ending, ended_at: sql<Date>`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', exportId)
      .where('status', 'in', ['pending', 'running'])
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) {
      const found = await selectExport(tx, tenantId, exportId);
      return found === undefined ? unknownExport(exportId) : toExportState(found);
    }
    if (ending.status === 'failed') await writeNotices(tx, tenantId, [noticeOf(row, 'export_failed', { reason: ending.reason, detail: ending.detail })]);
    return toExportState(row);
  });
}
