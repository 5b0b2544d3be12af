/** Housekeeping for all tenants: one workflow that lasts as long as the deployment. */
import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { cleaning, housekeeping as chores } from './proxies.ts';

export async function housekeeping(): Promise<void> {
  while (!workflowInfo().continueAsNewSuggested) {
    setCurrentDetails('Keeping the availability cache fresh; every ten minutes old idempotency keys are removed.');
    // One chore's trouble must not keep the other from being done.
    await Promise.all([cleaning.forgetOldIdempotencyKeys().catch(() => undefined), chores.keepAvailabilityFresh()]);
  }
  await continueAsNew<typeof housekeeping>();
}
