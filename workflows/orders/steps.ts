/** Steps of an order as its flow calls them: which policy from the table applies to which. */
import { ApplicationFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { OrderActivities } from '../../activities/orders.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { OrderReason } from '../../contracts/orders/flow.ts';
import type { OrderState } from '../../contracts/orders/schemas.ts';
import { policies } from '../../contracts/task-queues.ts';
import { codeOf, orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<OrderActivities>(policies.fulfilmentStepAtOnce);
export const untilDone = proxyActivities<OrderActivities>(policies.fulfilmentStepUntilDone);
/** Talks to the carrier, so it may take its time; three attempts. */
export const forward = proxyActivities<OrderActivities>(policies.fulfilmentStep);
const backward = proxyActivities<OrderActivities>(policies.compensation);

export type OrderActivity = (steps: OrderActivities) => Promise<OrderState | Refusal>;

/** A database step forward: at once, then three more attempts. @throws {TemporalFailure} when none got through. */
export async function tried(step: OrderActivity): Promise<OrderState | Refusal> {
  return await orElse(step, atOnce, forward);
}

/** A database step that must not be lost: at once, and if the database is away, again and again until it is through. */
export async function firmly(step: OrderActivity): Promise<OrderState | Refusal> {
  return await orElse(step, atOnce, untilDone);
}

/** @throws {TemporalFailure} when it could not be undone now; a refusal must not pass for an undo either. */
export async function undone(step: OrderActivity): Promise<void> {
  const outcome = await step(backward);
  if (isRefusal(outcome)) throw ApplicationFailure.nonRetryable(outcome.detail, outcome.refused);
}

/** Why a step failed, by the failures table. @throws what is a defect. */
export function reasonOf(error: unknown): OrderReason {
  return codeOf(error);
}
