/** The parts of an import's files that are loaded one by one. */
import { sql, type Kysely } from 'kysely';
import type { Inspection } from '../../imports/reading/index.ts';
import type { Database } from '../schema.ts';
import type { ImportRef } from './tally.ts';

export interface FileRef extends ImportRef {
  readonly fileNo: number;
}

export interface ChunkRef extends ImportRef {
  readonly seq: number;
}

/**
 * Writes down what is in a file and its chunks, numbered after those that the import has. To be called in a transaction
 * that has locked the import. Does nothing for a file that is inspected already.
 * @param columns column of the dataset to its place in the header.
 */
export async function recordInspection(tx: Kysely<Database>, { tenantId, importId, fileNo }: FileRef, inspection: Inspection, columns: Readonly<Record<string, number>>): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('import_files')
    .set({
      status: 'inspected',
      read_key: inspection.key,
      format: inspection.format,
      source_format: inspection.sourceFormat,
      encoding: inspection.encoding,
      delimiter: inspection.delimiter ?? null,
      header: JSON.stringify(inspection.header),
      columns: JSON.stringify(columns),
      rows: inspection.rows,
    })
    .where('tenant_id', '=', tenantId)
    .where('import_id', '=', importId)
    .where('file_no', '=', fileNo)
    .where('status', '=', 'pending')
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return;
  const { chunks } = inspection;
  await sql`
    INSERT INTO import_chunks (tenant_id, import_id, seq, file_no, from_byte, to_byte, first_line, rows)
    SELECT ${tenantId}, ${importId}, (SELECT coalesce(max(seq), 0) FROM import_chunks WHERE tenant_id = ${tenantId} AND import_id = ${importId}) + n, ${fileNo}, from_byte, to_byte, first_line, rows
    FROM unnest(${chunks.map(({ from }) => from)}::bigint[], ${chunks.map(({ to }) => to)}::bigint[], ${chunks.map(({ firstLine }) => firstLine)}::bigint[], ${chunks.map(({ rows }) => rows)}::integer[])
      WITH ORDINALITY AS chunk (from_byte, to_byte, first_line, rows, n)`.execute(tx);
}

/** It is not loaded any more unless it is made pending again. A chunk that is done stays done. */
export async function failChunk(db: Kysely<Database>, { tenantId, importId, seq }: ChunkRef, error: string): Promise<void> {
  await db.updateTable('import_chunks').set({ status: 'failed', error }).where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('seq', '=', seq).where('status', '=', 'pending').execute();
}

/** What a dry run remembered in order to count. For its end. */
export async function forgetDryRunKeys(db: Kysely<Database>, { tenantId, importId }: ImportRef): Promise<void> {
  await db.deleteFrom('import_dry_run_keys').where('tenant_id', '=', tenantId).where('import_id', '=', importId).execute();
}
