/** Writing an upload down: its images are stored already. */
import type { Kysely } from 'kysely';
import type { UploadRef } from '../../../contracts/uploads/flow.ts';
import { keepUntil } from '../expired-files.ts';
import type { Database } from '../schema.ts';

/** Longer than any upload takes; once it has ended, its originals go at once. */
const originalsMs = 7 * 24 * 60 * 60 * 1000;

export interface NewUpload extends UploadRef {
  readonly productId: string;
  readonly images: readonly { readonly key: string; readonly bytes: number; readonly name?: string | undefined }[];
}

/** Does nothing if it is there already: a repeat under the same id brought the same images, and what it stored is removed with its day. */
export async function createUpload(db: Kysely<Database>, { tenantId, uploadId, productId, images }: NewUpload): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const inserted = await tx
      .insertInto('uploads')
      .values({ tenant_id: tenantId, id: uploadId, product_id: productId })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
      .executeTakeFirstOrThrow();
    if (inserted.numInsertedOrUpdatedRows !== 1n) return;
    await tx
      .insertInto('upload_images')
      .values(images.map(({ key, bytes, name = null }, at) => ({ tenant_id: tenantId, upload_id: uploadId, image_no: at + 1, name, key, bytes })))
      .execute();
    await keepUntil(tx, tenantId, images.map(({ key }) => key), new Date(Date.now() + originalsMs));
  });
}
