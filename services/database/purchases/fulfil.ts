/**
 * The moment in which paid goods change hands: everything of it happens in one transaction, or nothing (B3, A5). The
 * purchase's row is locked first, so a purchase that is being undone is never fulfilled by a late attempt, nor the
 * other way round.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import { isRefusal, unknownPayment, type Refusal } from '../../../contracts/failures.ts';
import type { PurchaseView } from '../../../contracts/purchases/schemas.ts';
import { takeFromBasket } from '../baskets.ts';
import { writeDownloads } from '../downloads.ts';
import { writeNotices, type Notice } from '../notices.ts';
import { selectPayment } from '../payments/rows.ts';
import { settleBooking, settlePayment } from '../payments/settle.ts';
import type { Database } from '../schema.ts';
import { allOrNothing } from '../all-or-nothing.ts';
import type { PurchaseRef } from './create.ts';
import { selectItems, selectPurchase, toPurchaseView, unknownPurchase, type PurchaseItemRow, type PurchaseRow } from './rows.ts';
import { sharesOf } from './shares.ts';

/** @returns the purchase, completed; or why it cannot be: then nothing has changed, and the money must be given back. */
export async function fulfilPurchase(db: Kysely<Database>, { tenantId, purchaseId }: PurchaseRef): Promise<PurchaseView | Refusal> {
  return await allOrNothing(db, async (tx) => {
    const purchase = await selectPurchase(tx, tenantId, purchaseId, 'for update');
    if (purchase === undefined) return unknownPurchase(purchaseId);
    if (purchase.status === 'completed') return toPurchaseView(purchase);
    if (purchase.status !== 'pending') return { refused: 'payment_closed', detail: `The purchase is ${purchase.status}.` };
    const refusal = purchase.booking_id === null ? await handOverBasket(tx, purchase) : await handOverVehicle(tx, purchase, purchase.booking_id);
    if (refusal !== undefined) return refusal;
    const completed = await tx
      .updateTable('purchases')
      .set({ status: 'completed', updated_at: sql`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', purchaseId)
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeNotices(tx, tenantId, [
      { audience: 'customer', recipientId: purchase.customer_id, template: 'purchase_completed', subjectId: purchaseId, data: { amountMinor: purchase.amount_minor, currency: purchase.currency, ...(purchase.booking_id !== null && { bookingId: purchase.booking_id }) } },
    ]);
    return toPurchaseView(completed);
  });
}

async function handOverVehicle(tx: Transaction<Database>, { tenant_id, payment_id }: PurchaseRow, bookingId: string): Promise<Refusal | undefined> {
  const payment = await selectPayment(tx, tenant_id, payment_id, 'for update');
  if (payment === undefined) return unknownPayment(payment_id);
  const booking = await settleBooking(tx, bookingId, payment);
  return isRefusal(booking) ? booking : undefined;
}

async function handOverBasket(tx: Transaction<Database>, purchase: PurchaseRow): Promise<Refusal | undefined> {
  const items = await selectItems(tx, purchase.tenant_id, purchase.id);
  const settled = await settlePayment(tx, purchase.tenant_id, purchase.payment_id, sharesOf(items));
  if (isRefusal(settled)) return settled;
  const short = await takeStock(tx, purchase.tenant_id, items);
  if (short !== undefined) return short;
  const digital = items.filter(({ kind }) => kind === 'digital').map(({ product_id }) => product_id);
  await writeDownloads(tx, { tenantId: purchase.tenant_id, customerId: purchase.customer_id, by: { purchase_id: purchase.id } }, digital);
  await takeFromBasket(tx, purchase.tenant_id, purchase.customer_id, items);
  await writeNotices(tx, purchase.tenant_id, soldNotices(purchase, items));
  return undefined;
}

/** The rows are locked by product id, as everybody locks them, so two sales never wait for each other in a circle. */
async function takeStock(tx: Transaction<Database>, tenantId: string, items: readonly PurchaseItemRow[]): Promise<Refusal | undefined> {
  const ids = items.map(({ product_id }) => product_id);
  const products = await tx.selectFrom('products').select(['id', 'stock']).where('tenant_id', '=', tenantId).where('id', 'in', ids).orderBy('id').forNoKeyUpdate().execute();
  const stockOf = new Map(products.map(({ id, stock }) => [id, stock]));
  const short = items.find(({ product_id, quantity }) => (stockOf.get(product_id) ?? quantity) < quantity);
  if (short !== undefined) return { refused: 'out_of_stock', detail: `There are only ${stockOf.get(short.product_id) ?? 0} of ${short.name}.` };
  await sql`
    UPDATE products AS product SET stock = product.stock - sold.quantity, sold_count = product.sold_count + sold.quantity
    FROM unnest(${ids}::text[], ${items.map(({ quantity }) => quantity)}::integer[]) AS sold (id, quantity)
    WHERE product.tenant_id = ${tenantId} AND product.id = sold.id`.execute(tx);
  return undefined;
}

/** One notice for each seller, whatever was sold. */
function soldNotices(purchase: PurchaseRow, items: readonly PurchaseItemRow[]): Notice[] {
  return [...Map.groupBy(items, ({ seller_id }) => seller_id)].map(([sellerId, sold]) => ({
    audience: 'seller',
    recipientId: sellerId,
    template: 'item_sold',
    subjectId: purchase.id,
    data: {
      items: sold.reduce((sum, { quantity }) => sum + quantity, 0),
      earnedMinor: sold.reduce((sum, { amount_minor, fee_minor }) => sum + amount_minor - fee_minor, 0),
      feeMinor: sold.reduce((sum, { fee_minor }) => sum + fee_minor, 0),
      currency: purchase.currency,
    },
  }));
}
