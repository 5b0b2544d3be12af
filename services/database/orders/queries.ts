/** Reading orders. Every query names its tenant. */
import type { Kysely } from 'kysely';
import type { ListOrders, OrderView } from '../../../contracts/orders/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { toDownloadView } from '../downloads.ts';
import { decodeCursor, toPage } from '../paging.ts';
import { toPaymentView } from '../payments/rows.ts';
import type { Database } from '../schema.ts';
import { toOrderState, type OrderRow } from './rows.ts';

export async function findOrder(db: Kysely<Database>, tenantId: string, orderId: string): Promise<OrderView | undefined> {
  const rows = await db.selectFrom('orders').selectAll().where('tenant_id', '=', tenantId).where('id', '=', orderId).execute();
  return (await viewsOf(db, tenantId, rows)).at(0);
}

/** Newest first. */
export async function listOrders(db: Kysely<Database>, tenantId: string, filter: ListOrders): Promise<Page<OrderView>> {
  let query = db.selectFrom('orders').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.customerId !== undefined) query = query.where('customer_id', '=', filter.customerId);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  const { items: rows, nextCursor } = toPage(await query.execute(), filter.limit, (row) => row.id, (row) => row);
  return { items: await viewsOf(db, tenantId, rows), ...(nextCursor !== undefined && { nextCursor }) };
}

/** Four more queries, however many orders. */
async function viewsOf(db: Kysely<Database>, tenantId: string, orders: readonly OrderRow[]): Promise<OrderView[]> {
  if (orders.length === 0) return [];
  const ids = orders.map(({ id }) => id);
  const [items, payments, shipments, downloads] = await Promise.all([
    db.selectFrom('order_items').selectAll().where('tenant_id', '=', tenantId).where('order_id', 'in', ids).orderBy('line').execute(),
    db.selectFrom('payments').selectAll().where('tenant_id', '=', tenantId).where('id', 'in', orders.map(({ payment_id }) => payment_id)).execute(),
    db.selectFrom('shipments').selectAll().where('tenant_id', '=', tenantId).where('order_id', 'in', ids).execute(),
    db.selectFrom('downloads').selectAll().where('tenant_id', '=', tenantId).where('order_id', 'in', ids).orderBy('product_id').execute(),
  ]);
  const itemsOf = Map.groupBy(items, ({ order_id }) => order_id);
  const downloadsOf = Map.groupBy(downloads, ({ order_id }) => order_id);
  return orders.map((row) => {
    const { method: _, ...state } = toOrderState(row);
    const payment = payments.find(({ id }) => id === row.payment_id);
    const shipment = shipments.find(({ order_id }) => order_id === row.id);
    const open = payment?.status === 'refunded' ? undefined : downloadsOf.get(row.id);
    return {
      ...state,
      items: (itemsOf.get(row.id) ?? []).map((item) => ({
        productId: item.product_id,
        name: item.name,
        quantity: item.quantity,
        unitPrice: item.unit_price_minor,
        amount: item.amount_minor,
        ships: item.ships,
      })),
      ...(payment !== undefined && { payment: paymentPart(payment) }),
      ...(shipment !== undefined && {
        shipment: { id: shipment.id, status: shipment.status, carrier: shipment.carrier, service: shipment.service, tracking: shipment.tracking, price: shipment.price_minor },
      }),
      ...(open !== undefined && { downloads: open.map(toDownloadView) }),
    };
  });
}

function paymentPart(row: Parameters<typeof toPaymentView>[0]): OrderView['payment'] {
  const { status, redirectUrl, failure } = toPaymentView(row);
  return { status, ...(redirectUrl !== undefined && { redirectUrl }), ...(failure !== undefined && { failure }) };
}
