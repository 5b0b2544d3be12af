/** The end of a showcase: everything is given back, and every flow is looked at once more. */
import type { Flow, Run } from './run.ts';
import { wordsOf } from './run.ts';

const patienceMs = 12_000;

/** Gives back what the showcase booked and asks each flow how it ended. */
export async function giveEverythingBack(run: Run): Promise<void> {
  run.view.scene('Everything is given back');
  const toRelease = run.flows.filter(({ end }) => end === 'released');
  await run.check({ did: 'cancel what was booked', expected: `${toRelease.length} released` }, async () => {
    const released = await Promise.all(toRelease.map(async (flow) => await judged(flow, async () => await releasedIn(run, flow))));
    return { saw: `${released.filter(Boolean).length} released` };
  }, run.searchUrl());

  const toRefuse = run.flows.filter(({ end }) => end === 'refused');
  await run.check({ did: 'look at those that were refused', expected: `${toRefuse.length} refused` }, async () => {
    const refused = await Promise.all(toRefuse.map(async (flow) => await judged(flow, async () => await endedRefused(run, flow))));
    return { saw: `${refused.filter(Boolean).length} refused` };
  }, run.searchUrl());
}

async function judged(flow: Flow, look: () => Promise<boolean>): Promise<boolean> {
  const good = await look().catch((error: unknown) => {
    flow.why = wordsOf(error);
    return false;
  });
  if (!good) flow.asItShould = false;
  return good;
}

async function releasedIn(run: Run, flow: Flow): Promise<boolean> {
  const { bookings } = flow.shop.holdfast;
  const before = await run.patiently(patienceMs, async () => await bookings.get(flow.id));
  if (before.status === 'released') return true;
  await run.patiently(patienceMs, async () => { await bookings.cancel(flow.id); });
  return (await run.waitFor(flow, ({ status }) => status === 'released', patienceMs)).status === 'released';
}

async function endedRefused(run: Run, flow: Flow): Promise<boolean> {
  const view = await run.patiently(patienceMs, async () => await flow.shop.holdfast.flows.get(run.workflowIdOf(flow)), ({ status }) => status !== 'running');
  return view.status === 'completed' && view.businessStatus === 'refused';
}
