/** Housekeeping for all tenants: one workflow that lasts as long as the deployment. */
import { continueAsNew, setCurrentDetails, setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { housekeeping as chores } from './proxies.ts';

// It outlives every version of the code, so it must not stay pinned to the one it began on.
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, housekeeping);

export async function housekeeping(): Promise<void> {
  while (!workflowInfo().continueAsNewSuggested) {
    setCurrentDetails('Keeping the availability cache fresh; every ten minutes old idempotency keys are removed.');
    await chores.forgetOldIdempotencyKeys();
    await chores.keepAvailabilityFresh();
  }
  await continueAsNew<typeof housekeeping>();
}
