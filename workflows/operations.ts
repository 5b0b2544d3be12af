/** Housekeeping for all tenants: one workflow that lasts as long as the deployment. */
import { continueAsNew, patched, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { cleaning, housekeeping as chores } from './proxies.ts';

export async function housekeeping(): Promise<void> {
  while (!workflowInfo().continueAsNewSuggested) {
    setCurrentDetails('Keeping the availability cache fresh, and telling payments what their gateways sent; every ten minutes old idempotency keys are removed, and orders and purchases that nobody went on with are ended; imports whose flow was not started are started.');
    // One chore's trouble must not keep the others from being done.
    const chore = [cleaning.forgetOldIdempotencyKeys().catch(() => undefined), chores.keepAvailabilityFresh()];
    // A run that older code began goes on in its own order; the next round is like this one.
    if (patched('redeliver-webhooks')) chore.push(chores.redeliverWebhooks());
    if (patched('end-unbegun')) chore.push(cleaning.endUnbegun().catch(() => undefined));
    if (patched('start-unbegun-imports')) chore.push(cleaning.startUnbegunImports().catch(() => undefined));
    await Promise.all(chore);
  }
  await continueAsNew<typeof housekeeping>();
}
