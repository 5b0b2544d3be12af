/** A purchase that comes to nothing: first it is decided that it does, then what was done is undone, then it ends. */
import { sql, type Kysely } from 'kysely';
import { type Refusal } from '../../../contracts/failures.ts';
import type { PurchaseReason } from '../../../contracts/purchases/flow.ts';
import type { PurchaseView } from '../../../contracts/purchases/schemas.ts';
import { writeNotices } from '../notices.ts';
import { selectPayment } from '../payments/rows.ts';
import type { Database } from '../schema.ts';
import type { PurchaseRef } from './create.ts';
import { selectPurchase, toPurchaseView, unknownPurchase } from './rows.ts';

/** @returns the purchase as it stands then: one that was completed in the last moment stays completed. */
export async function beginUndo(db: Kysely<Database>, { tenantId, purchaseId }: PurchaseRef, reason: PurchaseReason): Promise<PurchaseView | Refusal> {
  const row = await db
    .updateTable('purchases')
    .set({ status: 'undoing', reason, updated_at: sql`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', purchaseId)
    .where('status', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  const now = row ?? (await selectPurchase(db, tenantId, purchaseId));
  return now === undefined ? unknownPurchase(purchaseId) : toPurchaseView(now);
}

/** Everything is undone. The customer and the administrators are told in the same transaction (A6). */
export async function finishUndo(db: Kysely<Database>, { tenantId, purchaseId }: PurchaseRef): Promise<PurchaseView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const purchase = await selectPurchase(tx, tenantId, purchaseId, 'for update');
    if (purchase === undefined) return unknownPurchase(purchaseId);
    if (purchase.status !== 'undoing') return toPurchaseView(purchase);
    const status = purchase.reason === 'cancelled' ? 'cancelled' : 'failed';
    const ended = await tx
      .updateTable('purchases')
      .set({ status, updated_at: sql`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', purchaseId)
      .returningAll()
      .executeTakeFirstOrThrow();
    const refundedMinor = (await selectPayment(tx, tenantId, purchase.payment_id))?.refunded_minor ?? 0;
    const notice = {
      recipientId: purchase.customer_id,
      template: `purchase_${status}`,
      subjectId: purchaseId,
      data: {
        reason: purchase.reason ?? 'cancelled',
        amountMinor: purchase.amount_minor,
        currency: purchase.currency,
        refundedMinor,
        ...(purchase.booking_id !== null && { bookingId: purchase.booking_id }),
      },
    };
    await writeNotices(tx, tenantId, [{ ...notice, audience: 'customer' }, { ...notice, audience: 'administrators' }]);
    return toPurchaseView(ended);
  });
}

/** @param occasion tells one parking of a purchase from the next. */
export async function tellParked(db: Kysely<Database>, { tenantId, purchaseId }: PurchaseRef, step: string, why: string, occasion: string): Promise<void> {
  const purchase = await selectPurchase(db, tenantId, purchaseId);
  if (purchase === undefined) return;
  await writeNotices(db, tenantId, [{ audience: 'administrators', recipientId: purchase.customer_id, template: 'compensation_parked', subjectId: purchaseId, data: { step, why } }], occasion);
}
