import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newOrderId } from '../../client/index.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { paymentOfOrder, undoRefundOfOrder, type OrderedItem } from '../../contracts/orders/flow.ts';
import type { Databases } from '../../services/database/connection.ts';
import { isConflict } from '../../services/database/errors.ts';
import { createOrder, validateOrder } from '../../services/database/orders/create.ts';
import { beginUndo, confirmOrder, finishUndo, handOver } from '../../services/database/orders/endings.ts';
import { giveBackStock, reserveStock } from '../../services/database/orders/stock.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { recordCharge } from '../../services/database/payments/record.ts';
import { recordRefund, requestRefund } from '../../services/database/payments/refunds.ts';
import { putProduct } from '../../services/database/products.ts';
import { createRateTableCarrier } from '../../services/shipping/rate-table.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { balancesOf } from '../support/money-seen.ts';

const tenantId = 'order-stock';
const carrier = createRateTableCarrier();

let databases: Databases;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
afterAll(async () => await databases.close());

/** What can happen to the n-th order of a run, by itself or at once with other things. */
type Act = { readonly what: 'order'; readonly items: readonly { readonly product: number; readonly quantity: number }[] } | { readonly what: 'cancel' | 'complete' | 'reserve again' | 'refund'; readonly which: number };

const productCount = 3;
const item = fc.record({ product: fc.nat({ max: productCount - 1 }), quantity: fc.integer({ min: 1, max: 4 }) });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('order' as const), items: fc.uniqueArray(item, { minLength: 1, maxLength: productCount, selector: ({ product }) => product }) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constantFrom('cancel' as const, 'complete' as const, 'reserve again' as const, 'refund' as const), which: fc.nat({ max: 5 }) }) },
);

/** As the flow's policy does it. */
async function retried<Result>(step: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (attempt === 4 || !isConflict(error)) throw error;
    }
  }
}

test('whatever is ordered, cancelled and refunded at once, stock, what is put aside and what is sold stay the same together', async () => {
  const db = databases.write;
  let refunds = 0;
  let completed = 0;

  async function pay(orderId: string): Promise<void> {
    const ref = { tenantId, paymentId: paymentOfOrder(orderId) };
    const payment = await beginPayment(db, ref, { subject: { kind: 'order', id: orderId }, gateway: 'stripe', method: '', capture: 'automatic' });
    if (isRefusal(payment)) return;
    await recordCharge(db, ref, { state: 'captured', gatewayRef: `pi_${orderId}`, amountMinor: payment.amount, currency: 'EUR', capturedMinor: payment.amount, refundedMinor: 0, answer: {} }, new Date());
  }

  async function giveMoneyBack(orderId: string, refundId: string): Promise<void> {
    const ref = { tenantId, paymentId: paymentOfOrder(orderId) };
    const refund = await requestRefund(db, ref, { refundId });
    if (!isRefusal(refund)) await recordRefund(db, ref, refundId, { state: 'succeeded', gatewayRef: `re_${refundId}`, amountMinor: refund.amount, answer: {} });
  }

  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: productCount, maxLength: productCount }), fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }), async (stocks, rounds) => {
      const products = await Promise.all(stocks.map(async (stock) => {
        const id = `p-${randomUUID()}`;
        await putProduct(db, tenantId, id, { sellerId: 'own', name: 'Thing', kind: 'digital', price: 100, currency: 'EUR', stock });
        return id;
      }));
      const orders: string[] = [];

      const run = async (one: Act): Promise<Refusal | object | undefined> => {
        if (one.what === 'order') {
          const orderId = newOrderId();
          const items: OrderedItem[] = one.items.map(({ product, quantity }) => ({ productId: products[product] ?? '', quantity }));
          const made = await createOrder(db, carrier, { tenantId, orderId, request: { customerId: 'ada', items, gateway: 'stripe', method: '' } });
          if (isRefusal(made)) return made;
          await validateOrder(db, carrier, { tenantId, orderId });
          await pay(orderId);
          orders.push(orderId);
          const reserved = await retried(async () => await reserveStock(db, { tenantId, orderId }));
          return isRefusal(reserved) ? await undo(orderId, 'out_of_stock') : reserved;
        }
        const orderId = orders[one.which % Math.max(orders.length, 1)];
        if (orderId === undefined) return undefined;
        const ref = { tenantId, orderId };
        if (one.what === 'cancel') return await undo(orderId, 'cancelled');
        if (one.what === 'reserve again') return await retried(async () => await reserveStock(db, ref));
        if (one.what === 'refund') return await giveMoneyBack(orderId, `rfd_extra${(refunds += 1)}`) as undefined;
        const reserved = await retried(async () => await reserveStock(db, ref));
        if (isRefusal(reserved)) return reserved;
        const confirmed = await retried(async () => await confirmOrder(db, ref));
        if (isRefusal(confirmed)) return confirmed;
        completed += 1;
        return await retried(async () => await handOver(db, ref));
      };

      async function undo(orderId: string, reason: 'cancelled' | 'out_of_stock'): Promise<object> {
        const ref = { tenantId, orderId };
        const begun = await retried(async () => await beginUndo(db, ref, 'stock', reason));
        if (isRefusal(begun) || begun.status !== 'undoing') return begun;
        await retried(async () => await giveBackStock(db, ref));
        await giveMoneyBack(orderId, undoRefundOfOrder(orderId));
        return await finishUndo(db, ref);
      }

      for (const round of rounds) {
        await Promise.all(round.map(run));
        const now = await db.selectFrom('products').select(['id', 'stock', 'sold_count']).where('tenant_id', '=', tenantId).where('id', 'in', products).execute();
        const taken = await db
          .selectFrom('stock_reservations as r')
          .innerJoin('orders as o', (join) => join.onRef('o.tenant_id', '=', 'r.tenant_id').onRef('o.id', '=', 'r.order_id'))
          .select(['r.product_id', 'r.quantity', 'o.status'])
          .where('r.tenant_id', '=', tenantId)
          .where('r.product_id', 'in', products)
          .execute();
        expect(taken.filter(({ status }) => status === 'cancelled' || status === 'failed')).toEqual([]);
        for (const [index, id] of products.entries()) {
          const { stock, sold_count } = now.find((row) => row.id === id) ?? { stock: null, sold_count: 0 };
          const sum = (of: typeof taken): number => of.filter(({ product_id }) => product_id === id).reduce((total, { quantity }) => total + quantity, 0);
          expect(stock).toBeGreaterThanOrEqual(0);
          expect((stock ?? 0) + sum(taken)).toBe(stocks[index]);
          expect(sold_count).toBe(sum(taken.filter(({ status }) => status === 'completed')));
        }
      }
      // Money is conserved with it: what the gateway holds is what is owed or earned.
      const total = (await balancesOf(db, tenantId)).reduce((sum, { amount }) => sum + amount, 0);
      expect(total).toBe(0);
    }),
    { numRuns: 40 },
  );
  // Otherwise it would say nothing about what is sold.
  expect(completed).toBeGreaterThan(0);
});
