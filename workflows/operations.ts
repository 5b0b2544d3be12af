/** Housekeeping for all tenants: one workflow that lasts as long as the deployment. */
import { continueAsNew, patched, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import { cleaning, housekeeping as chores } from './proxies.ts';

const betweenCleanings = '10m';

export async function housekeeping(): Promise<void> {
  setCurrentDetails('Keeping the availability cache fresh, and telling payments what their gateways sent; every ten minutes old idempotency keys are removed, and orders and purchases that nobody went on with are ended; imports whose flow was not started are started.');
  // A run that older code began ends its round first.
  while (!patched('each-at-its-own-pace')) await round();
  // Each begins again as soon as it has ended: none may wait for another that takes longer, or had to be repeated.
  await Promise.race([
    untilTheRunIsLong(chores.keepAvailabilityFresh),
    untilTheRunIsLong(chores.redeliverWebhooks),
    untilTheRunIsLong(async () => {
      await Promise.all([cleaning.forgetOldIdempotencyKeys, cleaning.endUnbegun, cleaning.startUnbegunImports].map(async (chore) => await chore().catch(() => undefined)));
      await sleep(betweenCleanings);
    }),
  ]);
  // What the others are at ends with the run, and the next one begins it.
  await continueAsNew<typeof housekeeping>();
}

async function untilTheRunIsLong(chore: () => Promise<unknown>): Promise<void> {
  while (!workflowInfo().continueAsNewSuggested) await chore();
}

/** How it was done once: the patches are older still. */
async function round(): Promise<void> {
  const chore: Promise<unknown>[] = [cleaning.forgetOldIdempotencyKeys().catch(() => undefined), chores.keepAvailabilityFresh()];
  if (patched('redeliver-webhooks')) chore.push(chores.redeliverWebhooks());
  if (patched('end-unbegun')) chore.push(cleaning.endUnbegun().catch(() => undefined));
  if (patched('start-unbegun-imports')) chore.push(cleaning.startUnbegunImports().catch(() => undefined));
  await Promise.all(chore);
}
