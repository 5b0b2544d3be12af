/** Steps of an upload as its flow calls them: which policy from the table applies to which. */
import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ImageActivities, UploadActivities } from '../../activities/uploads.ts';
import type { FailureCode } from '../../contracts/failures.ts';
import { policies } from '../../contracts/task-queues.ts';
import { codeOf, orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<UploadActivities>(policies.fulfilmentStepAtOnce);
const untilDone = proxyActivities<UploadActivities>(policies.fulfilmentStepUntilDone);
export const drawing = proxyActivities<ImageActivities>(policies.optimiseImage);

/** A database step that must not be lost: at once, and if the database is away, again and again until it is through. */
export async function firmly<Result>(step: (steps: UploadActivities) => Promise<Result>): Promise<Result> {
  return await orElse(step, atOnce, untilDone);
}

/** @returns why an image could not be made although it was tried repeatedly; nothing, if it was cancelled. @throws what is a defect. */
export function failureOf(error: unknown): FailureCode | undefined {
  return isCancellation(error) ? undefined : codeOf(error);
}
