/** How far imports are, counted from their chunks: a chunk's row is written in the transaction that loads it. */
import { sql, type Kysely } from 'kysely';
import type { Tally } from '../../../contracts/imports/flow.ts';
import type { Database } from '../schema.ts';

export interface ImportRef {
  readonly tenantId: string;
  readonly importId: string;
}

export const nothing: Tally = { rows: { total: 0, processed: 0, inserted: 0, updated: 0, rejected: 0, failed: 0 }, chunks: { total: 0, pending: 0, failed: 0 } };

export async function tallyOf(db: Kysely<Database>, { tenantId, importId }: ImportRef): Promise<Tally> {
  return (await talliesOf(db, tenantId, [importId])).get(importId) ?? nothing;
}

/** An import without chunks has none. */
export async function talliesOf(db: Kysely<Database>, tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, Tally>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('import_chunks')
    .select(({ fn }) => [
      'import_id as id',
      fn.countAll<number>().as('chunks'),
      fn.countAll<number>().filterWhere('status', '=', 'pending').as('pending'),
      fn.countAll<number>().filterWhere('status', '=', 'failed').as('failed'),
      fn.sum<number>('rows').as('total'),
      sql<number>`coalesce(sum(rows) FILTER (WHERE status = 'done'), 0)`.as('processed'),
      sql<number>`coalesce(sum(rows) FILTER (WHERE status = 'failed'), 0)`.as('failed_rows'),
      fn.sum<number>('inserted').as('inserted'),
      fn.sum<number>('updated').as('updated'),
      fn.sum<number>('rejected').as('rejected'),
    ])
    .where('tenant_id', '=', tenantId)
    .where('import_id', 'in', ids)
    .groupBy('import_id')
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        rows: { total: row.total, processed: row.processed, inserted: row.inserted, updated: row.updated, rejected: row.rejected, failed: row.failed_rows },
        chunks: { total: row.chunks, pending: row.pending, failed: row.failed },
      },
    ]),
  );
}
