/** Every change of an import's state. Each is idempotent, and none takes effect any more once the import has ended. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { hasEnded, percentOf, type ImportState, type ImportStatus, type Tally } from '../../../contracts/imports/flow.ts';
import { failures, isFailureCode, unknownImport, type FailureCode, type Refusal } from '../../../contracts/failures.ts';
import { keepForGood, keepUntil } from '../expired-files.ts';
import type { Database } from '../schema.ts';
import { forgetDryRunKeys } from './chunks.ts';
import { tellEnded } from './notices.ts';
import { holdChunks, lockImport, shownPercent, toImportState, type ImportRow } from './rows.ts';
import { keptOf } from './summary.ts';
import { tallyOf, type ImportRef } from './tally.ts';

/** So long what could not be loaded can be tried again. */
const filesKeptMs = 7 * 24 * 60 * 60 * 1000;

type Changes = Partial<Pick<ImportRow, 'status' | 'reason' | 'detail' | 'line' | 'progress' | 'started_at' | 'running_since' | 'ended_at'>>;

async function update(tx: Transaction<Database>, { tenantId, importId }: ImportRef, changes: Changes): Promise<ImportRow> {
  return await tx.updateTable('imports').set(changes).where('tenant_id', '=', tenantId).where('id', '=', importId).returningAll().executeTakeFirstOrThrow();
}

/** Runs a change under the lock of the import's row. */
async function inImport(db: Kysely<Database>, ref: ImportRef, change: (tx: Transaction<Database>, row: ImportRow) => Promise<ImportRow | Refusal>): Promise<ImportState | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await lockImport(tx, ref);
    if (row === undefined) return unknownImport(ref.importId);
    const changed = await change(tx, row);
    return 'refused' in changed ? changed : toImportState(changed, await tallyOf(tx, ref));
  });
}

/** The flow has the import in hand: pending → inspecting. One that is on its way, or has ended, is answered as it is. */
export async function beginImport(db: Kysely<Database>, ref: ImportRef): Promise<ImportState | Refusal> {
  return await inImport(db, ref, async (tx, row) => (row.status === 'pending' ? await update(tx, ref, { status: 'inspecting', started_at: new Date() }) : row));
}

/** What failed is loaded again. What was cancelled stays so. One that is on its way is answered as it is. */
export async function reopenImport(db: Kysely<Database>, ref: ImportRef): Promise<ImportState | Refusal> {
  return await inImport(db, ref, async (tx, row) => {
    if (!hasEnded(row)) return row;
    if (row.status === 'cancelled') return { refused: 'nothing_to_resume', detail: 'The import was cancelled; import the file again.' };
    await tx.updateTable('import_chunks').set({ status: 'pending', error: null }).where('tenant_id', '=', ref.tenantId).where('import_id', '=', ref.importId).where('status', '=', 'failed').execute();
    await tx
      .updateTable('import_files')
      .set({ status: 'pending', reason: null, detail: null, line: null })
      .where('tenant_id', '=', ref.tenantId)
      .where('import_id', '=', ref.importId)
      .where('status', '=', 'failed')
      .where('reason', 'in', worthAnotherTry)
      .execute();
    const left = await leftToDo(tx, ref);
    if (!left) return { refused: 'nothing_to_resume', detail: 'Everything of it that can be loaded is.' };
    await keepForGood(tx, ref.tenantId, await keysOf(tx, ref));
    const tally = await tallyOf(tx, ref);
    return await update(tx, ref, { ...going(tally), reason: null, detail: null, line: null, ended_at: null, progress: percentOf(tally) });
  });
}

const worthAnotherTry = Object.keys(failures).filter((code) => isFailureCode(code) && failures[code].retryable);

async function leftToDo(tx: Transaction<Database>, { tenantId, importId }: ImportRef): Promise<boolean> {
  const { rows } = await sql<{ left: boolean }>`
    SELECT EXISTS (SELECT FROM import_chunks WHERE tenant_id = ${tenantId} AND import_id = ${importId} AND status = 'pending')
        OR EXISTS (SELECT FROM import_files WHERE tenant_id = ${tenantId} AND import_id = ${importId} AND status = 'pending') AS left`.execute(tx);
  return rows[0]?.left === true;
}

const going = ({ chunks }: Tally): { status: ImportStatus; running_since: Date | null } => (chunks.total === 0 ? { status: 'inspecting', running_since: null } : { status: 'running', running_since: new Date() });

/** The flow has stopped to begin chunks, or begins them again. */
export async function setPaused(db: Kysely<Database>, ref: ImportRef, paused: boolean): Promise<ImportState | Refusal> {
  return await inImport(db, ref, async (tx, row) => {
    if (hasEnded(row) || paused === (row.status === 'paused')) return row;
    if (paused) return await update(tx, ref, { status: 'paused', running_since: null });
    return await update(tx, ref, going(await tallyOf(tx, ref)));
  });
}

/** How an import ends before everything was done. */
export type Stop = 'cancelled' | FailureCode;

/** @param occasion the same for all that is told of one round of an import. */
export async function stopImport(db: Kysely<Database>, ref: ImportRef, stop: Stop, occasion: string): Promise<ImportState | Refusal> {
  return await ending(db, ref, async (tx, row) => {
    if (stop === 'cancelled') return await end(tx, row, { status: 'cancelled', reason: 'cancelled', detail: null, line: null }, occasion);
    return await end(tx, row, { status: 'failed', ...((await firstFailedFile(tx, ref)) ?? { reason: stop, detail: failures[stop].meaning, line: null }) }, occasion);
  });
}

/** Ends it when nothing is left to do; otherwise it is answered as it is. */
export async function finishImport(db: Kysely<Database>, ref: ImportRef, occasion: string): Promise<ImportState | Refusal> {
  return await ending(db, ref, async (tx, row) => {
    if (await leftToDo(tx, ref)) return row;
    const { chunks } = await tallyOf(tx, ref);
    if (chunks.total > 0 && chunks.failed < chunks.total) return await end(tx, row, { status: 'completed', reason: null, detail: null, line: null }, occasion);
    const unread = chunks.total === 0 ? await firstFailedFile(tx, ref) : undefined;
    return await end(tx, row, { status: 'failed', ...(unread ?? { reason: 'chunks_failed', detail: failures.chunks_failed.meaning, line: null }) }, occasion);
  });
}

/** An attempt to load a chunk that everybody has given up may still be running: it ends first, or finds the import ended. */
async function ending(db: Kysely<Database>, ref: ImportRef, change: (tx: Transaction<Database>, row: ImportRow) => Promise<ImportRow>): Promise<ImportState | Refusal> {
  return await db.transaction().execute(async (tx) => {
    await holdChunks(tx, ref);
    const row = await lockImport(tx, ref);
    if (row === undefined) return unknownImport(ref.importId);
    return toImportState(hasEnded(row) ? row : await change(tx, row), await tallyOf(tx, ref));
  });
}

async function end(tx: Transaction<Database>, row: ImportRow, how: Pick<ImportRow, 'status' | 'reason' | 'detail' | 'line'>, occasion: string): Promise<ImportRow> {
  const ref = { tenantId: row.tenant_id, importId: row.id };
  const tally = await tallyOf(tx, ref);
  const progress = how.status === 'completed' ? 100 : shownPercent(row, tally);
  const ended = await update(tx, ref, { ...how, progress, running_since: null, ended_at: new Date() });
  if (row.dry_run) await forgetDryRunKeys(tx, ref);
  await keepUntil(tx, ref.tenantId, await keysOf(tx, ref), new Date(Date.now() + filesKeptMs));
  await tellEnded(tx, ended, tally, keptOf(tally, row.dry_run), occasion);
  return ended;
}

async function firstFailedFile(tx: Transaction<Database>, { tenantId, importId }: ImportRef): Promise<Pick<ImportRow, 'reason' | 'detail' | 'line'> | undefined> {
  return await tx.selectFrom('import_files').select(['reason', 'detail', 'line']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('status', '=', 'failed').orderBy('file_no').limit(1).executeTakeFirst();
}

/** The files, and the copies that chunks are read from. */
async function keysOf(tx: Transaction<Database>, { tenantId, importId }: ImportRef): Promise<string[]> {
  const rows = await tx.selectFrom('import_files').select(['key', 'read_key']).where('tenant_id', '=', tenantId).where('import_id', '=', importId).execute();
  return [...new Set(rows.flatMap(({ key, read_key }) => (read_key === null ? [key] : [key, read_key])))];
}
