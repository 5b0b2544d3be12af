/**
 * Files in the storage that are not kept for good. A row says until when; one without a row stays. The row is written
 * before the file is, so that whatever dies on the way, nothing is left behind that nobody knows of.
 */
import { sql, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** From then on the clean-up removes them. A later call moves the time; in a transaction, together with what it is about. */
export async function keepUntil(db: Kysely<Database>, tenantId: string, keys: readonly string[], expiresAt: Date): Promise<void> {
  if (keys.length === 0) return;
  await db
    .insertInto('stored_files')
    .values(keys.map((key) => ({ tenant_id: tenantId, key, expires_at: expiresAt })))
    .onConflict((conflict) => conflict.columns(['tenant_id', 'key']).doUpdateSet({ expires_at: expiresAt }))
    .execute();
}

/** They are needed: the clean-up leaves them alone. */
export async function keepForGood(db: Kysely<Database>, tenantId: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.deleteFrom('stored_files').where('tenant_id', '=', tenantId).where('key', 'in', keys).execute();
}

export interface ExpiredFile {
  readonly tenantId: string;
  readonly key: string;
  readonly expiresAt: Date;
}

/** Those whose time is over, the longest first. @param after the last of the page before: what could not be removed is passed over. */
export async function expiredFiles(db: Kysely<Database>, limit: number, after?: ExpiredFile): Promise<readonly ExpiredFile[]> {
  let query = db.selectFrom('stored_files').select(['tenant_id', 'key', 'expires_at']).where('expires_at', '<=', sql<Date>`now()`).orderBy('expires_at').orderBy('tenant_id').orderBy('key').limit(limit);
  if (after !== undefined) query = query.where(sql<boolean>`(expires_at, tenant_id, key) > (${after.expiresAt}::timestamptz, ${after.tenantId}::text, ${after.key}::text)`);
  const rows = await query.execute();
  return rows.map((row) => ({ tenantId: row.tenant_id, key: row.key, expiresAt: row.expires_at }));
}

/** Once the file is gone, and unless its time was moved meanwhile. */
export async function forgetFile(db: Kysely<Database>, { tenantId, key }: ExpiredFile): Promise<void> {
  await db.deleteFrom('stored_files').where('tenant_id', '=', tenantId).where('key', '=', key).where('expires_at', '<=', sql<Date>`now()`).execute();
}
