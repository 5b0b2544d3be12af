import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { paymentWorkflowId } from '../../contracts/flows.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { testSeed } from '../support/chance.ts';
import { eventually, request, type Shop } from '../support/http.ts';
import { startKiller } from '../support/killer.ts';
import { problemsIn, readBooks } from '../support/money-oracle.ts';
import { holdAndPay, openRooms, type Paid } from '../support/paying-guests.ts';
import { orphansOf } from '../support/orphans.ts';
import { createProduct, type Product } from '../support/product.ts';
import { replayHistories } from '../support/replay.ts';
import { problemsWith, readGoods, type SaleLine } from '../support/sales-oracle.ts';
import { sandboxAt } from '../support/sandbox.ts';
import { inFull } from '../support/scale.ts';
import { buy, openShop, saleWorkflowId, stockAtFirst, wasNotBegun, type Sale } from '../support/shoppers.ts';

const payments = inFull ? 1_000 : 60;
/** Every fourth customer buys a vehicle, a basket or an order, the others pay for rooms. */
const oneInSales = 4;
/** However quick the machine is: guests keep coming until the workers have been killed this often with work in flight. */
const hitsAtLeast = inFull ? 30 : 4;
/** Then it is over: where workers need ten seconds to be back, holds would run out before their guests get to pay. */
const hitsAtMost = inFull ? 45 : 5;
const guestsAtOnce = inFull ? 100 : 60;
const killAfterMs = 2_000;
/** The last pauses are minutes: before a gateway is asked again, and before a flow is tried again whose worker was killed each time. */
const healPatienceMs = inFull ? 1_200_000 : 300_000;

/** A tenth of the answers is lost after the call was executed, a twentieth is a 5xx (with or without execution), a twentieth is late. */
const faults = [
  { kind: 'drop', rate: 0.1 },
  { kind: 'error', rate: 0.03, status: 503 },
  { kind: 'error_after', rate: 0.02, status: 500 },
  { kind: 'delay', rate: 0.05, delayMs: 2_500, when: 'after' },
  { kind: 'duplicate_webhooks', copies: 5, windowMs: 5_000 },
  { kind: 'shuffle_webhooks', windowMs: 5_000 },
];

let product: Product;
let databases: Databases;
let shop: Shop;
let sandboxUrl: string;
beforeAll(async () => {
  say(`seed ${testSeed}; HOLDFAST_TEST_SEED=${testSeed} makes the same choices`);
  product = await createProduct();
  const info = await product.start();
  sandboxUrl = info.sandboxUrl ?? '';
  databases = openDatabases({ writeUrl: info.databaseUrl, applicationName: 'holdfast-test' });
  shop = await product.shop();
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

test(`the workers are killed every two seconds during at least ${payments} payments over gateways that lose answers: no charge is lost, none is there twice, and both sides agree to the cent`, async () => {
  await openRooms(shop);
  await openShop(shop);
  await orderFaults(0);
  const began = Date.now();
  const killer = startKiller({ product, moment: async () => await sleep(killAfterMs), hitsAtMost, inFlight, ...(inFull && { between: killAnotherPart }) });

  const paid: Paid[] = [];
  const sales: Sale[] = [];
  const afterwards: Promise<void>[] = [];
  const problems: string[] = [];
  const failed = (error: unknown): void => void problems.push(error instanceof Error ? error.message : String(error));
  let next = 0;
  const guests = async (): Promise<void> => {
    while (next < payments || killer.hits < hitsAtLeast) {
      const n = next++;
      try {
        const visit = n % oneInSales === 0 ? await buy(shop, n) : await holdAndPay(shop, n);
        if ('story' in visit) paid.push(visit);
        else sales.push(visit);
        afterwards.push(visit.afterwards.catch(failed));
      } catch (error) {
        failed(error);
      }
    }
  };
  await Promise.all(Array.from({ length: guestsAtOnce }, guests));
  await killer.stop();
  say(`${next} guests in ${seconds(began)}, ${killer.kills} kills, ${killer.hits} with work in flight`);

  const healing = Date.now();
  await sandboxAt(sandboxUrl).clearFaults();
  await Promise.all(afterwards);
  await healed(sales);
  say(`healed in ${seconds(healing)}`);

  const books = await readBooks(databases.write, shop.tenantId, sandboxUrl);
  const statusOf = new Map(books.payments.map(({ id, status }) => [id, status]));
  say(`${books.payments.length} payments: ${counted(books.payments.map(({ gateway, status, failure }) => `${gateway} ${failure ?? status}`))}; ${books.refunds.length} refunds, ${books.journal.length} entries in the journal`);
  const goods = await readGoods(databases.write, shop.tenantId, stockAtFirst);
  say(`${goods.sales.length} sales: ${counted(goods.sales.map(({ kind, status }) => `${kind} ${status}`))}`);
  const histories = await replayHistories(await product.info(), "WorkflowType IN ('payment', 'purchase', 'order', 'invoice')");
  say(`${histories.replayed} histories replay`);
  const orphans = await orphansOf({ databases, tenantId: shop.tenantId });
  expect({ seed: testSeed, problems: [...problems, ...problemsIn(books), ...problemsWith(goods), ...orphans, ...histories.problems] }).toEqual({ seed: testSeed, problems: [] });

  expect(killer.hits).toBeGreaterThanOrEqual(hitsAtLeast);
  // Every guest was told of one payment, and there is no other. Where the workers came too late for the hold it was not begun, and says so.
  const late = paid.filter(({ paymentId }) => !statusOf.has(paymentId));
  expect(late.length).toBeLessThanOrEqual(0.05 * next);
  for (const { bookingId, paymentId } of late) {
    expect(await shop.call('GET', `/v1/payments/${paymentId}`)).toMatchObject({ status: 404, body: { detail: expect.stringMatching(/^The payment was not begun/) } });
    expect(await shop.call('GET', `/v1/bookings/${bookingId}`)).toMatchObject({ body: { status: 'released', reason: 'expired' } });
  }
  expect(books.payments.filter(({ subjectKind }) => subjectKind === 'booking').map(({ id }) => id).toSorted()).toEqual(paid.flatMap(({ paymentId }) => (statusOf.has(paymentId) ? [paymentId] : [])).toSorted());
  // A decline stays one. What should be paid may fail when the gateway cannot be reached three times, which is rare.
  const ends = (end: 'settled' | 'failed'): string[] => paid.filter(({ story }) => story.end === end).map(({ paymentId }) => statusOf.get(paymentId) ?? 'not begun');
  expect(ends('failed').filter((status) => status !== 'failed')).toEqual([]);
  expect(ends('settled').filter((status) => status === 'failed').length).toBeLessThanOrEqual(0.05 * ends('settled').length);
  await areTheOnes(goods.sales, sales);
  // Nothing is kept running for money that is decided.
  await eventually('the end of all payment flows', async () => (await shop.call('GET', '/v1/flows?type=payment&status=running&limit=1')).body['items']?.toString() === '', 30_000);
}, inFull ? 3_600_000 : 600_000);

/** Chance draws from the seed, and from how often the sandbox has been started. */
async function orderFaults(start: number): Promise<void> {
  await eventually('the sandbox', async () => {
    const asked = await request(`${sandboxUrl}/_faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ seed: `${testSeed}-${start}`, faults }) }).catch(() => undefined);
    return asked?.status === 201;
  });
}

/** Payments that a worker has something to do for, and refunds; not those whose payer has a page open. */
async function inFlight(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT (SELECT count(*) FROM payments WHERE status IN ('authorised', 'captured', 'unknown', 'reconciling') OR (status = 'created' AND redirect_url IS NULL))::integer
         + (SELECT count(*) FROM refunds WHERE status = 'requested')::integer AS count`.execute(databases.write);
  return rows[0]?.count ?? 0;
}

/** Each of the other parts dies once as well. */
async function killAnotherPart(kills: number): Promise<void> {
  const part = ({ 8: 'sandbox', 14: 'api', 20: 'temporal' } as const)[kills];
  if (part === undefined) return;
  const before = (await product.info()).pids.sandbox;
  await product.kill(part);
  if (part !== 'sandbox') return;
  await eventually('the sandbox to be up again', async () => (await product.info()).pids.sandbox !== before, 60_000);
  await orderFaults(kills);
}

/** Waits until nothing is left that could still change by itself, as it is seen in the order in which news travels. */
async function healed(sales: readonly Sale[]): Promise<void> {
  const left = async (): Promise<string[]> => {
    const pending = (await request(`${sandboxUrl}/_webhooks`, {})).body['pending'];
    const waiting = await databases.write.selectFrom('inbound_webhooks').select('payment_id').where('processed_at', 'is', null).execute();
    const open = await databases.write.selectFrom('payments').select(['id', 'status', 'gateway']).where('status', 'in', ['created', 'authorised', 'captured', 'unknown', 'reconciling']).execute();
    const refunds = await databases.write.selectFrom('refunds').select(['id', 'payment_id']).where('status', '=', 'requested').execute();
    const unsold = await unfinished(sales);
    const overdue = await databases.write.selectFrom('bookings').select('id').where('status', '=', 'held').where('hold_expires_at', '<', sql<Date>`now()`).execute();
    return [
      ...(pending === 0 ? [] : [`${String(pending)} webhooks on their way`]),
      ...waiting.map(({ payment_id }) => `a notification about ${payment_id ?? 'an unknown payment'}`),
      ...open.map(({ id, status, gateway }) => `${gateway} ${id} ${status}`),
      ...refunds.map(({ id, payment_id }) => `refund ${id} of ${payment_id}`),
      ...unsold,
      ...overdue.map(({ id }) => `${id} held past its time`),
    ];
  };
  await eventually('nothing to be left', async () => (await left()).length === 0, healPatienceMs, 1_000).catch(async () => {
    const stuck = await left();
    const ids = new Set(stuck.flatMap((line) => /pay_\w+/.exec(line) ?? []));
    const flows = await Promise.all([...ids].slice(0, 20).map(async (id) => JSON.stringify((await shop.call('GET', `/v1/flows/${paymentWorkflowId(id)}`)).body)));
    throw new Error(`not healed after ${healPatienceMs / 1_000} s (seed ${testSeed}):\n${stuck.join('\n')}\n${flows.join('\n')}`);
  });
}

/** Sales that have not ended. What waits for a person gets one: an undo that is parked is resumed, an invoice that could not be drawn is asked for again. */
async function unfinished(sales: readonly Sale[]): Promise<string[]> {
  const { rows } = await sql<{ id: string; status: string; invoiced: boolean }>`
    SELECT sale.id, sale.status, EXISTS (SELECT FROM invoices i WHERE i.tenant_id = sale.tenant_id AND i.subject_id = sale.id AND i.status = 'stored') AS invoiced
    FROM (SELECT tenant_id, id, status FROM purchases UNION ALL SELECT tenant_id, id, status FROM orders) AS sale`.execute(databases.write);
  const stored = new Map(rows.map((row) => [row.id, row]));
  const left: string[] = [];
  for (const { kind, id } of sales) {
    if (id === undefined) continue;
    const { status = 'not begun', invoiced = false } = stored.get(id) ?? {};
    if (status === 'cancelled' || status === 'failed' || (status === 'completed' && invoiced)) continue;
    if (status === 'not begun' && (await wasNotBegun(shop, kind, id))) continue;
    left.push(`${kind} ${id} ${status}${status === 'completed' ? ' without an invoice' : ''}`);
    if (status === 'completed') await shop.call('POST', '/v1/invoices', { subjectId: id });
    else await shop.call('POST', `/v1/flows/${encodeURIComponent(saleWorkflowId(kind, id))}/resume`);
  }
  return left;
}

/** Each sale that was accepted is there, and no other; what should be sold may fail when the gateway cannot be reached, or the workers come too late for a hold. */
async function areTheOnes(lines: readonly SaleLine[], sales: readonly Sale[]): Promise<void> {
  const statusOf = new Map(lines.map(({ id, status }) => [id, status]));
  const unexpected: string[] = [];
  let missed = 0;
  for (const { kind, id, ends } of sales) {
    const status = id === undefined ? undefined : statusOf.get(id);
    if (status !== undefined && ends.includes(status)) continue;
    if (ends.includes('completed') && (id === undefined || status !== undefined || (await wasNotBegun(shop, kind, id)))) missed += 1;
    else unexpected.push(`${kind} ${id ?? ''} should be ${ends.join(' or ')} and is ${status ?? 'nowhere'}`);
  }
  expect(unexpected).toEqual([]);
  expect(missed).toBeLessThanOrEqual(Math.max(2, 0.05 * sales.length));
  expect(lines.filter(({ id }) => !sales.some((sale) => sale.id === id))).toEqual([]);
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ');
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(0)} s`;
}

/** Past jest, which would print a stack trace with each line. */
function say(line: string): void {
  process.stderr.write(`payments under faults: ${line}\n`);
}
