/** Activities as workflows call them: which policy from the table applies to which step. */
import { CancellationScope, proxyActivities, proxyLocalActivities, TemporalFailure } from '@temporalio/workflow';
import type { BookingActivities } from '../activities/bookings.ts';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { OperationsActivities } from '../activities/operations.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import type { Refusal } from '../contracts/failures.ts';
import { policies } from '../contracts/task-queues.ts';

export const atOnce = proxyLocalActivities<BookingActivities>(policies.bookingStepAtOnce);
export const inBackground = proxyActivities<BookingActivities>(policies.bookingStepInBackground);
export const untilDone = proxyActivities<BookingActivities>(policies.bookingStepUntilDone);
export const notifications = proxyActivities<NotificationActivities>(policies.notify);
export const housekeeping = proxyActivities<OperationsActivities>(policies.keepAvailabilityFresh);
export const cleaning = proxyActivities<OperationsActivities>(policies.cleaning);

export type BookingStep = (bookings: BookingActivities) => Promise<BookingView | Refusal>;

/**
 * A step that a person waits for and that must not be lost: a local activity first, and when the database keeps
 * refusing, an ordinary one that goes on until it is through. Shielded from cancellation: half a step helps nobody.
 */
export async function firmly(step: BookingStep): Promise<BookingView | Refusal> {
  return await CancellationScope.nonCancellable(async () => {
    try {
      return await step(atOnce);
    } catch (error) {
      // A local activity's failure arrives bare, an ordinary one's wrapped; anything else is a defect of this code.
      if (!(error instanceof TemporalFailure)) throw error;
      return await step(untilDone);
    }
  });
}
