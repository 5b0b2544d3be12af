/** One image of an upload: what came of it, written once, together with the product that shows it. */
import type { Kysely, Transaction } from 'kysely';
import type { FailureCode } from '../../../contracts/failures.ts';
import type { ImageFormat, ImageOutcome, UploadRef } from '../../../contracts/uploads/flow.ts';
import { keepForGood, keepUntil } from '../expired-files.ts';
import type { Database } from '../schema.ts';
import type { KeptImage } from '../schema/files.ts';

/** A link to an image that was replaced may be on a page somewhere; no link lives longer. */
const replacedMs = 7 * 24 * 60 * 60 * 1000;

/** @returns the key of the original; nothing if it is not to be made, or made already. */
export async function openImage(db: Kysely<Database>, { tenantId, uploadId }: UploadRef, no: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('upload_images')
    .select('key')
    .where('tenant_id', '=', tenantId)
    .where('upload_id', '=', uploadId)
    .where('image_no', '=', no)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return row?.key;
}

/**
 * Puts an image on the product, where it takes the place of those of earlier uploads. An attempt that comes late, when
 * the upload has ended or the image is there, changes nothing; what it has made is left to the clean-up.
 */
export async function putImage(db: Kysely<Database>, ref: UploadRef, image: KeptImage, format: ImageFormat): Promise<ImageOutcome> {
  const { tenantId, uploadId } = ref;
  return await db.transaction().execute(async (tx): Promise<ImageOutcome> => {
    const keys = image.variants.map(({ key }) => key);
    // The upload before the product, as everybody takes them.
    if (!(await lockPending(tx, ref, image.no))) return 'left';
    const { product_id: productId } = await tx.selectFrom('uploads').select('product_id').where('tenant_id', '=', tenantId).where('id', '=', uploadId).executeTakeFirstOrThrow();
    const { images: before } = await tx.selectFrom('products').select('images').where('tenant_id', '=', tenantId).where('id', '=', productId).forUpdate().executeTakeFirstOrThrow();
    // Ids are sorted by time.
    if (before.some((other) => other.uploadId > uploadId)) {
      await writeFailure(tx, ref, image.no, 'upload_superseded');
      await keepUntil(tx, tenantId, keys, new Date());
      return { refused: 'upload_superseded' };
    }
    const earlier = before.filter((other) => other.uploadId !== uploadId);
    const images = [...before.filter((other) => other.uploadId === uploadId), image].toSorted((a, b) => a.no - b.no);
    await tx.updateTable('products').set({ images: JSON.stringify(images), updated_at: new Date() }).where('tenant_id', '=', tenantId).where('id', '=', productId).execute();
    await tx
      .updateTable('upload_images')
      .set({ status: 'done', format, image: JSON.stringify(image) })
      .where('tenant_id', '=', tenantId)
      .where('upload_id', '=', uploadId)
      .where('image_no', '=', image.no)
      .execute();
    await keepForGood(tx, tenantId, keys);
    if (earlier.length > 0) await giveUp(tx, tenantId, earlier);
    return 'done';
  });
}

/** @returns what it came to: an image that is made, or was not wanted any more, has not failed. */
export async function failImage(db: Kysely<Database>, ref: UploadRef, no: number, reason: FailureCode): Promise<ImageOutcome> {
  return await db.transaction().execute(async (tx): Promise<ImageOutcome> => {
    if (!(await lockPending(tx, ref, no))) return 'left';
    await writeFailure(tx, ref, no, reason);
    return { refused: reason };
  });
}

/** They are on no product any more. */
async function giveUp(tx: Transaction<Database>, tenantId: string, images: readonly KeptImage[]): Promise<void> {
  await tx.updateTable('upload_images').set({ image: null }).where('tenant_id', '=', tenantId).where('upload_id', 'in', [...new Set(images.map(({ uploadId }) => uploadId))]).execute();
  await keepUntil(tx, tenantId, images.flatMap(({ variants }) => variants.map(({ key }) => key)), new Date(Date.now() + replacedMs));
}

/** Holds the upload's row, so that it cannot end meanwhile. */
async function lockPending(tx: Transaction<Database>, ref: UploadRef, no: number): Promise<boolean> {
  const upload = await tx.selectFrom('uploads').select('status').where('tenant_id', '=', ref.tenantId).where('id', '=', ref.uploadId).forUpdate().executeTakeFirst();
  return upload?.status === 'running' && (await openImage(tx, ref, no)) !== undefined;
}

async function writeFailure(tx: Transaction<Database>, { tenantId, uploadId }: UploadRef, no: number, reason: FailureCode): Promise<void> {
  await tx.updateTable('upload_images').set({ status: 'failed', reason }).where('tenant_id', '=', tenantId).where('upload_id', '=', uploadId).where('image_no', '=', no).execute();
}
