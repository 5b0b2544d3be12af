/**
 * Orders, purchases and uploads that nobody went on with: written down, and then their flow never started, or was gone before it
 * came to the payment. Without money there is nothing to give back, so all that is left is to end them and to say so.
 */
import { sql, type Kysely } from 'kysely';
import { beginUndo as beginOrderUndo, finishUndo as finishOrderUndo } from './orders/endings.ts';
import { beginUndo as beginPurchaseUndo, finishUndo as finishPurchaseUndo } from './purchases/undo.ts';
import type { Database } from './schema.ts';
import { endUnbegunUploads } from './uploads/transitions.ts';

/** Longer than any flow takes to its payment, also while the database comes and goes. */
const unbegunAfterMs = 60 * 60 * 1000;
const reason = 'temporal_unavailable';
const atOnce = 100;

/**
 * A flow that comes late after all finds an order that has ended, and takes no money; a payment that begins in this very
 * moment gives back what it takes.
 * @returns how many were ended.
 */
export async function endUnbegun(db: Kysely<Database>): Promise<number> {
  const orders = await forgotten(db, 'orders');
  for (const { tenant_id: tenantId, id: orderId } of orders) {
    await beginOrderUndo(db, { tenantId, orderId }, 'payment', reason);
    await finishOrderUndo(db, { tenantId, orderId });
  }
  const purchases = await forgotten(db, 'purchases');
  for (const { tenant_id: tenantId, id: purchaseId } of purchases) {
    await beginPurchaseUndo(db, { tenantId, purchaseId }, reason);
    await finishPurchaseUndo(db, { tenantId, purchaseId });
  }
  return orders.length + purchases.length + (await endUnbegunUploads(db));
}

/** Those too that an earlier sweep had begun to end when it was killed. */
async function forgotten(db: Kysely<Database>, table: 'orders' | 'purchases'): Promise<readonly { tenant_id: string; id: string }[]> {
  const { rows } = await sql<{ tenant_id: string; id: string }>`
    SELECT tenant_id, id FROM ${sql.table(table)} AS one
    WHERE (status = 'pending' OR (status = 'undoing' AND reason = ${reason})) AND created_at < ${new Date(Date.now() - unbegunAfterMs)}
      AND NOT EXISTS (SELECT FROM payments AS payment WHERE payment.tenant_id = one.tenant_id AND payment.id = one.payment_id)
    LIMIT ${atOnce}`.execute(db);
  return rows;
}
