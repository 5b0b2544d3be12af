/** Writing down that something is to be exported. */
import type { Kysely } from 'kysely';
import { exportFileTypes, type ExportRef, type ExportRequest } from '../../../contracts/exports/flow.ts';
import type { ExportState } from '../../../contracts/exports/schemas.ts';
import type { Database } from '../schema.ts';
import { selectExport } from './queries.ts';
import { toExportState } from './rows.ts';

/** @param now names the file, if nobody has. One that is there already is answered as it is. */
export async function createExport(db: Kysely<Database>, { tenantId, exportId }: ExportRef, { dataset, format, filters, bom, keepSeconds, requestedBy, fileName }: ExportRequest, now: Date): Promise<ExportState> {
  const { ending } = exportFileTypes[format];
  const name = fileName ?? `${dataset}-${now.toISOString().slice(0, 10)}`;
  const created = await db
    .insertInto('exports')
    .values({
      tenant_id: tenantId,
      id: exportId,
      dataset,
      format,
      filters: JSON.stringify(filters),
      bom,
      file_name: name.toLowerCase().endsWith(ending) ? name : `${name}${ending}`,
      keep_seconds: keepSeconds,
      requested_by: requestedBy ?? null,
      status: 'pending',
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
    .returningAll()
    .executeTakeFirst();
  const row = created ?? (await selectExport(db, tenantId, exportId));
  if (row === undefined) throw new Error('The export was neither made nor there.');
  return toExportState(row);
}
