/** Reading uploads. Every query names its tenant. */
import type { Kysely } from 'kysely';
import type { ListUploads, UploadSummary } from '../../../contracts/uploads/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import { countsOf, toSummary, toUpload, type KeptUpload } from './rows.ts';

export async function findUpload(db: Kysely<Database>, tenantId: string, id: string): Promise<KeptUpload | undefined> {
  const row = await db.selectFrom('uploads').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  return toUpload(row, await db.selectFrom('upload_images').selectAll().where('tenant_id', '=', tenantId).where('upload_id', '=', id).orderBy('image_no').execute());
}

/** Newest first; without the images, of which there may be many. */
export async function listUploads(db: Kysely<Database>, tenantId: string, filter: ListUploads): Promise<Page<UploadSummary>> {
  let query = db.selectFrom('uploads').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.productId !== undefined) query = query.where('product_id', '=', filter.productId);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  const { items: rows, nextCursor } = toPage(await query.execute(), filter.limit, (row) => row.id, (row) => row);
  const images = rows.length === 0 ? [] : await db.selectFrom('upload_images').select(['upload_id', 'status']).where('tenant_id', '=', tenantId).where('upload_id', 'in', rows.map(({ id }) => id)).execute();
  const imagesOf = Map.groupBy(images, ({ upload_id: id }) => id);
  return { items: rows.map((row) => toSummary(row, countsOf(imagesOf.get(row.id) ?? []))), ...(nextCursor !== undefined && { nextCursor }) };
}
