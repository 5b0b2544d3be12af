/** What is to be done for an import, and what came of each part of it. */
import { sql, type Kysely } from 'kysely';
import { hasEnded, percentOf, type FilePlan, type ImportWork } from '../../../contracts/imports/flow.ts';
import type { FailureCode } from '../../../contracts/failures.ts';
import { keepForGood } from '../expired-files.ts';
import type { Database } from '../schema.ts';
import type { Inspection } from '../../imports/reading/index.ts';
import { failChunk, recordInspection } from './chunks.ts';
import { tellTrouble } from './notices.ts';
import { holdChunks, lockImport } from './rows.ts';
import { tallyOf, type ImportRef } from './tally.ts';

/** Few enough for a small answer: it goes into the history. */
const chunksAtOnce = 100;

/** @param after the last chunk that is in hand. */
export async function nextWork(db: Kysely<Database>, { tenantId, importId }: ImportRef, after: number): Promise<ImportWork> {
  const [files, chunks] = await Promise.all([
    db.selectFrom('import_files').select('file_no').where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('status', '=', 'pending').orderBy('file_no').limit(chunksAtOnce).execute(),
    db
      .selectFrom('import_chunks')
      .select(['seq', 'rows'])
      .where('tenant_id', '=', tenantId)
      .where('import_id', '=', importId)
      .where('status', '=', 'pending')
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(chunksAtOnce)
      .execute(),
  ]);
  return { files: files.map(({ file_no }) => file_no), chunks };
}

export interface FileToInspect {
  readonly key: string;
  readonly name: string | null;
  readonly encoding: string | null;
  readonly delimiter: string | null;
  readonly dataset: string;
  /** Column of the dataset to header of the file. */
  readonly mapping: Readonly<Record<string, string>> | null;
}

/** @returns what it came to, when that is known already. */
export async function fileToInspect(db: Kysely<Database>, { tenantId, importId }: ImportRef, fileNo: number): Promise<FileToInspect | FilePlan> {
  const row = await db
    .selectFrom('import_files as file')
    .innerJoin('imports as import', (join) => join.onRef('import.tenant_id', '=', 'file.tenant_id').onRef('import.id', '=', 'file.import_id'))
    .select(['file.key', 'file.name', 'file.encoding', 'file.delimiter', 'file.status', 'file.reason', 'import.dataset', 'import.mapping'])
    .where('file.tenant_id', '=', tenantId)
    .where('file.import_id', '=', importId)
    .where('file.file_no', '=', fileNo)
    .executeTakeFirstOrThrow();
  if (row.status === 'inspected') return await planOf(db, { tenantId, importId }, fileNo);
  if (row.status === 'failed') return { refused: 'file_unreadable' };
  const { key, name, encoding, delimiter, dataset, mapping } = row;
  return { key, name, encoding, delimiter, dataset, mapping };
}

async function planOf(db: Kysely<Database>, { tenantId, importId }: ImportRef, fileNo: number): Promise<FilePlan> {
  return await db
    .selectFrom('import_chunks')
    .select(({ fn }) => [fn.countAll<number>().as('chunks'), sql<number>`coalesce(sum(rows), 0)`.as('rows')])
    .where('tenant_id', '=', tenantId)
    .where('import_id', '=', importId)
    .where('file_no', '=', fileNo)
    .executeTakeFirstOrThrow();
}

/**
 * Writes down what is in a file. Chunks that are being loaded end first: the total and what is done of it change together,
 * so the progress that is shown never goes back.
 * @returns nothing when the import has ended.
 */
export async function recordPlan(db: Kysely<Database>, ref: ImportRef, fileNo: number, inspection: Inspection, columns: Readonly<Record<string, number>>): Promise<FilePlan | undefined> {
  return await db.transaction().execute(async (tx) => {
    await holdChunks(tx, ref);
    const row = await lockImport(tx, ref);
    if (row === undefined || hasEnded(row)) return undefined;
    const before = await tallyOf(tx, ref);
    await recordInspection(tx, { ...ref, fileNo }, inspection, columns);
    await keepForGood(tx, ref.tenantId, [inspection.key]);
    await tx
      .updateTable('imports')
      .set({
        progress: Math.max(row.progress, percentOf(before)),
        ...(row.status === 'inspecting' && { status: 'running' as const, running_since: new Date() }),
      })
      .where('tenant_id', '=', ref.tenantId)
      .where('id', '=', ref.importId)
      .execute();
    return await planOf(tx, ref, fileNo);
  });
}

export interface FileTrouble {
  readonly reason: FailureCode;
  readonly detail: string;
  readonly line?: number | undefined;
}

/** The file cannot be read. */
export async function failFile(db: Kysely<Database>, ref: ImportRef, fileNo: number, { reason, detail, line }: FileTrouble, occasion: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const row = await lockImport(tx, ref);
    if (row === undefined || hasEnded(row)) return;
    const { numUpdatedRows } = await tx
      .updateTable('import_files')
      .set({ status: 'failed', reason, detail, line: line ?? null })
      .where('tenant_id', '=', ref.tenantId)
      .where('import_id', '=', ref.importId)
      .where('file_no', '=', fileNo)
      .where('status', '=', 'pending')
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 1n) await tellTrouble(tx, row, { reason, part: 'file', number: fileNo }, occasion);
  });
}

export type ChunkEnd = 'failed' | { readonly inserted: number; readonly updated: number; readonly rejected: number };

/** The chunk could not be loaded, unless an attempt that was given up has loaded it after all. */
export async function giveUpChunk(db: Kysely<Database>, ref: ImportRef, seq: number, reason: FailureCode, occasion: string): Promise<ChunkEnd> {
  return await db.transaction().execute(async (tx): Promise<ChunkEnd> => {
    const { tenantId, importId } = ref;
    const chunk = await tx.selectFrom('import_chunks').select(['status', 'inserted', 'updated', 'rejected']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('seq', '=', seq).forUpdate().executeTakeFirstOrThrow();
    if (chunk.status === 'done') return { inserted: chunk.inserted, updated: chunk.updated, rejected: chunk.rejected };
    const row = await lockImport(tx, ref);
    if (chunk.status === 'pending' && row !== undefined && !hasEnded(row)) {
      await failChunk(tx, { ...ref, seq }, reason);
      await tellTrouble(tx, row, { reason, part: 'chunk', number: seq }, occasion);
    }
    return 'failed';
  });
}
