/** Reading exports. Every query names its tenant. */
import { sql, type Kysely } from 'kysely';
import type { ListExports } from '../../../contracts/exports/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import { toKeptExport, type ExportRow, type KeptExport } from './rows.ts';

export async function findExport(db: Kysely<Database>, tenantId: string, id: string): Promise<KeptExport | undefined> {
  const row = await selectExport(db, tenantId, id);
  return row === undefined ? undefined : toKeptExport(row);
}

export async function selectExport(db: Kysely<Database>, tenantId: string, id: string): Promise<ExportRow | undefined> {
  return await db.selectFrom('exports').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
}

const effectiveStatus = sql<string>`CASE WHEN status = 'ready' AND expires_at <= now() THEN 'expired' ELSE status END`;

/** Newest first. */
export async function listExports(db: Kysely<Database>, tenantId: string, { status, dataset, cursor, limit }: ListExports): Promise<Page<KeptExport>> {
  let query = db.selectFrom('exports').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(limit + 1);
  if (status !== undefined) query = query.where(effectiveStatus, '=', status);
  if (dataset !== undefined) query = query.where('dataset', '=', dataset);
  if (cursor !== undefined) query = query.where('id', '<', decodeCursor(cursor));
  return toPage(await query.execute(), limit, (row) => row.id, toKeptExport);
}
