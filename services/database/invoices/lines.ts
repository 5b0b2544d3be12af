/** The lines of an invoice: what a booking, a purchase or an order consists of. */
import type { Kysely, Selectable } from 'kysely';
import type { Refusal } from '../../../contracts/failures.ts';
import type { ShipTo } from '../../../contracts/orders/schemas.ts';
import type { Subject } from '../../../contracts/payments/flow.ts';
import type { InvoiceLine } from '../../invoices/document.ts';
import { selectBooking } from '../bookings/queries.ts';
import type { BookingRow } from '../bookings/rows.ts';
import type { Database } from '../schema.ts';

export interface Goods {
  readonly lines: readonly InvoiceLine[];
  /** When it is supplied, if that is not the day on which it was paid. */
  readonly suppliedAt?: Date;
  readonly shipTo?: ShipTo;
}

export interface Paid {
  readonly amountMinor: number;
  /** Of what states no rate of its own. */
  readonly vatBasisPoints: number;
}

/** @returns a refusal for a purchase or an order that is not the customer's yet, or not any more. */
export async function goodsOf(db: Kysely<Database>, tenantId: string, { kind, id }: Subject, paid: Paid): Promise<Goods | Refusal> {
  switch (kind) {
    case 'booking':
      return await bookingGoods(db, tenantId, id, paid);
    case 'purchase':
      return await purchaseGoods(db, tenantId, id, paid);
    case 'order':
      return await orderGoods(db, tenantId, id, paid);
  }
}

async function bookingGoods(db: Kysely<Database>, tenantId: string, bookingId: string, paid: Paid): Promise<Goods | Refusal> {
  const row = await selectBooking(db, tenantId, bookingId);
  if (row === undefined) return notSold('booking', bookingId);
  return { lines: [bookingLine(row, paid)], ...(row.starts_at !== null && { suppliedAt: row.starts_at }) };
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * A booking may have been moved to other dates, at another price, since it was paid: the invoice is about the money that
 * was taken.
 */
function bookingLine(row: BookingRow, { amountMinor, vatBasisPoints }: Paid): InvoiceLine {
  const stay = row.starts_at === null || row.ends_at === null ? undefined : { from: row.starts_at, to: row.ends_at };
  const nights = stay === undefined ? 1 : Math.ceil((stay.to.getTime() - stay.from.getTime()) / dayMs);
  const units = amountMinor % (row.quantity * nights) === 0 ? row.quantity * nights : 1;
  return {
    description: stay === undefined ? row.resource_name : `${row.resource_name}, ${day(stay.from)} – ${day(stay.to)}`,
    quantity: units,
    unitPriceMinor: amountMinor / units,
    vatRateBasisPoints: vatBasisPoints,
    totalMinor: amountMinor,
  };
}

async function purchaseGoods(db: Kysely<Database>, tenantId: string, purchaseId: string, paid: Paid): Promise<Goods | Refusal> {
  const purchase = await db.selectFrom('purchases').select(['status', 'booking_id']).where('tenant_id', '=', tenantId).where('id', '=', purchaseId).executeTakeFirst();
  if (purchase?.status !== 'completed') return notSold('purchase', purchaseId, purchase?.status);
  if (purchase.booking_id !== null) return await bookingGoods(db, tenantId, purchase.booking_id, paid);
  const items = await db.selectFrom('purchase_items').select(itemColumns).where('tenant_id', '=', tenantId).where('purchase_id', '=', purchaseId).orderBy('line').execute();
  return { lines: items.map(itemLine) };
}

async function orderGoods(db: Kysely<Database>, tenantId: string, orderId: string, { vatBasisPoints }: Paid): Promise<Goods | Refusal> {
  const order = await db.selectFrom('orders').select(['status', 'shipping_minor', 'ship_to']).where('tenant_id', '=', tenantId).where('id', '=', orderId).executeTakeFirst();
  // One that is only confirmed may still be undone, and an invoice cannot.
  if (order?.status !== 'completed') return notSold('order', orderId, order?.status);
  const items = await db.selectFrom('order_items').select(itemColumns).where('tenant_id', '=', tenantId).where('order_id', '=', orderId).orderBy('line').execute();
  const shipping = order.shipping_minor === 0 ? [] : [{ description: 'Shipping', quantity: 1, unitPriceMinor: order.shipping_minor, vatRateBasisPoints: vatBasisPoints, totalMinor: order.shipping_minor }];
  return { lines: [...items.map(itemLine), ...shipping], ...(order.ship_to !== null && { shipTo: order.ship_to }) };
}

const itemColumns = ['name', 'quantity', 'unit_price_minor', 'vat_basis_points', 'amount_minor'] as const;
type Item = Pick<Selectable<Database['order_items']>, (typeof itemColumns)[number]>;

const itemLine = (item: Item): InvoiceLine => ({
  description: item.name,
  quantity: item.quantity,
  unitPriceMinor: item.unit_price_minor,
  vatRateBasisPoints: item.vat_basis_points,
  totalMinor: item.amount_minor,
});

export const day = (at: Date): string => at.toISOString().slice(0, 10);

const notSold = (kind: string, id: string, status = 'not there'): Refusal => ({ refused: 'payment_not_found', detail: `The ${kind} ${id} is ${status}. An invoice is made for what was paid and is the customer's.` });
