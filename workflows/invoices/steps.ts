/** Steps of an invoice as its flow calls them: which policy from the table applies to which. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DrawingActivities, InvoiceActivities } from '../../activities/invoices.ts';
import { policies } from '../../contracts/task-queues.ts';
import { orElse } from '../steps.ts';

const atOnce = proxyLocalActivities<InvoiceActivities>(policies.fulfilmentStepAtOnce);
const untilDone = proxyActivities<InvoiceActivities>(policies.fulfilmentStepUntilDone);
export const drawing = proxyActivities<DrawingActivities>(policies.drawInvoice);

/** A database step that must not be lost: at once, and if the database is away, again and again until it is through. */
export async function firmly<Result>(step: (steps: InvoiceActivities) => Promise<Result>): Promise<Result> {
  return await orElse(step, atOnce, untilDone);
}
