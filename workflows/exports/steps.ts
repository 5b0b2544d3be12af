/** Steps of an export as its flow calls them: which policy from the table applies to which. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ExportActivities } from '../../activities/exports.ts';
import { policies } from '../../contracts/task-queues.ts';
import { orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<ExportActivities>(policies.bulkStepAtOnce);
const untilDone = proxyActivities<ExportActivities>(policies.exportStepUntilDone);
/** Reads the rows and writes the file. */
export const writing = proxyActivities<ExportActivities>(policies.writeExport);

/** A database step that must not be lost: at once, and if the database is away, again and again until it is through. */
export async function firmly<Result>(step: (steps: ExportActivities) => Promise<Result>): Promise<Result> {
  return await orElse(step, atOnce, untilDone);
}
