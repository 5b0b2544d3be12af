/** How an order ends well: confirmed, then with the warehouse; and how it is undone. */
import type { Kysely } from 'kysely';
import { isRefusal, type Refusal } from '../../../contracts/failures.ts';
import { hasEnded, type OrderReason, type OrderStep } from '../../../contracts/orders/flow.ts';
import type { OrderState } from '../../../contracts/orders/schemas.ts';
import { writeDownloads } from '../downloads.ts';
import { accounts } from '../ledger.ts';
import { writeNotices, type Notice } from '../notices.ts';
import { settlePayment } from '../payments/settle.ts';
import type { Database } from '../schema.ts';
import { inOrder, passedBy, selectItems, toOrderState, updateOrder, type OrderRef } from './rows.ts';
import { countSold } from './stock.ts';

/** The money becomes the shop's in the moment in which the order becomes sure to the customer. */
export async function confirmOrder(db: Kysely<Database>, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status === 'confirmed' || row.status === 'completed') return toOrderState(row);
    if (row.status !== 'pending') return passedBy(row, 'pending');
    const settled = await settlePayment(tx, ref.tenantId, row.payment_id, [{ account: accounts.revenue, amountMinor: row.amount_minor }]);
    if (isRefusal(settled)) return settled;
    const shipment = await tx.selectFrom('shipments').select(['carrier', 'tracking']).where('tenant_id', '=', ref.tenantId).where('order_id', '=', ref.orderId).executeTakeFirst();
    const data = { paymentId: row.payment_id, amountMinor: row.amount_minor, currency: row.currency, ...shipment };
    await writeNotices(tx, ref.tenantId, [{ audience: 'customer', recipientId: row.customer_id, template: 'order_confirmed', subjectId: ref.orderId, data }]);
    return await updateOrder(tx, ref, { status: 'confirmed', step: 'warehouse' });
  });
}

/**
 * The last step: handing over and completing the order are one transaction, so there is no order that the warehouse
 * has and that is undone all the same.
 */
export async function handOver(db: Kysely<Database>, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status === 'completed') return toOrderState(row);
    if (row.status !== 'confirmed') return passedBy(row, 'confirmed');
    const items = await selectItems(tx, ref);
    await countSold(tx, ref.tenantId, items);
    const lines = items.filter(({ ships }) => ships).map(({ product_id, name, quantity }) => ({ productId: product_id, name, quantity }));
    const digital = items.filter(({ ships }) => !ships).map(({ product_id }) => product_id);
    await writeDownloads(tx, { tenantId: ref.tenantId, customerId: row.customer_id, by: { order_id: ref.orderId } }, digital);
    // What is only downloaded is nothing to a warehouse.
    if (lines.length > 0) await tx.insertInto('warehouse_tasks').values({ tenant_id: ref.tenantId, order_id: ref.orderId, lines: JSON.stringify(lines) }).execute();
    return await updateOrder(tx, ref, { status: 'completed' });
  });
}

/**
 * From here on no step forward takes effect any more. An order that has ended stays as it is: the answer of its last
 * step may have been lost.
 */
export async function beginUndo(db: Kysely<Database>, ref: OrderRef, step: OrderStep, reason: OrderReason): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => (row.status === 'undoing' || hasEnded(row) ? toOrderState(row) : await updateOrder(tx, ref, { status: 'undoing', step, reason })));
}

/** Everything is undone; customer and administrators are told in the same transaction. */
export async function finishUndo(db: Kysely<Database>, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status !== 'undoing') return toOrderState(row);
    const status = row.reason === 'cancelled' ? 'cancelled' : 'failed';
    const data = { reason: row.reason ?? status, step: row.step, amountMinor: row.amount_minor, currency: row.currency };
    const notice = { recipientId: row.customer_id, template: `order_${status}`, subjectId: ref.orderId, data };
    await writeNotices(tx, ref.tenantId, [{ ...notice, audience: 'customer' }, { ...notice, audience: 'administrators' }]);
    return await updateOrder(tx, ref, { status });
  });
}

/** @param occasion tells one parking of an order from the next. */
export async function tellParked(db: Kysely<Database>, ref: OrderRef, step: string, why: string, occasion: string): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    const notice: Notice = { audience: 'administrators', recipientId: row.customer_id, template: 'compensation_parked', subjectId: ref.orderId, data: { step, why } };
    await writeNotices(tx, ref.tenantId, [notice], occasion);
    return toOrderState(row);
  });
}
