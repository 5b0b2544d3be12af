/** Things that were sold and paid for, written by the product's own services but without a gateway. */
import { typeid } from 'typeid-js';
import { newBookingId, newPaymentId } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import type { Subject } from '../../contracts/payments/flow.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';
import type { PutResource } from '../../contracts/resources.ts';
import { holdBooking } from '../../services/database/bookings/hold.ts';
import type { Databases } from '../../services/database/connection.ts';
import { accounts } from '../../services/database/ledger.ts';
import { beginPayment } from '../../services/database/payments/begin.ts';
import { recordCharge } from '../../services/database/payments/record.ts';
import { selectPayment } from '../../services/database/payments/rows.ts';
import { settleBooking, settlePayment } from '../../services/database/payments/settle.ts';
import { createResource, someRoom } from './database.ts';

const customerId = 'ada';

export function made<Value extends object>(outcome: Value): Exclude<Value, { readonly refused: unknown }> {
  if (isRefusal(outcome)) throw new Error(`refused: ${outcome.refused}: ${outcome.detail}`);
  return outcome as Exclude<Value, { readonly refused: unknown }>;
}

/** A room for three nights. */
export async function heldBooking(databases: Databases, tenantId: string, resource: PutResource = someRoom): Promise<Subject> {
  const resourceId = await createResource(databases, tenantId, resource);
  const bookingId = newBookingId();
  const nights = resource.kind === 'room' ? { from: '2031-05-01T00:00:00.000Z', to: '2031-05-04T00:00:00.000Z' } : {};
  made(await holdBooking(databases.write, { tenantId, bookingId, request: { resourceId, customerId, quantity: 1, ...nights }, heldUntil: new Date(Date.now() + 600_000) }));
  return { kind: 'booking', id: bookingId };
}

/** @returns the payment, its money taken but nobody's yet. */
export async function takeMoney(databases: Databases, tenantId: string, subject: Subject): Promise<string> {
  const paymentId = newPaymentId();
  const { amount: amountMinor, currency } = made(await beginPayment(databases.write, { tenantId, paymentId }, { subject, gateway: 'stripe', method: 'pm_card_visa', capture: 'automatic' }, new Date()));
  made(await recordCharge(databases.write, { tenantId, paymentId }, { state: 'captured', gatewayRef: `pi_${paymentId}`, amountMinor, currency, capturedMinor: amountMinor, refundedMinor: 0, answer: {} }, new Date()));
  return paymentId;
}

export async function paidBooking(databases: Databases, tenantId: string, resource?: PutResource): Promise<Subject> {
  const subject = await heldBooking(databases, tenantId, resource);
  await payForBooking(databases, tenantId, subject);
  return subject;
}

export async function payForBooking(databases: Databases, tenantId: string, subject: Subject): Promise<void> {
  const paymentId = await takeMoney(databases, tenantId, subject);
  await databases.write.transaction().execute(async (tx) => {
    const payment = await selectPayment(tx, tenantId, paymentId, 'for update');
    if (payment === undefined) throw new Error(`there is no payment ${paymentId}`);
    made(await settleBooking(tx, subject.id, payment));
  });
}

export interface SoldItem {
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  readonly vatBasisPoints: number;
}

const totalOf = (items: readonly SoldItem[]): number => items.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0);

async function createProduct(databases: Databases, tenantId: string, { name, unitPriceMinor }: SoldItem): Promise<string> {
  const id = typeid('prd').toString();
  await databases.write.insertInto('products').values({ tenant_id: tenantId, id, seller_id: 'seller-1', name, kind: 'physical', price_minor: unitPriceMinor, currency: 'EUR', weight_grams: 100 }).execute();
  return id;
}

async function settle(databases: Databases, tenantId: string, subject: Subject, amountMinor: number): Promise<void> {
  const paymentId = await takeMoney(databases, tenantId, subject);
  made(await databases.write.transaction().execute(async (tx) => await settlePayment(tx, tenantId, paymentId, [{ account: accounts.revenue, amountMinor }])));
}

/** A basket that was bought; `pending` until `status` says otherwise. */
export async function paidPurchase(databases: Databases, tenantId: string, items: readonly SoldItem[], status: 'pending' | 'completed' = 'completed'): Promise<Subject> {
  const id = typeid('pur').toString();
  await databases.write.insertInto('purchases').values({ tenant_id: tenantId, id, kind: 'basket', customer_id: customerId, payment_id: newPaymentId(), amount_minor: totalOf(items), currency: 'EUR', status: 'pending' }).execute();
  for (const [index, item] of items.entries()) {
    const product_id = await createProduct(databases, tenantId, item);
    const amount_minor = item.quantity * item.unitPriceMinor;
    await databases.write
      .insertInto('purchase_items')
      .values({ tenant_id: tenantId, purchase_id: id, line: index + 1, product_id, seller_id: 'seller-1', name: item.name, kind: 'physical', quantity: item.quantity, unit_price_minor: item.unitPriceMinor, amount_minor, fee_minor: 0, vat_basis_points: item.vatBasisPoints })
      .execute();
  }
  await settle(databases, tenantId, { kind: 'purchase', id }, totalOf(items));
  await databases.write.updateTable('purchases').set({ status }).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
  return { kind: 'purchase', id };
}

export async function paidOrder(databases: Databases, tenantId: string, items: readonly SoldItem[], shippingMinor: number, shipTo?: ShipTo): Promise<Subject> {
  const id = typeid('ord').toString();
  const amountMinor = totalOf(items) + shippingMinor;
  await databases.write
    .insertInto('orders')
    .values({ tenant_id: tenantId, id, customer_id: customerId, status: 'pending', step: 'payment', items_minor: totalOf(items), shipping_minor: shippingMinor, amount_minor: amountMinor, currency: 'EUR', payment_id: newPaymentId(), gateway: 'stripe', method: 'pm_card_visa', ...(shipTo !== undefined && { ship_to: JSON.stringify(shipTo) }) })
    .execute();
  for (const [index, item] of items.entries()) {
    const product_id = await createProduct(databases, tenantId, item);
    await databases.write
      .insertInto('order_items')
      .values({ tenant_id: tenantId, order_id: id, line: index + 1, product_id, name: item.name, quantity: item.quantity, unit_price_minor: item.unitPriceMinor, amount_minor: item.quantity * item.unitPriceMinor, vat_basis_points: item.vatBasisPoints, weight_grams: 100, ships: true })
      .execute();
  }
  await settle(databases, tenantId, { kind: 'order', id }, amountMinor);
  await databases.write.updateTable('orders').set({ status: 'completed', step: 'warehouse' }).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
  return { kind: 'order', id };
}
