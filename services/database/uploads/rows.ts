/** Rows of uploads as the flow and the API see them. */
import type { Selectable } from 'kysely';
import { hasEnded, type UploadState } from '../../../contracts/uploads/flow.ts';
import type { UploadedImage, UploadSummary } from '../../../contracts/uploads/schemas.ts';
import type { Database } from '../schema.ts';
import type { KeptImage } from '../schema/files.ts';

export type UploadRow = Selectable<Database['uploads']>;
export type ImageRow = Selectable<Database['upload_images']>;

/** With keys; the API makes links of them. */
export interface KeptUpload extends UploadSummary {
  readonly items: readonly (Omit<UploadedImage, 'image'> & { readonly image?: KeptImage })[];
}

export type Counts = UploadState['images'];

export function countsOf(images: readonly Pick<ImageRow, 'status'>[]): Counts {
  const count = (status: ImageRow['status']): number => images.filter((image) => image.status === status).length;
  return { total: images.length, pending: count('pending'), done: count('done'), failed: count('failed') };
}

/** The end is not reached before it has ended. */
const almost = 99;

export function toSummary(row: UploadRow, images: Counts): UploadSummary {
  const share = Math.floor((almost * (images.total - images.pending)) / Math.max(images.total, 1));
  return {
    id: row.id,
    productId: row.product_id,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    progress: hasEnded(row) ? 100 : share,
    images,
    createdAt: row.created_at.toISOString(),
    ...(row.ended_at !== null && { endedAt: row.ended_at.toISOString() }),
  };
}

export function toUpload(row: UploadRow, images: readonly ImageRow[]): KeptUpload {
  return {
    ...toSummary(row, countsOf(images)),
    items: images.map(({ image_no: no, name, bytes, status, reason, format, image }) => ({
      no,
      ...(name !== null && { name }),
      bytes,
      status,
      ...(reason !== null && { reason }),
      ...(format !== null && { format }),
      ...(image !== null && { image }),
    })),
  };
}

export function toState(row: UploadRow, images: readonly Pick<ImageRow, 'status' | 'image_no'>[]): UploadState {
  return {
    id: row.id,
    productId: row.product_id,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    images: countsOf(images),
    open: images.filter(({ status }) => status === 'pending').map(({ image_no: no }) => no),
  };
}
