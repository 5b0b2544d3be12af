/** One history of each way an upload of images can go, and of the clean-up. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newUploadId } from '../../client/index.ts';
import { cleanupWorkflowId, uploadWorkflowId } from '../../contracts/flows.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import { keepUntil } from '../../services/database/expired-files.ts';
import { putProduct } from '../../services/database/products.ts';
import { createUpload } from '../../services/database/uploads/create.ts';
import type { Storage } from '../../services/storage/storage.ts';
import { openStorage } from '../../services/storage/storage.ts';
import { anImage } from '../support/images.ts';
import type { SkippingWorld } from '../support/time-skipping.ts';
import type { Write } from './record-payments.ts';

/** What the workers of the world keep their files in. */
export const filesOfWorld = async (): Promise<Storage> => openStorage(`file:${await mkdtemp(path.join(tmpdir(), 'holdfast-histories-'))}`);

export async function recordUploads(world: SkippingWorld, storage: Storage, write: Write): Promise<void> {
  const { holdfast, databases, tenantId } = world;
  const productId = `images-${process.pid}`;
  await putProduct(databases.write, tenantId, productId, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', weightGrams: 400 });
  const image = await anImage({ width: 400, height: 200 });
  const upload = async (name: string, files: readonly Uint8Array[], then?: (id: string) => Promise<unknown>): Promise<void> => {
    const uploadId = newUploadId();
    const images = await Promise.all(files.map(async (file, at) => {
      const key = `${tenantId}/uploads/${uploadId}/original-${at}`;
      await storage.put(key, file, { contentType: 'application/octet-stream' });
      return { key, bytes: file.byteLength };
    }));
    await createUpload(databases.write, { tenantId, uploadId, productId, images });
    await holdfast.uploads.begin(uploadId, productId);
    await then?.(uploadId);
    await write(`upload-${name}`, uploadWorkflowId(uploadId));
  };
  await upload('completed', [image, Buffer.from('no image'), image]);
  await upload('failed', [Buffer.from('no image')]);
  await upload('cancelled', Array.from({ length: 6 }, () => image), async (id) => await holdfast.uploads.cancel(id));

  await keepUntil(databases.write, tenantId, [`${tenantId}/tests/gone`], new Date(0));
  await world.client.workflow.start('cleanup', { workflowId: cleanupWorkflowId, taskQueue: queueOfWorkflow.cleanup, args: [] });
  await write('cleanup-completed', cleanupWorkflowId);
}
