/** From rows to what callers and flows see, and to a parcel. */
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import { unknownOrder, type Refusal } from '../../../contracts/failures.ts';
import type { OrderStatus } from '../../../contracts/orders/flow.ts';
import type { OrderState } from '../../../contracts/orders/schemas.ts';
import type { Parcel } from '../../shipping/carrier.ts';
import type { Database } from '../schema.ts';

export interface OrderRef {
  readonly tenantId: string;
  readonly orderId: string;
}

export type OrderRow = Selectable<Database['orders']>;
export type ItemRow = Selectable<Database['order_items']>;
export type ShipmentRow = Selectable<Database['shipments']>;

export function toOrderState(row: OrderRow): OrderState {
  return {
    id: row.id,
    status: row.status,
    step: row.step,
    ...(row.reason !== null && { reason: row.reason }),
    customerId: row.customer_id,
    shipping: row.shipping_minor,
    amount: row.amount_minor,
    currency: row.currency,
    // An address is kept only of an order that needs one.
    ships: row.ship_to !== null,
    paymentId: row.payment_id,
    gateway: row.gateway,
    method: row.method,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** @returns nothing when nothing of the order is sent. */
export function parcelOf(order: Pick<OrderRow, 'ship_to' | 'currency'>, items: readonly Pick<ItemRow, 'ships' | 'weight_grams' | 'quantity'>[]): Parcel | undefined {
  if (order.ship_to === null) return undefined;
  const weightGrams = items.filter(({ ships }) => ships).reduce((sum, { weight_grams, quantity }) => sum + weight_grams * quantity, 0);
  return { weightGrams, to: order.ship_to, currency: order.currency };
}

export async function selectOrder(db: Kysely<Database>, { tenantId, orderId }: OrderRef, lock?: 'for update'): Promise<OrderRow | undefined> {
  const query = db.selectFrom('orders').selectAll().where('tenant_id', '=', tenantId).where('id', '=', orderId);
  return await (lock === undefined ? query : query.forUpdate()).executeTakeFirst();
}

export async function selectItems(db: Kysely<Database>, { tenantId, orderId }: OrderRef): Promise<ItemRow[]> {
  return await db.selectFrom('order_items').selectAll().where('tenant_id', '=', tenantId).where('order_id', '=', orderId).orderBy('line').execute();
}

export async function updateOrder(tx: Transaction<Database>, { tenantId, orderId }: OrderRef, changes: Partial<Pick<OrderRow, 'status' | 'step' | 'reason'>>): Promise<OrderState> {
  const row = await tx
    .updateTable('orders')
    .set({ ...changes, updated_at: sql`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', orderId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toOrderState(row);
}

/**
 * A step of an order: one transaction under the lock of the order's row. An undo begins under the same lock, so a step
 * whose attempt was given up, but still runs, cannot take effect behind the undo's back.
 */
export async function inOrder<Result>(db: Kysely<Database>, ref: OrderRef, step: (tx: Transaction<Database>, row: OrderRow) => Promise<Result | Refusal>): Promise<Result | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectOrder(tx, ref, 'for update');
    return row === undefined ? unknownOrder(ref.orderId) : await step(tx, row);
  });
}

/** Why a step forward does not apply any more. Only an attempt that nobody waits for meets it. */
export const passedBy = (row: Pick<OrderRow, 'status'>, wanted: OrderStatus): Refusal => ({ refused: 'database_conflict', detail: `The order is ${row.status}, not ${wanted}.` });
