/** Steps of a purchase as its flow calls them: which policy from the table applies to which. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PurchaseActivities } from '../../activities/purchases.ts';
import { policies } from '../../contracts/task-queues.ts';
import { orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<PurchaseActivities>(policies.fulfilmentStepAtOnce);
/** B3: three attempts; what fails then is undone. */
export const forward = proxyActivities<PurchaseActivities>(policies.fulfilmentStep);
export const untilDone = proxyActivities<PurchaseActivities>(policies.fulfilmentStepUntilDone);
export const compensation = proxyActivities<PurchaseActivities>(policies.compensation);

type Step<Result> = (steps: PurchaseActivities) => Promise<Result>;

/** Somebody waits for the answer: at once, and if the database is away, three more times. */
export async function quickly<Result>(step: Step<Result>): Promise<Result> {
  return await orElse(step, atOnce, forward);
}

/** A step that must not be lost: at once, and if the database is away, again and again until it is through. */
export async function firmly<Result>(step: Step<Result>): Promise<Result> {
  return await orElse(step, atOnce, untilDone);
}
