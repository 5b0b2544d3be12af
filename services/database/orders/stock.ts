/**
 * Goods put aside for an order. What is taken of a product's stock and the note of who took it are one transaction, so
 * nothing is ever lost or doubled; products are locked in the order of their ids, so that orders never deadlock.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Refusal } from '../../../contracts/failures.ts';
import type { OrderState } from '../../../contracts/orders/schemas.ts';
import type { Database } from '../schema.ts';
import { refuseShort } from './draft.ts';
import { inOrder, passedBy, selectItems, toOrderState, updateOrder, type ItemRow, type OrderRef } from './rows.ts';

/** Puts aside all of the order, or nothing. Products without a count are always there. */
export async function reserveStock(db: Kysely<Database>, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status === 'confirmed' || row.step === 'shipping' || row.step === 'confirmation') return toOrderState(row);
    if (row.status !== 'pending') return passedBy(row, 'pending');
    const items = await selectItems(tx, ref);
    const stocks = await lockProducts(tx, ref.tenantId, items.map(({ product_id }) => product_id));
    const taken = [];
    for (const { product_id, name, quantity } of items) {
      const stock = stocks.get(product_id);
      if (stock === undefined) return { refused: 'product_not_found', detail: `There is no product ${product_id} any more.` };
      const short = refuseShort({ id: product_id, name, stock }, quantity);
      if (short !== undefined) return short;
      if (stock !== null) taken.push({ tenant_id: ref.tenantId, order_id: ref.orderId, product_id, quantity });
    }
    if (taken.length > 0) {
      await tx.insertInto('stock_reservations').values(taken).execute();
      await changeStock(tx, ref.tenantId, taken.map(({ product_id, quantity }) => ({ product_id, change: -quantity })));
    }
    return await updateOrder(tx, ref, { step: row.ship_to === null ? 'confirmation' : 'shipping' });
  });
}

/** Does nothing when nothing is put aside, or not any more. What the customer has got is never put back. */
export async function giveBackStock(db: Kysely<Database>, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status !== 'undoing') return passedBy(row, 'undoing');
    const given = await tx.deleteFrom('stock_reservations').where('tenant_id', '=', ref.tenantId).where('order_id', '=', ref.orderId).returning(['product_id', 'quantity']).execute();
    if (given.length > 0) {
      await lockProducts(tx, ref.tenantId, given.map(({ product_id }) => product_id));
      await changeStock(tx, ref.tenantId, given.map(({ product_id, quantity }) => ({ product_id, change: quantity })));
    }
    return toOrderState(row);
  });
}

/** In the transaction that completes the order. */
export async function countSold(tx: Transaction<Database>, tenantId: string, items: readonly Pick<ItemRow, 'product_id' | 'quantity'>[]): Promise<void> {
  await lockProducts(tx, tenantId, items.map(({ product_id }) => product_id));
  await sql`
    UPDATE products SET sold_count = sold_count + sold.quantity
    FROM unnest(${items.map(({ product_id }) => product_id)}::text[], ${items.map(({ quantity }) => quantity)}::integer[]) AS sold (product_id, quantity)
    WHERE products.tenant_id = ${tenantId} AND products.id = sold.product_id`.execute(tx);
}

async function lockProducts(tx: Transaction<Database>, tenantId: string, ids: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await tx.selectFrom('products').select(['id', 'stock']).where('tenant_id', '=', tenantId).where('id', 'in', ids).orderBy('id').forNoKeyUpdate().execute();
  return new Map(rows.map(({ id, stock }) => [id, stock]));
}

/** A product that is not counted (any more) stays uncounted. */
async function changeStock(tx: Transaction<Database>, tenantId: string, changes: readonly { product_id: string; change: number }[]): Promise<void> {
  await sql`
    UPDATE products SET stock = stock + c.change, updated_at = now()
    FROM unnest(${changes.map(({ product_id }) => product_id)}::text[], ${changes.map(({ change }) => change)}::integer[]) AS c (product_id, change)
    WHERE products.tenant_id = ${tenantId} AND products.id = c.product_id`.execute(tx);
}
