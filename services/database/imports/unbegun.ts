/** Imports that were written down, and whose flow then never started: whoever sent the file may have heard of no error. */
import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import type { ImportRef } from './tally.ts';

/** Longer than it takes to start a flow. */
const unbegunAfterMs = 60_000;
const atOnce = 100;

export async function unbegunImports(db: Kysely<Database>): Promise<readonly (ImportRef & { readonly dataset: string })[]> {
  const rows = await db
    .selectFrom('imports')
    .select(['tenant_id', 'id', 'dataset'])
    .where('status', '=', 'pending')
    .where('created_at', '<', new Date(Date.now() - unbegunAfterMs))
    .orderBy('created_at')
    .limit(atOnce)
    .execute();
  return rows.map(({ tenant_id, id, dataset }) => ({ tenantId: tenant_id, importId: id, dataset }));
}
