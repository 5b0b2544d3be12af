/** Downloads: what a customer has bought may be fetched for a while, and so many times. */
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import { typeid } from 'typeid-js';
import type { Refusal } from '../../contracts/failures.ts';
import { downloadLifeMs, maxDownloads } from '../../contracts/purchases/flow.ts';
import type { DownloadView } from '../../contracts/purchases/schemas.ts';
import type { Database } from './schema.ts';

export interface Bought {
  readonly tenantId: string;
  readonly customerId: string;
  /** The purchase or the order. */
  readonly by: { readonly purchase_id: string } | { readonly order_id: string };
}

/** In the transaction in which the goods become the customer's. */
export async function writeDownloads(tx: Transaction<Database>, { tenantId, customerId, by }: Bought, productIds: readonly string[]): Promise<void> {
  if (productIds.length === 0) return;
  const expires_at = new Date(Date.now() + downloadLifeMs);
  await tx
    .insertInto('downloads')
    .values(productIds.map((product_id) => ({ id: typeid('dl').toString(), tenant_id: tenantId, product_id, customer_id: customerId, expires_at, max_downloads: maxDownloads, purchase_id: null, order_id: null, ...by })))
    .execute();
}

export function toDownloadView(row: Selectable<Database['downloads']>): DownloadView {
  return { id: row.id, productId: row.product_id, expiresAt: row.expires_at.toISOString(), downloadsLeft: row.max_downloads - row.downloads };
}

export interface DownloadFile {
  readonly key: string;
  readonly name: string;
}

/** All of the money: who gets a part of it back keeps what was bought. */
const givenBack = sql<boolean>`EXISTS (
  SELECT FROM payments AS payment
  WHERE payment.tenant_id = download.tenant_id AND payment.status = 'refunded'
    AND (payment.subject_kind, payment.subject_id) IN (('purchase', download.purchase_id), ('order', download.order_id)))`;

/** Looks without counting. The id is unguessable and came with a signature, so it names its tenant by itself. */
export async function findDownload(db: Kysely<Database>, id: string): Promise<DownloadFile | Refusal> {
  const row = await db
    .selectFrom('downloads as download')
    .innerJoin('products as product', (join) => join.onRef('product.tenant_id', '=', 'download.tenant_id').onRef('product.id', '=', 'download.product_id'))
    .select(['product.file_key', 'product.file_name', 'download.downloads', 'download.max_downloads', sql<boolean>`download.expires_at <= now()`.as('expired'), givenBack.as('given_back')])
    .where('download.id', '=', id)
    .executeTakeFirst();
  if (row?.given_back === true) return { refused: 'download_withdrawn', detail: 'What was paid for it has been given back.' };
  if (row?.file_key == null || row.file_name === null) return { refused: 'file_not_found', detail: 'There is no file to download.' };
  if (row.expired) return { refused: 'link_expired', detail: 'The link has expired.' };
  if (row.downloads >= row.max_downloads) return limitReached(row.max_downloads);
  return { key: row.file_key, name: row.file_name };
}

/** Counts one download, in one statement: of two at once only one gets the last. @returns why it may not be, or nothing. */
export async function countDownload(db: Kysely<Database>, id: string): Promise<Refusal | undefined> {
  const { numUpdatedRows } = await db
    .updateTable('downloads')
    .set({ downloads: sql`downloads + 1` })
    .where('id', '=', id)
    .where('downloads', '<', sql<number>`max_downloads`)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n ? undefined : limitReached();
}

const limitReached = (times?: number): Refusal => ({ refused: 'download_limit_reached', detail: times === undefined ? 'It was downloaded as often as it may be.' : `It was downloaded ${times} times, as often as it may be.` });
