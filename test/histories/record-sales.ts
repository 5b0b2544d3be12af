/** One history of each way a purchase, an order and an invoice can go, and of the booking of what is sold. */
import { newOrderId, newPurchaseId, type OrderView } from '../../client/index.ts';
import { bookingWorkflowId, invoiceWorkflowId, orderWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { paymentOfOrder } from '../../contracts/orders/flow.ts';
import { paymentIdOf } from '../../contracts/purchases/flow.ts';
import { putBasketItem } from '../../services/database/baskets.ts';
import { createOrder } from '../../services/database/orders/create.ts';
import { findOrder } from '../../services/database/orders/queries.ts';
import { putProduct } from '../../services/database/products.ts';
import { createRateTableCarrier } from '../../services/shipping/rate-table.ts';
import { createResource, someCar } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { executedOf } from '../support/money-seen.ts';
import { payerDecides } from '../support/payer.ts';
import type { SkippingWorld } from '../support/time-skipping.ts';
import type { Write } from './record-payments.ts';

const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const declined = { gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' } as const;
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' } as const;
const home = { name: 'A customer', line1: 'Street 1', city: 'Town', postcode: '1000', country: 'GB' };

/** Nothing here lets time pass: a flow that starts another that outlives it keeps the test server's clock. */
export async function recordSales(world: SkippingWorld, write: Write): Promise<void> {
  const { holdfast, databases, tenantId } = world;
  let made = 0;
  const fresh = (name: string): string => `${name}-${process.pid}-${(made += 1)}`;
  const product = async (stock: number): Promise<string> => {
    const id = fresh('product');
    await putProduct(databases.write, tenantId, id, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock, weightGrams: 400 });
    return id;
  };

  const basket = async (name: string, pay: typeof visa | typeof declined | typeof strong, then?: (id: string) => Promise<unknown>): Promise<void> => {
    const customerId = fresh('customer');
    await putBasketItem(databases.write, tenantId, customerId, await product(5), 2);
    const id = newPurchaseId();
    await holdfast.purchases.buy({ id, customerId, ...pay });
    await then?.(id);
    await write(`purchase-${name}`, purchaseWorkflowId(id));
  };
  const order = async (name: string, pay: typeof visa | typeof declined | typeof strong, then?: (id: string) => Promise<unknown>, stock = 5): Promise<void> => {
    const id = newOrderId();
    const customerId = fresh('customer');
    const productId = await product(stock);
    const row = await createOrder(databases.write, createRateTableCarrier(), { tenantId, orderId: id, request: { customerId, items: [{ productId, quantity: 2 }], ...pay }, shipTo: home });
    if (isRefusal(row)) throw new Error(row.detail);
    // Somebody else buys it first.
    if (stock === 2) await databases.write.updateTable('products').set({ stock: 0 }).where('tenant_id', '=', tenantId).where('id', '=', productId).execute();
    await holdfast.orders.begin(id, customerId).catch(() => undefined);
    await then?.(id);
    await write(`order-${name}`, orderWorkflowId(id));
  };

  // What ends without an invoice comes first.
  await basket('declined', declined);
  await basket('cancelled', strong, async (id) => await holdfast.purchases.cancel(id));
  await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 1_500, times: 1 });
  await basket('paid-then-cancelled-until-all-is-back', visa, async (id) => {
    await eventually('the charge', async () => (await executedOf(world, paymentIdOf(id))).length > 0);
    await holdfast.purchases.cancel(id);
  });
  await world.sandbox.clearFaults();
  await order('declined', declined);
  await order('out-of-stock', visa, undefined, 2);
  await order('cancelled', strong, async (id) => await holdfast.orders.cancel(id));
  const begunAgainAtThePage = async (id: string): Promise<OrderView | undefined> => {
    const seen = await eventually('the page', async () => {
      const found = await findOrder(databases.write, tenantId, id);
      return found?.payment?.redirectUrl !== undefined && found;
    });
    await world.client.workflow.getHandle(orderWorkflowId(id)).terminate();
    await holdfast.orders.resume(id);
    await eventually('a wait for the payment', async () => (await world.client.workflow.getHandle(orderWorkflowId(id)).fetchHistory()).events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null));
    return seen;
  };
  await order('begun-again-then-cancelled', strong, async (id) => {
    await begunAgainAtThePage(id);
    await holdfast.orders.cancel(id);
  });
  await order('begun-again-then-completed', strong, async (id) => {
    const seen = await begunAgainAtThePage(id);
    await payerDecides(seen?.payment ?? {}, 'approve');
    await holdfast.payments.gatewayEvent(paymentOfOrder(id));
  });

  const resourceId = await createResource(databases, tenantId, someCar);
  const { id: bookingId } = await holdfast.bookings.book({ resourceId, customerId: 'ada' });
  const id = newPurchaseId();
  await holdfast.purchases.buy({ id, customerId: 'ada', bookingId, ...visa });
  await write('purchase-of-a-vehicle', purchaseWorkflowId(id));
  // The run that held it ends when it is told of the sale; another one is asked to give it back.
  await eventually('the end of the hold', async () => (await world.client.workflow.getHandle(bookingWorkflowId(bookingId)).describe()).status.name === 'COMPLETED');
  await holdfast.bookings.cancel(bookingId);
  await write('booking-sold-then-not-cancelled', bookingWorkflowId(bookingId));
  await eventually('the invoice', async () => await world.client.workflow.getHandle(invoiceWorkflowId(tenantId, id)).describe().then(() => true, () => false));
  await write('invoice-stored', invoiceWorkflowId(tenantId, id));
  await basket('completed', visa);
  await order('completed', visa);
}
