/** An order's shipment: the label that was bought for it. */
import type { Kysely } from 'kysely';
import { isRefusal, unknownOrder, type Refusal } from '../../../contracts/failures.ts';
import { shipmentOfOrder } from '../../../contracts/orders/flow.ts';
import type { OrderState } from '../../../contracts/orders/schemas.ts';
import type { Carrier } from '../../shipping/carrier.ts';
import type { Database } from '../schema.ts';
import { inOrder, parcelOf, passedBy, selectItems, selectOrder, toOrderState, updateOrder, type OrderRef } from './rows.ts';

/** Order ids are unique within a tenant only. */
const labelKey = ({ tenantId, orderId }: OrderRef): string => `${tenantId}/${orderId}`;

/**
 * Buys the label at the carrier's price of today and writes it down; the customer pays what was quoted. The carrier is
 * asked outside of a transaction: it may be slow, and the same key gets the same label.
 */
export async function buyLabel(db: Kysely<Database>, carrier: Carrier, ref: OrderRef): Promise<OrderState | Refusal> {
  const order = await selectOrder(db, ref);
  if (order === undefined) return unknownOrder(ref.orderId);
  if (order.status !== 'pending' || order.step !== 'shipping') return order.status === 'undoing' ? passedBy(order, 'pending') : toOrderState(order);
  const parcel = parcelOf(order, await selectItems(db, ref));
  if (parcel === undefined) return toOrderState(order);
  const label = await carrier.label(labelKey(ref), parcel);
  if (isRefusal(label)) return label;

  const written = await inOrder(db, ref, async (tx, row) => {
    // Another attempt was faster. The same key gets the same label, so there is nothing to give back.
    if (row.status === 'confirmed' || row.status === 'completed') return toOrderState(row);
    if (row.status !== 'pending') return passedBy(row, 'pending');
    await tx
      .insertInto('shipments')
      .values({
        tenant_id: ref.tenantId,
        id: shipmentOfOrder(ref.orderId),
        order_id: ref.orderId,
        carrier: label.carrier,
        service: label.service,
        price_minor: label.priceMinor,
        currency: row.currency,
        tracking: label.tracking,
        status: 'labelled',
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'order_id']).doNothing())
      .execute();
    return await updateOrder(tx, ref, { step: 'confirmation' });
  });
  // The order was undone meanwhile, and its undo may have come before this label.
  if (isRefusal(written)) await carrier.voidLabel(labelKey(ref));
  return written;
}

/** The carrier is told even when no label was written down: it may have been made and its answer lost. */
export async function voidLabel(db: Kysely<Database>, carrier: Carrier, ref: OrderRef): Promise<OrderState | Refusal> {
  await carrier.voidLabel(labelKey(ref));
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status !== 'undoing') return passedBy(row, 'undoing');
    await tx
      .updateTable('shipments')
      .set({ status: 'voided', updated_at: new Date() })
      .where('tenant_id', '=', ref.tenantId)
      .where('order_id', '=', ref.orderId)
      .where('status', '=', 'labelled')
      .execute();
    return toOrderState(row);
  });
}
