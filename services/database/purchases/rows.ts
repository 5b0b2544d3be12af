/** From rows to views. */
import type { Kysely, Selectable } from 'kysely';
import type { Refusal } from '../../../contracts/failures.ts';
import type { PurchaseItemView, PurchaseView } from '../../../contracts/purchases/schemas.ts';
import type { Database } from '../schema.ts';

export type PurchaseRow = Selectable<Database['purchases']>;
export type PurchaseItemRow = Selectable<Database['purchase_items']>;

export const unknownPurchase = (id: string): Refusal => ({ refused: 'purchase_not_found', detail: `There is no purchase ${id}.` });

/** The purchase itself: what a flow needs. */
export function toPurchaseView(row: PurchaseRow): PurchaseView {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    customerId: row.customer_id,
    ...(row.booking_id !== null && { bookingId: row.booking_id }),
    amount: row.amount_minor,
    currency: row.currency,
    paymentId: row.payment_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toItemView(row: PurchaseItemRow): PurchaseItemView {
  return {
    line: row.line,
    productId: row.product_id,
    sellerId: row.seller_id,
    name: row.name,
    kind: row.kind,
    quantity: row.quantity,
    unitPrice: row.unit_price_minor,
    amount: row.amount_minor,
    fee: row.fee_minor,
  };
}

export async function selectPurchase(db: Kysely<Database>, tenantId: string, id: string, lock?: 'for update'): Promise<PurchaseRow | undefined> {
  const query = db.selectFrom('purchases').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id);
  return await (lock === undefined ? query : query.forUpdate()).executeTakeFirst();
}

export async function selectItems(db: Kysely<Database>, tenantId: string, purchaseId: string): Promise<PurchaseItemRow[]> {
  return await db.selectFrom('purchase_items').selectAll().where('tenant_id', '=', tenantId).where('purchase_id', '=', purchaseId).orderBy('line').execute();
}
