/** Downloads: what a customer has bought may be fetched for a while, and so many times. */
import { sql, type Kysely, type Selectable } from 'kysely';
import { typeid } from 'typeid-js';
import type { Refusal } from '../../contracts/failures.ts';
import type { DownloadView } from '../../contracts/purchases/schemas.ts';
import type { Database } from './schema.ts';

export const newDownloadId = (): string => typeid('dl').toString();

export function toDownloadView(row: Selectable<Database['downloads']>): DownloadView {
  return { id: row.id, productId: row.product_id, expiresAt: row.expires_at.toISOString(), downloadsLeft: row.max_downloads - row.downloads };
}

export interface DownloadFile {
  readonly key: string;
  readonly name: string;
}

/** Looks without counting. The id is unguessable and came with a signature, so it names its tenant by itself. */
export async function findDownload(db: Kysely<Database>, id: string): Promise<DownloadFile | Refusal> {
  const row = await db
    .selectFrom('downloads as download')
    .innerJoin('products as product', (join) => join.onRef('product.tenant_id', '=', 'download.tenant_id').onRef('product.id', '=', 'download.product_id'))
    .select(['product.file_key', 'product.file_name', 'download.downloads', 'download.max_downloads', sql<boolean>`download.expires_at <= now()`.as('expired')])
    .where('download.id', '=', id)
    .executeTakeFirst();
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
