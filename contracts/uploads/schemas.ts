/** Uploads of images on the wire. */
import { z } from 'zod';
import { failures, type FailureCode } from '../failures.ts';
import { foreignId, pageQuery } from '../values.ts';
import { imageFormats, imageStatuses, imageWidths, uploadStatuses } from './flow.ts';

export const uploadId = z.string().regex(/^upl_[0-9a-z]{26}$/, 'the id of an upload looks like upl_01jq…');

export const createUploadQuery = z.strictObject({
  productId: foreignId.meta({ description: 'The product that they show. They take the place of the images that it has.', example: 'mug-blue' }),
});

export const listUploadsQuery = z.strictObject({ productId: foreignId.optional(), status: z.enum(uploadStatuses).optional(), ...pageQuery });
export type ListUploads = z.infer<typeof listUploadsQuery>;

const failureCodes = Object.keys(failures).filter((code): code is FailureCode => Object.hasOwn(failures, code));

export const imageVariant = z.object({
  format: z.enum(imageFormats),
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
  url: z.string().describe('Good for at least five days, and the same all day.'),
});

export const productImage = z.object({
  id: z.string(),
  width: z.int().describe('Of the original, as it is to be seen.'),
  height: z.int(),
  variants: z.array(imageVariant).describe(`In webp and in the format of the original, ${imageWidths.join(', ')} pixels wide, and never wider than the original.`),
});
export type ProductImage = z.infer<typeof productImage>;

export const uploadedImage = z.object({
  no: z.int().describe('In the order in which they were sent, from 1.'),
  name: z.string().optional().describe('Of the file, as its sender called it.'),
  bytes: z.int().describe('Of the original.'),
  status: z.enum(imageStatuses),
  reason: z.enum(failureCodes).optional().describe('Why it could not be used.'),
  format: z.enum(imageFormats).optional(),
  image: productImage.optional(),
});
export type UploadedImage = z.infer<typeof uploadedImage>;

export const uploadSummary = z.object({
  id: z.string().describe('upl_…, sortable by time.'),
  productId: z.string(),
  status: z.enum(uploadStatuses),
  reason: z.enum(failureCodes).optional(),
  progress: z.int().min(0).max(100),
  images: z.object({ total: z.int(), pending: z.int(), done: z.int(), failed: z.int() }),
  createdAt: z.string(),
  endedAt: z.string().optional(),
});
export type UploadSummary = z.infer<typeof uploadSummary>;

export const uploadView = uploadSummary.extend({ items: z.array(uploadedImage) });
export type UploadView = z.infer<typeof uploadView>;
