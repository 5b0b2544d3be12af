/**
 * The upload flow: images for a product, its states and the messages it takes. No schema library is imported here:
 * workflows import this.
 */
import { defineQuery } from '@temporalio/workflow';
import type { FailureCode } from '../failures.ts';
import { flowMessages } from '../flow-messages.ts';

/** completed: what could be used of it is on the product. failed: none of its images could be used, see `reason`. */
export const uploadStatuses = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type UploadStatus = (typeof uploadStatuses)[number];

export const hasEnded = ({ status }: { readonly status: UploadStatus }): boolean => status !== 'pending' && status !== 'running';

export const imageStatuses = ['pending', 'done', 'failed', 'cancelled'] as const;
export type ImageStatus = (typeof imageStatuses)[number];

export const imageFormats = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Never enlarged: an image of 500 pixels gets sizes of 320 and 500. */
export const imageWidths = [320, 640, 1280, 2048] as const;

export const maxImagesOfUpload = 50;
export const maxImageBytes = 50 * 1024 * 1024;
/** 50 megapixels, whatever the file weighs: what a decoder has to have in memory goes by pixels. */
export const maxImagePixels = 50_000_000;

/** As many as the queue that draws takes at a time. */
export const imagesAtOnce = 2;

export interface UploadRef {
  readonly tenantId: string;
  readonly uploadId: string;
}
export type UploadInput = UploadRef;

/** An upload as its flow knows it. No names of files: histories carry none. */
export interface UploadState {
  readonly id: string;
  readonly productId: string;
  readonly status: UploadStatus;
  readonly reason?: FailureCode;
  readonly images: { readonly total: number; readonly pending: number; readonly done: number; readonly failed: number };
  /** Numbers of the images that are still to be made. */
  readonly open: readonly number[];
}

/** What came of an image. `left`: somebody else has made it, or it is not wanted any more. */
export type ImageOutcome = 'done' | 'left' | { readonly refused: FailureCode };

export const uploadMessages = {
  status: defineQuery<UploadState | undefined>('status'),
  /** No more images are begun; those that are done stay. */
  cancel: flowMessages.cancel,
  progress: flowMessages.progress,
};
