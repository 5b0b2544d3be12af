/** An import's row, and what its flow is told of it. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import { hasEnded, percentOf, type ImportState, type Tally } from '../../../contracts/imports/flow.ts';
import type { Database } from '../schema.ts';
import type { ImportRef } from './tally.ts';

export type ImportRow = Selectable<Database['imports']>;

export async function selectImport(db: Kysely<Database>, { tenantId, importId }: ImportRef): Promise<ImportRow | undefined> {
  return await db.selectFrom('imports').selectAll().where('tenant_id', '=', tenantId).where('id', '=', importId).executeTakeFirst();
}

/** Weaker than FOR UPDATE: chunks and files refer to the row, and must not wait for whoever changes it. */
export async function lockImport(tx: Transaction<Database>, { tenantId, importId }: ImportRef): Promise<ImportRow | undefined> {
  return await tx.selectFrom('imports').selectAll().where('tenant_id', '=', tenantId).where('id', '=', importId).forNoKeyUpdate().executeTakeFirst();
}

/** A chunk is loaded within seconds. */
const chunkPatience = '25s';

/**
 * Waits until no chunk is being loaded, and keeps others from beginning until the transaction ends. To be called before
 * {@link lockImport}, so that two never wait for each other.
 * @returns how many are left to load.
 */
export async function holdChunks(tx: Transaction<Database>, { tenantId, importId }: ImportRef): Promise<number> {
  await sql`SELECT set_config('lock_timeout', ${chunkPatience}, true), set_config('statement_timeout', ${chunkPatience}, true)`.execute(tx);
  const held = await tx.selectFrom('import_chunks').select('seq').where('tenant_id', '=', tenantId).where('import_id', '=', importId).where('status', '=', 'pending').orderBy('seq').forUpdate().execute();
  return held.length;
}

/** What was shown once stays the least that is shown. */
export const shownPercent = (row: Pick<ImportRow, 'progress' | 'status'>, tally: Tally): number => (hasEnded(row) ? row.progress : Math.max(row.progress, percentOf(tally)));

export function toImportState(row: ImportRow, tally: Tally): ImportState {
  return {
    id: row.id,
    dataset: row.dataset,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    dryRun: row.dry_run,
    stopOnFailure: row.stop_on_failure,
    ...(row.requested_by !== null && { requestedBy: row.requested_by }),
    percent: shownPercent(row, tally),
    tally,
  };
}
