/** Activities as workflows call them: which policy from the table applies to which step. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { BookingActivities } from '../activities/bookings.ts';
import type { FileActivities } from '../activities/files.ts';
import type { InboundWebhookActivities } from '../activities/inbound-webhooks.ts';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { OperationsActivities } from '../activities/operations.ts';
import type { ReconciliationActivities } from '../activities/reconciliation.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import type { Refusal } from '../contracts/failures.ts';
import { policies } from '../contracts/task-queues.ts';
import { orElse, shielded } from './steps.ts';

export const atOnce = proxyLocalActivities<BookingActivities>(policies.bookingStepAtOnce);
const changing = proxyLocalActivities<BookingActivities>(policies.changeAtOnce);
export const inBackground = proxyActivities<BookingActivities>(policies.bookingStepInBackground);
export const untilDone = proxyActivities<BookingActivities>(policies.bookingStepUntilDone);
export const notifications = proxyActivities<NotificationActivities>(policies.notify);
export const housekeeping = proxyActivities<OperationsActivities & InboundWebhookActivities>(policies.keepAvailabilityFresh);
export const cleaning = proxyActivities<OperationsActivities>(policies.cleaning);
export const removing = proxyActivities<FileActivities>(policies.cleaning);
export const reconciling = proxyActivities<ReconciliationActivities>(policies.reconcile);

export type BookingStep = (bookings: BookingActivities) => Promise<BookingView | Refusal>;

/**
 * A step that a person waits for and that must not be lost: a local activity first, and when that fails or
 * takes too long, an ordinary one that goes on until it is through. Shielded from cancellation: half a step helps nobody.
 */
export function firmly(step: BookingStep): Promise<BookingView | Refusal> {
  return shielded(() => orElse(step, changing, untilDone));
}
