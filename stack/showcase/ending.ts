/** The end of a showcase: everything is given back, and every flow is looked at once more. */
import { newRefundId } from '../../client/index.ts';
import { ledgerEntryView } from '../../contracts/payments/schemas.ts';
import type { Flow, Run } from './run.ts';
import { wordsOf } from './run.ts';

const patienceMs = 12_000;
/** Long enough for a gateway whose answer was lost and who is asked again. */
const refundPatienceMs = 25_000;

/** Gives back what the showcase paid and booked, and asks each flow how it ended. */
export async function giveEverythingBack(run: Run): Promise<void> {
  run.view.scene('Everything is given back');
  const paid = run.flows.filter(({ end }) => end === 'refunded');
  if (paid.length > 0) {
    await run.check({ did: 'refund what was paid', expected: `${paid.length} refunded` }, async () => {
      const refunded = await Promise.all(paid.map(async (flow) => await judged(flow, async () => await refundedIn(run, flow))));
      return { saw: `${refunded.filter(Boolean).length} refunded` };
    }, run.searchUrl());
  }

  const toRelease = run.flows.filter(({ end }) => end === 'released');
  await run.check({ did: 'cancel what was booked', expected: `${toRelease.length} released` }, async () => {
    const released = await Promise.all(toRelease.map(async (flow) => await judged(flow, async () => await releasedIn(run, flow))));
    return { saw: `${released.filter(Boolean).length} released` };
  }, run.searchUrl());

  const toRefuse = run.flows.filter(({ end }) => end === 'refused');
  await run.check({ did: 'look at those that were refused', expected: `${toRefuse.length} refused` }, async () => {
    const refused = await Promise.all(toRefuse.map(async (flow) => await judged(flow, async () => await endedAs(run, flow, 'refused'))));
    return { saw: `${refused.filter(Boolean).length} refused` };
  }, run.searchUrl());

  const others = run.flows.filter(({ end }) => end === 'failed' || end === 'completed' || end === 'stored' || end === 'ready');
  await run.check({ did: 'look at sales, files, the decline', expected: `${others.length} as they should be` }, async () => {
    const good = await Promise.all(others.map(async (flow) => await judged(flow, async () => await endedAs(run, flow, flow.end))));
    return { saw: `${good.filter(Boolean).length} as they should be` };
  }, run.searchUrl());
  if (paid.length === 0) return;
  await run.check({ did: "this run's money in the ledger", expected: 'all accounts as before' }, async () => {
    const left = await Promise.all(paid.map(async (flow) => await leftOf(flow)));
    const moved = left.flat();
    return { saw: moved.length === 0 ? 'all accounts as before' : moved.join(', ') };
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

/** All that is left of it; one that was not taken yet is given up. */
async function refundedIn(run: Run, flow: Flow): Promise<boolean> {
  const { payments } = flow.shop.holdfast;
  const before = await run.patiently(patienceMs, async () => await payments.get(flow.id));
  if (before.status === 'failed') return false;
  const refundId = newRefundId();
  if (before.captured === 0) await run.patiently(patienceMs, async () => { await payments.cancel(flow.id); });
  else if (before.refunded < before.captured) await run.patiently(patienceMs, async () => await payments.refund(flow.id, { id: refundId, reason: 'the showcase is over' }));
  const after = await run.patiently(refundPatienceMs, async () => await payments.get(flow.id), ({ status }) => status === 'refunded' || status === 'failed');
  return after.status === 'refunded';
}

/** What the payment has left behind in each account. */
async function leftOf({ id, shop }: Flow): Promise<readonly string[]> {
  const entries = await shop.api.items('/v1/ledger/entries', ledgerEntryView, { paymentId: id, limit: '200' });
  const sums = new Map<string, number>();
  for (const { account, amount } of entries) sums.set(account, (sums.get(account) ?? 0) + amount);
  return [...sums].filter(([, sum]) => sum !== 0).map(([account, sum]) => `${account} ${sum}`);
}

async function endedAs(run: Run, flow: Flow, businessStatus: string): Promise<boolean> {
  const view = await run.patiently(patienceMs, async () => await flow.shop.holdfast.flows.get(flow.workflowId), ({ status }) => status !== 'running');
  return view.status === 'completed' && view.businessStatus === businessStatus;
}
