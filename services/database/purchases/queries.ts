/** Reading purchases and what sellers are owed. Every query names its tenant. */
import { sql, type Kysely } from 'kysely';
import type { SellerBalance } from '../../../contracts/products.ts';
import type { ListPurchases, PurchaseView } from '../../../contracts/purchases/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import { toDownloadView } from '../downloads.ts';
import { accounts } from '../ledger.ts';
import { decodeCursor, toPage } from '../paging.ts';
import { toPaymentView, type PaymentRow } from '../payments/rows.ts';
import type { Database } from '../schema.ts';
import { selectPurchase, toItemView, toPurchaseView, type PurchaseRow } from './rows.ts';

/** A purchase with its payment, items and downloads. */
export async function findPurchase(db: Kysely<Database>, tenantId: string, id: string): Promise<PurchaseView | undefined> {
  const row = await selectPurchase(db, tenantId, id);
  return row === undefined ? undefined : (await complete(db, tenantId, [row]))[0];
}

/** Newest first. */
export async function listPurchases(db: Kysely<Database>, tenantId: string, filter: ListPurchases): Promise<Page<PurchaseView>> {
  let query = db.selectFrom('purchases').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.customerId !== undefined) query = query.where('customer_id', '=', filter.customerId);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  const { items, ...page } = toPage(await query.execute(), filter.limit, (row) => row.id, (row) => row);
  return { ...page, items: await complete(db, tenantId, items) };
}

/** Three questions for a page, however many purchases are on it. */
async function complete(db: Kysely<Database>, tenantId: string, rows: readonly PurchaseRow[]): Promise<PurchaseView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [payments, items, downloads] = await Promise.all([
    db.selectFrom('payments').selectAll().where('tenant_id', '=', tenantId).where('id', 'in', rows.map((row) => row.payment_id)).execute(),
    db.selectFrom('purchase_items').selectAll().where('tenant_id', '=', tenantId).where('purchase_id', 'in', ids).orderBy('line').execute(),
    db.selectFrom('downloads').selectAll().where('tenant_id', '=', tenantId).where('purchase_id', 'in', ids).orderBy('product_id').execute(),
  ]);
  const paymentOf = new Map(payments.map((payment) => [payment.id, payment]));
  const itemsOf = Map.groupBy(items, (item) => item.purchase_id);
  const downloadsOf = Map.groupBy(downloads, (download) => download.purchase_id);
  return rows.map((row) => ({
    ...toPurchaseView(row),
    payment: paymentState(paymentOf.get(row.payment_id)),
    ...(row.kind === 'basket' && { items: (itemsOf.get(row.id) ?? []).map(toItemView) }),
    ...(row.kind === 'basket' && row.status === 'completed' && paymentOf.get(row.payment_id)?.status !== 'refunded' && { downloads: (downloadsOf.get(row.id) ?? []).map(toDownloadView) }),
  }));
}

function paymentState(row: PaymentRow | undefined): NonNullable<PurchaseView['payment']> {
  if (row === undefined) return { status: 'created' };
  const { status, redirectUrl, failure } = toPaymentView(row);
  return { status, ...(redirectUrl !== undefined && { redirectUrl }), ...(failure !== undefined && { failure }) };
}

/** From the ledger alone. A seller who never sold anything is owed nothing. */
export async function findSellerBalance(db: Kysely<Database>, tenantId: string, sellerId: string): Promise<SellerBalance> {
  const balances = await db
    .selectFrom('ledger_entries')
    .select(['currency', sql<number>`-sum(amount_minor)::bigint`.as('amount')])
    .where('tenant_id', '=', tenantId)
    .where('account', '=', accounts.seller(sellerId))
    .groupBy('currency')
    .orderBy('currency')
    .execute();
  return { sellerId, balances };
}
