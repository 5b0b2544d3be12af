/** Baskets: what a customer has put together. What a purchase is paying for already is not bought a second time. */
import { sql, type Kysely } from 'kysely';
import type { Refusal } from '../../contracts/failures.ts';
import { maxBasketLines, type BasketItem, type BasketView, type BasketWarning } from '../../contracts/products.ts';
import { unknownProduct, type ProductRow } from './products.ts';
import type { Database } from './schema.ts';

export interface BasketLine {
  readonly product: ProductRow;
  /** In the basket. */
  readonly quantity: number;
  /** Of it, what purchases that are not decided yet are paying for. */
  readonly beingPaid: number;
}

/**
 * The lines of a basket, by product id.
 * @param lock when what is found decides a purchase: two purchases of one basket then come one after the other.
 */
export async function selectBasket(db: Kysely<Database>, tenantId: string, customerId: string, lock?: 'for update'): Promise<BasketLine[]> {
  const basket = db.selectFrom('basket_items').select(['product_id', 'quantity']).where('tenant_id', '=', tenantId).where('customer_id', '=', customerId).orderBy('product_id');
  const items = await (lock === undefined ? basket : basket.forUpdate()).execute();
  if (items.length === 0) return [];
  // Asked for after the lock, in statements of their own: they see what the purchase before has written.
  const ids = items.map((item) => item.product_id);
  const products = await db.selectFrom('products').selectAll().where('tenant_id', '=', tenantId).where('id', 'in', ids).execute();
  const paying = await db
    .selectFrom('purchase_items as item')
    .innerJoin('purchases as purchase', (join) => join.onRef('purchase.tenant_id', '=', 'item.tenant_id').onRef('purchase.id', '=', 'item.purchase_id'))
    .select(['item.product_id', sql<number>`sum(item.quantity)::bigint`.as('quantity')])
    .where('purchase.tenant_id', '=', tenantId)
    .where('purchase.customer_id', '=', customerId)
    .where('purchase.status', '=', 'pending')
    .groupBy('item.product_id')
    .execute();
  const productOf = new Map(products.map((product) => [product.id, product]));
  const payingOf = new Map(paying.map((item) => [item.product_id, item.quantity]));
  return items.flatMap(({ product_id, quantity }) => {
    const product = productOf.get(product_id);
    return product === undefined ? [] : [{ product, quantity, beingPaid: Math.min(payingOf.get(product_id) ?? 0, quantity) }];
  });
}

export const openQuantity = ({ quantity, beingPaid }: BasketLine): number => quantity - beingPaid;

export const isOutOfStock = (line: BasketLine): boolean => line.product.stock !== null && openQuantity(line) > line.product.stock;

export async function findBasket(db: Kysely<Database>, tenantId: string, customerId: string): Promise<BasketView> {
  const lines = await selectBasket(db, tenantId, customerId);
  const currency = lines.find((line) => openQuantity(line) > 0)?.product.currency;
  const items = lines.map((line) => toItem(line, currency));
  const mixed = items.some(({ warnings }) => warnings.includes('other_currency'));
  return { customerId, items, ...(currency !== undefined && !mixed && { total: { amount: items.reduce((sum, { amount }) => sum + amount, 0), currency } }) };
}

function toItem(line: BasketLine, currency: string | undefined): BasketItem {
  const { product, quantity, beingPaid } = line;
  const open = openQuantity(line);
  const warnings: BasketWarning[] = [...(isOutOfStock(line) ? (['out_of_stock'] as const) : []), ...(open > 0 && product.currency !== currency ? (['other_currency'] as const) : [])];
  return {
    productId: product.id,
    sellerId: product.seller_id,
    name: product.name,
    kind: product.kind,
    quantity,
    ...(beingPaid > 0 && { beingPaid }),
    unitPrice: product.price_minor,
    amount: product.price_minor * open,
    currency: product.currency,
    warnings,
  };
}

/** @param quantity in all; 0 takes it out. */
export async function putBasketItem(db: Kysely<Database>, tenantId: string, customerId: string, productId: string, quantity: number): Promise<BasketView | Refusal> {
  const product = await db.selectFrom('products').select('id').where('tenant_id', '=', tenantId).where('id', '=', productId).executeTakeFirst();
  if (product === undefined) return unknownProduct(productId);
  if (quantity === 0) {
    await db.deleteFrom('basket_items').where('tenant_id', '=', tenantId).where('customer_id', '=', customerId).where('product_id', '=', productId).execute();
    return await findBasket(db, tenantId, customerId);
  }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('basket_items')
    .columns(['tenant_id', 'customer_id', 'product_id', 'quantity'])
    .expression(
      sql`SELECT ${tenantId}, ${customerId}, ${productId}, ${quantity}::integer
        WHERE (SELECT count(*) FROM basket_items WHERE tenant_id = ${tenantId} AND customer_id = ${customerId} AND product_id <> ${productId}) < ${maxBasketLines}`,
    )
    .onConflict((conflict) => conflict.columns(['tenant_id', 'customer_id', 'product_id']).doUpdateSet({ quantity }))
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) return { refused: 'invalid_request', detail: `A basket holds at most ${maxBasketLines} different products.` };
  return await findBasket(db, tenantId, customerId);
}

/** Takes out exactly what was bought: what was put in meanwhile stays. */
export async function takeFromBasket(db: Kysely<Database>, tenantId: string, customerId: string, bought: readonly { product_id: string; quantity: number }[]): Promise<void> {
  const ids = bought.map((item) => item.product_id);
  const quantities = bought.map((item) => item.quantity);
  // Locked in the order in which everybody locks a basket.
  await db.selectFrom('basket_items').select('product_id').where('tenant_id', '=', tenantId).where('customer_id', '=', customerId).where('product_id', 'in', ids).orderBy('product_id').forUpdate().execute();
  await sql`
    DELETE FROM basket_items AS item USING unnest(${ids}::text[], ${quantities}::integer[]) AS bought (product_id, quantity)
    WHERE item.tenant_id = ${tenantId} AND item.customer_id = ${customerId} AND item.product_id = bought.product_id AND item.quantity <= bought.quantity`.execute(db);
  await sql`
    UPDATE basket_items AS item SET quantity = item.quantity - bought.quantity FROM unnest(${ids}::text[], ${quantities}::integer[]) AS bought (product_id, quantity)
    WHERE item.tenant_id = ${tenantId} AND item.customer_id = ${customerId} AND item.product_id = bought.product_id AND item.quantity > bought.quantity`.execute(db);
}
