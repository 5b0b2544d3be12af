/** Steps of an import as its flow calls them: which policy from the table applies to which. */
import { isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ImportActivities } from '../../activities/imports.ts';
import type { FailureCode } from '../../contracts/failures.ts';
import { policies } from '../../contracts/task-queues.ts';
import { codeOf, orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<ImportActivities>(policies.bulkStepAtOnce);
const untilDone = proxyActivities<ImportActivities>(policies.importStepUntilDone);
/** Reads a file through. */
export const inspecting = proxyActivities<ImportActivities>(policies.inspectFile);
/** Loads a chunk. */
export const loading = proxyActivities<ImportActivities>(policies.loadChunk);

/**
 * A database step that must not be lost: at once, and if the database is away, again and again until it is through. To be
 * called by one place at a time: a replay expects local activities to end in the order in which they began.
 */
export async function firmly<Result>(step: (steps: ImportActivities) => Promise<Result>): Promise<Result> {
  return await orElse(step, atOnce, untilDone);
}

/**
 * Why a part failed for good, by the failures table; nothing, if it was stopped because the import ends.
 * @throws what is a defect.
 */
export function failureOf(error: unknown, otherwise: FailureCode): FailureCode | undefined {
  return isCancellation(error) ? undefined : codeOf(error, otherwise);
}
