/** Steps of an upload of images. Each is idempotent, so repeating one is always safe. */
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { FailureCode, Refusal } from '../contracts/failures.ts';
import { type ImageOutcome, type UploadRef, type UploadState } from '../contracts/uploads/flow.ts';
import type { Databases } from '../services/database/connection.ts';
import { keepUntil } from '../services/database/expired-files.ts';
import type { KeptImage } from '../services/database/schema/files.ts';
import { failImage, openImage, putImage } from '../services/database/uploads/images.ts';
import { beginUpload, endUpload } from '../services/database/uploads/transitions.ts';
import type { MadeVariant } from '../services/images/optimise.ts';
import { MissingFile, type Storage } from '../services/storage/storage.ts';
import { named } from './failures.ts';

/** Database steps, beside the flow. */
export function createUploadActivities({ databases: { write } }: { databases: Databases }) {
  return {
    async beginUpload(ref: UploadRef): Promise<UploadState | Refusal> {
      return await named(() => beginUpload(write, ref));
    },

    async failImage(ref: UploadRef, no: number, reason: FailureCode): Promise<ImageOutcome> {
      return await named(() => failImage(write, ref, no, reason));
    },

    async endUpload(ref: UploadRef, why: 'cancelled' | FailureCode): Promise<UploadState | Refusal> {
      return await named(() => endUpload(write, ref, why));
    },
  };
}

export type UploadActivities = ReturnType<typeof createUploadActivities>;

/** Below the heartbeat timeout. */
const heartbeatMs = 5_000;
/** What an attempt has made and nobody put to use by then is removed. */
const unclaimedMs = 24 * 60 * 60 * 1000;

/** What takes the processor's time, on a queue of its own. */
export function createImageActivities({ databases: { write }, storage }: { databases: Databases; storage: Storage }) {
  return {
    /**
     * Makes the sizes of one image, stores them and puts them on the product (B5). An image that cannot be used is
     * refused for good; another attempt writes files of its own, so two at once do no harm.
     */
    async optimiseImage(ref: UploadRef, no: number): Promise<ImageOutcome> {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), heartbeatMs);
      try {
        const key = await named(() => openImage(write, ref, no));
        if (key === undefined) return 'left';
        const made = await make(key, `${ref.tenantId}/uploads/${ref.uploadId}/${randomUUID()}`, ref.tenantId, context);
        if ('refused' in made) return await named(() => failImage(write, ref, no, made.refused));
        const { format, ...image } = made;
        return await named(() => putImage(write, ref, { id: `${ref.uploadId}-${no}`, uploadId: ref.uploadId, no, ...image }, format));
      } finally {
        clearInterval(beat);
      }
    },
  };

  async function make(key: string, folder: string, tenantId: string, context: Context): Promise<MadeImage | { readonly refused: FailureCode }> {
    const variants: KeptImage['variants'][number][] = [];
    const keep = async ({ contents, ...variant }: MadeVariant): Promise<void> => {
      context.cancellationSignal.throwIfAborted();
      const variantKey = `${folder}/${variant.width}.${variant.format === 'jpeg' ? 'jpg' : variant.format}`;
      await named(() => keepUntil(write, tenantId, [variantKey], new Date(Date.now() + unclaimedMs)));
      await stored(async () => await storage.put(variantKey, contents, { contentType: `image/${variant.format}` }));
      variants.push({ ...variant, bytes: contents.byteLength, key: variantKey });
    };
    // The decoders are loaded for the first image and not for every worker.
    const { ImageRefused, optimiseImage } = await import('../services/images/optimise.ts');
    try {
      const original = await stored(async () => await buffer(await storage.get(key)));
      return { ...(await optimiseImage(original, keep)), variants };
    } catch (error) {
      if (error instanceof ImageRefused) return { refused: error.code };
      if (error instanceof MissingFile) return { refused: 'file_not_found' };
      throw error;
    }
  }
}

type MadeImage = Pick<KeptImage, 'width' | 'height' | 'variants'> & { readonly format: KeptImage['variants'][number]['format'] };

export type ImageActivities = ReturnType<typeof createImageActivities>;

/** The error itself stays in the log. */
async function stored<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof MissingFile) throw error;
    Context.current().log.warn('the file storage did not answer', { error: error instanceof Error ? error.message : 'not an Error' });
    throw ApplicationFailure.retryable('The file storage did not answer.', 'storage_unavailable');
  }
}
