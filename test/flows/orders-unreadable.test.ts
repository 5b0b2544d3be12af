/** An order that an earlier run had taken some way, picked up while the database cannot be read. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newOrderId } from '../../client/index.ts';
import { orderWorkflowId } from '../../contracts/flows.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createOrder, validateOrder } from '../../services/database/orders/create.ts';
import { findOrder } from '../../services/database/orders/queries.ts';
import { reserveStock } from '../../services/database/orders/stock.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { createRateTableCarrier } from '../../services/shipping/rate-table.ts';
import { openTestDatabase } from '../support/database.ts';
import { made } from '../support/sales.ts';
import { startSkippingWorld, type SkippingWorld } from '../support/time-skipping.ts';

/** Transactions that fail yet. */
let failures = 0;
let databases: Databases;
let world: SkippingWorld;
beforeAll(async () => {
  databases = await openTestDatabase();
  const write = new Proxy(databases.write, {
    get: (target, name) => {
      if (name === 'transaction' && failures > 0) {
        failures -= 1;
        throw Object.assign(new Error('the database is away'), { code: '57P01' });
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  world = await startSkippingWorld('orders-unreadable', { databases: { ...databases, write } });
});
afterAll(async () => {
  await world?.close();
  await databases?.close();
});

test('is undone with everything that was taken for it', async () => {
  const { tenantId } = world;
  const [db, carrier, ref] = [databases.write, createRateTableCarrier(), { tenantId, orderId: newOrderId() }];
  const productId = `mug-${randomUUID()}`;
  await putProduct(db, tenantId, productId, { sellerId: 'bert', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 });
  const shipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
  made(await createOrder(db, carrier, { ...ref, request: { customerId: 'ada', items: [{ productId, quantity: 3 }], gateway: 'stripe', method: 'pm_card_visa' }, shipTo }));
  made(await validateOrder(db, carrier, ref));
  made(await reserveStock(db, ref));
  const stock = async (): Promise<number | undefined> => (await findProduct(db, tenantId, productId))?.stock;
  expect(await stock()).toBe(7);

  // As often as the order is read: four times at once, three in the background.
  failures = 7;
  await world.holdfast.orders.begin(ref.orderId, 'ada').catch(() => undefined);
  await world.environment.sleep(60_000);
  await expect(world.client.workflow.getHandle(orderWorkflowId(ref.orderId)).result()).rejects.toThrow();
  expect(failures).toBe(0);
  expect(await findOrder(db, tenantId, ref.orderId)).toMatchObject({ status: 'failed', reason: 'database_unavailable' });
  expect(await stock()).toBe(10);
});
