import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newOrderId, newPurchaseId, type OrderView, type PurchaseView } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { bookingWorkflowId, orderWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import { paymentOfOrder } from '../../contracts/orders/flow.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';
import type { PutProduct } from '../../contracts/products.ts';
import { paymentIdOf } from '../../contracts/purchases/flow.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { createOrder } from '../../services/database/orders/create.ts';
import { findOrder } from '../../services/database/orders/queries.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { findPurchase } from '../../services/database/purchases/queries.ts';
import { findResource } from '../../services/database/resources.ts';
import { createRateTableCarrier } from '../../services/shipping/rate-table.ts';
import { createResource, someCar } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { balancesOf, executedOf } from '../support/money-seen.ts';
import { orphansOf } from '../support/orphans.ts';
import { startWorld, type World } from '../support/world.ts';

// Beside these: each step of a basket's purchase in `sagas-races.test.ts`, the payment of a vehicle's in
// `purchases.test.ts`, and each step of an order in `orders.test.ts`.

const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const slowly = { party: 'stripe', kind: 'delay', when: 'after', delayMs: 2_500, times: 1 } as const;
const home: ShipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
const mug: PutProduct = { sellerId: 'own', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 };

let world: World;
beforeAll(async () => void (world = await startWorld(`saga-cancels-${Date.now().toString(36)}`)));
afterEach(async () => await world.sandbox.clearFaults());
afterAll(async () => await world.close());

const balances = async (): Promise<unknown> => await balancesOf(world.databases.write, world.tenantId);
const stored = async (id: string): Promise<PurchaseView | undefined> => await findPurchase(world.databases.write, world.tenantId, id);
const order = async (id: string): Promise<OrderView | undefined> => await findOrder(world.databases.write, world.tenantId, id);
const ended = async (id: string): Promise<string> =>
  await eventually(`the end of ${id}`, async () => {
    const status = (await (id.startsWith('ord_') ? order(id) : stored(id)))?.status;
    return status !== undefined && ['completed', 'cancelled', 'failed'].includes(status) && status;
  });
const isOver = async (workflowId: string): Promise<boolean> => (await world.client.workflow.getHandle(workflowId).describe()).status.name === 'COMPLETED';

interface Car {
  readonly resourceId: string;
  readonly bookingId: string;
}

async function heldCar(): Promise<Car> {
  const resourceId = await createResource(world.databases, world.tenantId, someCar);
  return { resourceId, bookingId: (await world.holdfast.bookings.book({ resourceId, customerId: 'ada' })).id };
}

/** Free again, and whoever held it is told so. */
async function expectFree({ resourceId, bookingId }: Car): Promise<void> {
  expect(await findBooking(world.databases.write, world.tenantId, bookingId)).toMatchObject({ status: 'released', reason: 'cancelled' });
  expect(await findResource(world.databases.write, world.tenantId, resourceId)).not.toHaveProperty('ownerId');
  await eventually('the end of the booking flow', async () => await isOver(bookingWorkflowId(bookingId)));
  expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob' })).toMatchObject({ status: 'held' });
}

/** Does something while a step of a flow waits for rows that are locked here. */
async function whileLocked(lock: ReturnType<typeof sql>, begin: () => Promise<unknown>, act: () => Promise<void>): Promise<void> {
  await world.databases.write.transaction().execute(async (own) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(own);
    await lock.execute(own);
    // Its answer comes when the rows are free again, if somebody wants it.
    begin().catch(() => undefined);
    // Of this world: the housekeeping of the stack looks at resources, too.
    await eventually('a step that waits', async () => (await sql`SELECT FROM pg_stat_activity WHERE application_name = 'holdfast-test' AND ${rows[0]?.pid ?? 0} = ANY (pg_blocking_pids(pid))`.execute(world.databases.write)).rows.length > 0);
    await act();
  });
}

describe('a purchase of a vehicle that is cancelled', () => {
  test('while it is being written down costs nothing in the end, and the vehicle is free', async () => {
    const [car, before, id] = [await heldCar(), await balances(), newPurchaseId()];
    await whileLocked(
      sql`SELECT FROM bookings WHERE id = ${car.bookingId} FOR UPDATE`,
      async () => await world.holdfast.purchases.buy({ id, customerId: 'ada', bookingId: car.bookingId, ...visa }),
      async () => await world.holdfast.purchases.cancel(id),
    );
    expect(await ended(id)).toBe('cancelled');
    // The flow hears of it when the step is through: by then the payment may have begun.
    expect([[], ['charge 1200000', 'refund 1200000']]).toContainEqual(await executedOf(world, paymentIdOf(id)));
    expect(await balances()).toEqual(before);
    await expectFree(car);
  });

  test('while it is being handed over is completed: it is too late', async () => {
    const [car, id] = [await heldCar(), newPurchaseId()];
    await whileLocked(
      sql`SELECT FROM resources WHERE id = ${car.resourceId} FOR UPDATE`,
      async () => await world.holdfast.purchases.buy({ id, customerId: 'ada', bookingId: car.bookingId, ...visa }),
      async () => await world.holdfast.purchases.cancel(id),
    );
    expect(await ended(id)).toBe('completed');
    expect(await stored(id)).toMatchObject({ payment: { status: 'settled' } });
    expect(await findBooking(world.databases.write, world.tenantId, car.bookingId)).toMatchObject({ status: 'confirmed' });
    expect(await findResource(world.databases.write, world.tenantId, car.resourceId)).toMatchObject({ ownerId: 'ada' });
    expect(await executedOf(world, paymentIdOf(id))).toEqual(['charge 1200000']);
  });

  test('while it is being undone is undone once', async () => {
    await world.sandbox.faults({ ...slowly, operation: 'authorise' }, { ...slowly, operation: 'refund' });
    const [car, before] = [await heldCar(), await balances()];
    const { id, paymentId } = await world.holdfast.purchases.buy({ customerId: 'ada', bookingId: car.bookingId, ...visa });
    await eventually('the charge', async () => (await executedOf(world, paymentId)).length > 0);
    await world.holdfast.purchases.cancel(id);
    await eventually('the undo', async () => (await stored(id))?.status === 'undoing');
    await world.holdfast.purchases.cancel(id);
    expect(await ended(id)).toBe('cancelled');
    expect([await executedOf(world, paymentId), await balances()]).toEqual([['charge 1200000', 'refund 1200000'], before]);
    await expectFree(car);
  });
});

describe('an order that is cancelled', () => {
  async function placed(productId: string): Promise<string> {
    const orderId = newOrderId();
    const made = await createOrder(world.databases.write, createRateTableCarrier(), { tenantId: world.tenantId, orderId, request: { customerId: 'ada', items: [{ productId, quantity: 2 }], ...visa }, shipTo: home });
    if (isRefusal(made)) throw new Error(made.detail);
    return orderId;
  }

  test('while it is being undone is undone once', async () => {
    await world.sandbox.faults({ ...slowly, operation: 'authorise' }, { ...slowly, operation: 'refund' });
    const productId = `mug-${randomUUID()}`;
    await putProduct(world.databases.write, world.tenantId, productId, mug);
    const [id, before] = [await placed(productId), await balances()];
    await world.holdfast.orders.begin(id, 'ada');
    await eventually('the charge', async () => (await executedOf(world, paymentOfOrder(id))).length > 0);
    await world.holdfast.orders.cancel(id);
    await eventually('the undo', async () => (await order(id))?.status === 'undoing');
    await world.holdfast.orders.cancel(id);
    expect(await ended(id)).toBe('cancelled');
    expect([await executedOf(world, paymentOfOrder(id)), await balances()]).toEqual([['charge 3590', 'refund 3590'], before]);
    expect((await findProduct(world.databases.write, world.tenantId, productId))?.stock).toBe(10);
    await eventually('the end of its flow', async () => await isOver(orderWorkflowId(id)));
  });
});

test('nothing of it is orphaned: no money, no hold, no goods, and no flow', async () => {
  expect(await orphansOf(world)).toEqual([]);
  const purchases = await world.databases.write.selectFrom('purchases').select('id').where('tenant_id', '=', world.tenantId).execute();
  expect(purchases.length).toBeGreaterThan(0);
  for (const { id } of purchases) await eventually(`the flow of ${id} to end`, async () => await isOver(purchaseWorkflowId(id)));
});
