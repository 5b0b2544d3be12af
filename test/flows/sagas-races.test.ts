import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newOrderId, newPurchaseId, type OrderView, type PurchaseView } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { orderWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import { paymentOfOrder } from '../../contracts/orders/flow.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';
import type { PutProduct } from '../../contracts/products.ts';
import { paymentIdOf } from '../../contracts/purchases/flow.ts';
import { findBasket, putBasketItem } from '../../services/database/baskets.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { issueInvoice } from '../../services/database/invoices/issue.ts';
import { createOrder, validateOrder } from '../../services/database/orders/create.ts';
import { beginUndo, confirmOrder } from '../../services/database/orders/endings.ts';
import { findOrder } from '../../services/database/orders/queries.ts';
import { buyLabel } from '../../services/database/orders/shipping.ts';
import { giveBackStock, reserveStock } from '../../services/database/orders/stock.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { recordCharge } from '../../services/database/payments/record.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { createPurchase } from '../../services/database/purchases/create.ts';
import { findPurchase } from '../../services/database/purchases/queries.ts';
import { endUnbegun } from '../../services/database/unbegun.ts';
import type { Carrier } from '../../services/shipping/carrier.ts';
import { createRateTableCarrier } from '../../services/shipping/rate-table.ts';
import { createResource, someCar } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { balancesOf, executedOf } from '../support/money-seen.ts';
import { startWorld, type World } from '../support/world.ts';

const home: ShipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
const mug: PutProduct = { sellerId: 'bert', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 };
const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' } as const;
const carrier = createRateTableCarrier();

let world: World;
beforeAll(async () => {
  world = await startWorld('saga-races');
});
afterEach(async () => await world.sandbox.clearFaults());
afterAll(async () => await world.close());

async function product(body: PutProduct = mug): Promise<string> {
  const id = `${body.kind}-${randomUUID()}`;
  await putProduct(world.databases.write, world.tenantId, id, body);
  return id;
}

async function basketOf(productId: string, quantity = 1): Promise<string> {
  const customerId = `c-${randomUUID()}`;
  await putBasketItem(world.databases.write, world.tenantId, customerId, productId, quantity);
  return customerId;
}

const stored = async (id: string): Promise<PurchaseView | undefined> => await findPurchase(world.databases.write, world.tenantId, id);
const order = async (id: string): Promise<OrderView | undefined> => await findOrder(world.databases.write, world.tenantId, id);
const stockOf = async (productId: string): Promise<number | undefined> => (await findProduct(world.databases.write, world.tenantId, productId))?.stock;
const inBasket = async (customerId: string): Promise<number[]> => (await findBasket(world.databases.write, world.tenantId, customerId)).items.map(({ quantity }) => quantity);
const balances = async (): Promise<unknown> => await balancesOf(world.databases.write, world.tenantId);
const ended = async (id: string): Promise<PurchaseView> =>
  await eventually(`the end of ${id}`, async () => {
    const purchase = await stored(id);
    return purchase !== undefined && purchase.status !== 'pending' && purchase.status !== 'undoing' && purchase;
  });
const noticesOf = async (id: string): Promise<string[]> =>
  (await world.databases.write.selectFrom('notifications').select(['template', 'audience']).where('tenant_id', '=', world.tenantId).where('subject_id', '=', id).execute()).map(({ template, audience }) => `${template} to ${audience}`).toSorted();

/** Does something while a statement of a flow waits for rows that are locked here. */
async function whileLocked(lock: (customerId: string) => ReturnType<typeof sql>, customerId: string, begin: () => Promise<unknown>, act: () => Promise<void>): Promise<void> {
  await world.databases.write.transaction().execute(async (own) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(own);
    await lock(customerId).execute(own);
    // Its answer comes when the rows are free again, if somebody wants it.
    begin().catch(() => undefined);
    await eventually('a step that waits', async () => {
      const waiting = await sql`SELECT FROM pg_stat_activity WHERE ${rows[0]?.pid ?? 0} = ANY (pg_blocking_pids(pid))`.execute(world.databases.write);
      return waiting.rows.length > 0;
    });
    await act();
  });
}

describe('a purchase of a basket that is cancelled', () => {
  // The flow hears of it when the step is through: by then the payment may have begun.
  test('while it is being written down costs nothing in the end', async () => {
    const productId = await product();
    const [customerId, before, id] = [await basketOf(productId, 2), await balances(), newPurchaseId()];
    await whileLocked(
      (customer) => sql`SELECT FROM basket_items WHERE customer_id = ${customer} FOR UPDATE`,
      customerId,
      async () => await world.holdfast.purchases.buy({ id, customerId, ...visa }),
      async () => await world.client.workflow.getHandle(purchaseWorkflowId(id)).signal('cancel'),
    );
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect([[], ['charge 3000', 'refund 3000']]).toContainEqual(await executedOf(world, paymentIdOf(id)));
    expect([await balances(), await stockOf(productId), await inBasket(customerId)]).toEqual([before, 10, [2]]);
  });

  test('while the money is being taken gets it back, and keeps its basket', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 });
    const productId = await product();
    const [customerId, before] = [await basketOf(productId, 2), await balances()];
    const { id, paymentId } = await world.holdfast.purchases.buy({ customerId, ...visa });
    await eventually('the charge', async () => (await executedOf(world, paymentId)).length > 0);
    await world.holdfast.purchases.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', payment: { status: 'refunded' } });
    expect([await executedOf(world, paymentId), await balances(), await stockOf(productId), await inBasket(customerId)]).toEqual([['charge 3000', 'refund 3000'], before, 10, [2]]);
    expect(await world.databases.write.selectFrom('downloads').select('id').where('purchase_id', '=', id).execute()).toEqual([]);
  });

  test('while the goods are handed over is completed: it is too late', async () => {
    const productId = await product();
    const [customerId, id] = [await basketOf(productId, 2), newPurchaseId()];
    await whileLocked(
      () => sql`SELECT FROM products WHERE id = ${productId} FOR NO KEY UPDATE`,
      customerId,
      async () => await world.holdfast.purchases.buy({ id, customerId, ...visa }),
      async () => await world.holdfast.purchases.cancel(id),
    );
    expect(await ended(id)).toMatchObject({ status: 'completed', payment: { status: 'settled' } });
    expect([await executedOf(world, paymentIdOf(id)), await stockOf(productId), await inBasket(customerId)]).toEqual([['charge 3000'], 8, []]);
  });

  test('while it is being undone is undone once', async () => {
    const productId = await product();
    const customerId = await basketOf(productId, 2);
    const before = await balances();
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 }, { party: 'stripe', kind: 'delay', operation: 'refund', when: 'after', delayMs: 2_500, times: 1 });
    const { id, paymentId } = await world.holdfast.purchases.buy({ customerId, ...visa });
    await eventually('the charge', async () => (await executedOf(world, paymentId)).length > 0);
    await world.holdfast.purchases.cancel(id);
    await eventually('the undo', async () => (await stored(id))?.status === 'undoing');
    await world.holdfast.purchases.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect([await executedOf(world, paymentId), await balances()]).toEqual([['charge 3000', 'refund 3000'], before]);
  });
});

describe('of two purchases and orders for the last piece', () => {
  test('one gets it, and the other its money back', async () => {
    const productId = await product({ ...mug, stock: 1 });
    const before = await balances();
    const [customerId, orderId] = [await basketOf(productId), newOrderId()];
    const made = await createOrder(world.databases.write, carrier, { tenantId: world.tenantId, orderId, request: { customerId: 'ada', items: [{ productId, quantity: 1 }], ...visa }, shipTo: home });
    expect(isRefusal(made)).toBe(false);
    const [bought] = await Promise.all([world.holdfast.purchases.buy({ customerId, ...visa }), world.holdfast.orders.begin(orderId, 'ada')]);
    const purchase = await ended(bought.id);
    const other = await eventually('the end of the order', async () => {
      const seen = await order(orderId);
      return seen !== undefined && (seen.status === 'completed' || seen.status === 'failed') && seen;
    });
    expect([purchase.status, other.status].toSorted()).toEqual(['completed', 'failed']);
    const [lost] = [purchase, other].filter(({ status }) => status === 'failed');
    expect(lost).toMatchObject({ reason: 'out_of_stock' });
    expect(await stockOf(productId)).toBe(0);
    const sum = (list: unknown): number => (list as { amount: number }[]).reduce((total, { amount }) => total + amount, 0);
    expect([sum(before), sum(await balances())]).toEqual([0, 0]);
  });
});

describe('an undo that cannot be finished', () => {
  const patienceMs = 300_000;

  test('of a purchase is told to the administrators, once for each time', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 }, { party: 'stripe', kind: 'error', operation: 'refund' });
    const before = await balances();
    const { id, paymentId } = await world.holdfast.purchases.buy({ customerId: await basketOf(await product()), ...visa });
    await eventually('the charge', async () => (await executedOf(world, paymentId)).length > 0);
    await world.holdfast.purchases.cancel(id);
    await eventually('the administrators to be told', async () => (await noticesOf(id)).includes('compensation_parked to administrators'), 200_000);
    await world.sandbox.clearFaults();
    await world.holdfast.flows.act(purchaseWorkflowId(id), 'resume');
    expect(await ended(id)).toMatchObject({ status: 'cancelled', payment: { status: 'refunded' } });
    expect(await noticesOf(id)).toEqual(['compensation_parked to administrators', 'purchase_cancelled to administrators', 'purchase_cancelled to customer']);
    expect(await balances()).toEqual(before);
  }, patienceMs);
});

describe('what was written down and never begun', () => {
  const longAgo = new Date(Date.now() - 2 * 3_600_000);

  async function unbegunOrder(): Promise<string> {
    const orderId = newOrderId();
    await createOrder(world.databases.write, carrier, { tenantId: world.tenantId, orderId, request: { customerId: 'ada', items: [{ productId: await product(), quantity: 1 }], ...visa }, shipTo: home });
    return orderId;
  }

  test('an order is ended after an hour, and a flow that comes late takes no money for it', async () => {
    const [old, young] = [await unbegunOrder(), await unbegunOrder()];
    await world.databases.write.updateTable('orders').set({ created_at: longAgo }).where('id', '=', old).execute();
    await endUnbegun(world.databases.write);
    expect(await order(old)).toMatchObject({ status: 'failed', reason: 'temporal_unavailable' });
    expect(await order(young)).toMatchObject({ status: 'pending' });
    expect(await noticesOf(old)).toEqual(['order_failed to administrators', 'order_failed to customer']);
    await world.holdfast.orders.begin(old, 'ada').catch(() => undefined);
    await world.client.workflow.getHandle(orderWorkflowId(old)).result().catch(() => undefined);
    expect([await executedOf(world, paymentOfOrder(old)), (await order(old))?.status]).toEqual([[], 'failed']);
  });

  test('a purchase is ended, and what it kept from being bought can be bought', async () => {
    const [customerId, purchaseId] = [await basketOf(await product()), newPurchaseId()];
    await createPurchase(world.databases.write, { tenantId: world.tenantId, purchaseId }, { customerId, ...visa });
    await expect(world.holdfast.purchases.buy({ customerId, ...visa })).rejects.toMatchObject({ code: 'payment_in_progress' });
    await world.databases.write.updateTable('purchases').set({ created_at: longAgo }).where('id', '=', purchaseId).execute();
    await endUnbegun(world.databases.write);
    expect(await stored(purchaseId)).toMatchObject({ status: 'failed', reason: 'temporal_unavailable' });
    const { id } = await world.holdfast.purchases.buy({ customerId, ...visa });
    expect(await ended(id)).toMatchObject({ status: 'completed' });
  });

  test('one that is being paid is left alone, however long that takes', async () => {
    const { id } = await world.holdfast.purchases.buy({ customerId: await basketOf(await product()), ...strong });
    await eventually('the page', async () => (await stored(id))?.payment?.redirectUrl);
    await world.databases.write.updateTable('purchases').set({ created_at: longAgo }).where('id', '=', id).execute();
    await endUnbegun(world.databases.write);
    expect(await stored(id)).toMatchObject({ status: 'pending' });
    await world.holdfast.purchases.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  });
});

describe('a late attempt', () => {
  async function orderAtShipping(): Promise<{ tenantId: string; orderId: string }> {
    const [db, ref] = [world.databases.write, { tenantId: world.tenantId, orderId: newOrderId() }];
    await createOrder(db, carrier, { ...ref, request: { customerId: 'ada', items: [{ productId: await product(), quantity: 1 }], ...visa }, shipTo: home });
    await validateOrder(db, carrier, ref);
    const payment = { tenantId: ref.tenantId, paymentId: paymentOfOrder(ref.orderId) };
    const begun = await beginPayment(db, payment, { subject: { kind: 'order', id: ref.orderId }, gateway: 'stripe', method: '', capture: 'automatic' });
    if (isRefusal(begun)) throw new Error(begun.detail);
    await recordCharge(db, payment, { state: 'captured', gatewayRef: `pi_${ref.orderId}`, amountMinor: begun.amount, currency: 'EUR', capturedMinor: begun.amount, refundedMinor: 0, answer: {} }, new Date());
    await reserveStock(db, ref);
    return ref;
  }

  /** A carrier whose first answer takes until it is let go, and that notes what is given back. */
  function slowCarrier(): { slow: Carrier; voided: string[]; reached: Promise<void>; letGo: () => void } {
    const voided: string[] = [];
    const [gate, first] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    const slow: Carrier = {
      ...carrier,
      label: async (key, parcel) => {
        asked += 1;
        first.resolve();
        if (asked === 1) await gate.promise;
        return await carrier.label(key, parcel);
      },
      voidLabel: async (key) => void (await Promise.resolve(voided.push(key))),
    };
    return { slow, voided, reached: first.promise, letGo: () => gate.resolve() };
  }

  test('to buy a label does not void the label of an order that has gone on with it', async () => {
    const ref = await orderAtShipping();
    const { slow, voided, reached, letGo } = slowCarrier();
    const late = buyLabel(world.databases.write, slow, ref);
    await reached;
    await buyLabel(world.databases.write, slow, ref);
    expect(await confirmOrder(world.databases.write, ref)).toMatchObject({ status: 'confirmed' });
    letGo();
    expect(await late).toMatchObject({ status: 'confirmed' });
    expect(voided).toEqual([]);
  });

  test('to buy a label for an order that is being undone gives the label back', async () => {
    const ref = await orderAtShipping();
    const { slow, voided, reached, letGo } = slowCarrier();
    const late = buyLabel(world.databases.write, slow, ref);
    await reached;
    await beginUndo(world.databases.write, ref, 'shipping', 'cancelled');
    letGo();
    expect(await late).toMatchObject({ refused: 'database_conflict' });
    expect(voided).toHaveLength(1);
  });

  test('to give goods back does nothing for an order that is not being undone', async () => {
    const ref = await orderAtShipping();
    const productId = (await order(ref.orderId))?.items[0]?.productId ?? '';
    expect(await giveBackStock(world.databases.write, ref)).toMatchObject({ refused: 'database_conflict' });
    expect(await stockOf(productId)).toBe(9);
    await beginUndo(world.databases.write, ref, 'shipping', 'cancelled');
    await giveBackStock(world.databases.write, ref);
    await giveBackStock(world.databases.write, ref);
    expect(await stockOf(productId)).toBe(10);
    expect(await reserveStock(world.databases.write, ref)).not.toHaveProperty('status', 'pending');
    expect(await stockOf(productId)).toBe(10);
  });

  test('to have an invoice made is refused while the order can still be undone', async () => {
    const ref = await orderAtShipping();
    await buyLabel(world.databases.write, carrier, ref);
    await confirmOrder(world.databases.write, ref);
    expect(await issueInvoice(world.databases.write, world.tenantId, { kind: 'order', id: ref.orderId }, new Date())).toMatchObject({ refused: 'payment_not_found' });
  });
});

test('a vehicle that the desk confirms while it is being paid is not sold for that money, which goes back', async () => {
  const resourceId = await createResource(world.databases, world.tenantId, someCar);
  const before = await balances();
  const { id: bookingId } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada' });
  await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 });
  const { id, paymentId } = await world.holdfast.purchases.buy({ customerId: 'ada', bookingId, ...visa });
  await eventually('the charge', async () => (await executedOf(world, paymentId)).length > 0);
  await sql`UPDATE bookings SET status = 'confirmed', reference = 'cash at the desk', hold_expires_at = NULL WHERE id = ${bookingId}`.execute(world.databases.write);
  expect(await ended(id)).toMatchObject({ status: 'failed', reason: 'booking_closed', payment: { status: 'refunded' } });
  expect(await findBooking(world.databases.write, world.tenantId, bookingId)).toMatchObject({ status: 'confirmed', reference: 'cash at the desk' });
  expect([await executedOf(world, paymentId), await balances()]).toEqual([['charge 1200000', 'refund 1200000'], before]);
});
