/** Row types: stored files, and uploads of images. */
import type { Generated } from 'kysely';
import type { FailureCode } from '../../../contracts/failures.ts';
import type { ImageFormat, ImageStatus, UploadStatus } from '../../../contracts/uploads/flow.ts';
import type { ProductImage } from '../../../contracts/uploads/schemas.ts';
import type { GeneratedTimestamp, Json, Timestamp } from './columns.ts';

/** As it is kept: a variant has its key, from which links are made. */
export interface KeptImage extends Omit<ProductImage, 'variants'> {
  readonly uploadId: string;
  readonly no: number;
  readonly variants: readonly (Omit<ProductImage['variants'][number], 'url'> & { readonly key: string })[];
}

export interface FileTables {
  stored_files: { tenant_id: string; key: string; expires_at: Timestamp };
  uploads: {
    tenant_id: string;
    id: string;
    product_id: string;
    status: Generated<UploadStatus>;
    reason: FailureCode | null;
    created_at: GeneratedTimestamp;
    ended_at: Timestamp | null;
  };
  upload_images: {
    tenant_id: string;
    upload_id: string;
    image_no: number;
    name: string | null;
    key: string;
    bytes: number;
    status: Generated<ImageStatus>;
    reason: FailureCode | null;
    format: ImageFormat | null;
    image: Json<KeptImage> | null;
  };
}
