/** The states of an upload: it begins, and it ends. Each step can be repeated. */
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { unknownUpload, type FailureCode, type Refusal } from '../../../contracts/failures.ts';
import { hasEnded, type UploadRef, type UploadState, type UploadStatus } from '../../../contracts/uploads/flow.ts';
import { keepUntil } from '../expired-files.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import { toState, type ImageRow, type UploadRow } from './rows.ts';

/** One that has ended is answered as it is. */
export async function beginUpload(db: Kysely<Database>, ref: UploadRef): Promise<UploadState | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const { row, images } = await locked(tx, ref);
    if (row === undefined) return unknownUpload(ref.uploadId);
    if (row.status === 'pending') await set(tx, ref, { status: 'running' });
    return toState(row.status === 'pending' ? { ...row, status: 'running' } : row, images);
  });
}

/**
 * Ends it, tells the seller, and gives the originals up.
 * @param why what becomes of images that are still to be made: cancelled, or failed for this.
 */
export async function endUpload(db: Kysely<Database>, ref: UploadRef, why: 'cancelled' | FailureCode): Promise<UploadState | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const { row, images } = await locked(tx, ref);
    if (row === undefined) return unknownUpload(ref.uploadId);
    if (hasEnded(row)) return toState(row, images);
    const open = why === 'cancelled' ? ({ status: 'cancelled', reason: null } as const) : ({ status: 'failed', reason: why } as const);
    const ended = images.map((image) => (image.status === 'pending' ? { ...image, ...open } : image));
    await tx
      .updateTable('upload_images')
      .set(open)
      .where('tenant_id', '=', ref.tenantId)
      .where('upload_id', '=', ref.uploadId)
      .where('status', '=', 'pending')
      .execute();
    const failure = ended.find(({ status }) => status === 'failed')?.reason ?? null;
    const status = why === 'cancelled' ? 'cancelled' : ended.some((image) => image.status === 'done') ? 'completed' : 'failed';
    const end = { status, reason: status === 'failed' ? failure : null } as const;
    await set(tx, ref, { ...end, ended_at: sql<Date>`now()` });
    await keepUntil(tx, ref.tenantId, images.map(({ key }) => key), new Date());
    const state = toState({ ...row, ...end }, ended);
    await tellSeller(tx, ref.tenantId, state);
    return state;
  });
}

async function locked(tx: Transaction<Database>, { tenantId, uploadId }: UploadRef): Promise<{ row: UploadRow | undefined; images: ImageRow[] }> {
  const row = await tx.selectFrom('uploads').selectAll().where('tenant_id', '=', tenantId).where('id', '=', uploadId).forUpdate().executeTakeFirst();
  const images = await tx.selectFrom('upload_images').selectAll().where('tenant_id', '=', tenantId).where('upload_id', '=', uploadId).orderBy('image_no').execute();
  return { row, images };
}

async function set(tx: Transaction<Database>, { tenantId, uploadId }: UploadRef, values: { readonly status: UploadStatus; readonly reason?: FailureCode | null; readonly ended_at?: RawBuilder<Date> }): Promise<void> {
  await tx.updateTable('uploads').set(values).where('tenant_id', '=', tenantId).where('id', '=', uploadId).execute();
}

/** Whose product it is. Who cancels knows it already. */
async function tellSeller(tx: Transaction<Database>, tenantId: string, { id, productId, status, reason, images }: UploadState): Promise<void> {
  if (status === 'cancelled') return;
  const { seller_id: recipientId } = await tx.selectFrom('products').select('seller_id').where('tenant_id', '=', tenantId).where('id', '=', productId).executeTakeFirstOrThrow();
  const data = { productId, done: images.done, failed: images.failed, ...(reason !== undefined && { reason }) };
  await writeNotices(tx, tenantId, [{ audience: 'seller', recipientId, template: status === 'failed' ? 'images_failed' : 'images_ready', subjectId: id, data }]);
}

/** Longer than any flow takes to begin, also while Temporal comes and goes. */
const unbegunAfterMs = 60 * 60 * 1000;
const atOnce = 100;

/** Ends uploads whose flow never began. @returns how many. */
export async function endUnbegunUploads(db: Kysely<Database>): Promise<number> {
  const forgotten = await db.selectFrom('uploads').select(['tenant_id', 'id']).where('status', '=', 'pending').where('created_at', '<', new Date(Date.now() - unbegunAfterMs)).limit(atOnce).execute();
  for (const { tenant_id: tenantId, id: uploadId } of forgotten) await endUpload(db, { tenantId, uploadId }, 'temporal_unavailable');
  return forgotten.length;
}
