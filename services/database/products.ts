/** The catalogue of what is sold on the marketplace. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Refusal } from '../../contracts/failures.ts';
import type { ListProducts, ProductView, PutProduct } from '../../contracts/products.ts';
import type { Page } from '../../contracts/values.ts';
import { keepForGood, keepUntil } from './expired-files.ts';
import { decodeCursor, toPage } from './paging.ts';
import type { Database } from './schema.ts';
import type { KeptImage } from './schema/files.ts';

export type ProductRow = Selectable<Database['products']>;

/** With the keys of its images; the API makes links of them. */
export type KeptProduct = Omit<ProductView, 'images'> & { readonly images: readonly KeptImage[] };

export const unknownProduct = (id: string): Refusal => ({ refused: 'product_not_found', detail: `There is no product ${id}.` });

function toProduct(row: ProductRow): KeptProduct {
  return {
    id: row.id,
    sellerId: row.seller_id,
    name: row.name,
    kind: row.kind,
    price: row.price_minor,
    currency: row.currency,
    ...(row.stock !== null && { stock: row.stock }),
    ...(row.weight_grams !== null && { weightGrams: row.weight_grams }),
    ...(row.vat_basis_points !== null && { vatBasisPoints: row.vat_basis_points }),
    ...(row.file_name !== null && { fileName: row.file_name }),
    images: row.images,
    sold: row.sold_count,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Creates or replaces. Its file and its count of sales stay; what is bought already keeps its price. */
export async function putProduct(db: Kysely<Database>, tenantId: string, id: string, body: PutProduct): Promise<{ view: KeptProduct; created: boolean }> {
  const values = {
    seller_id: body.sellerId,
    name: body.name,
    kind: body.kind,
    price_minor: body.price,
    currency: body.currency,
    stock: body.stock ?? null,
    weight_grams: body.weightGrams ?? null,
    vat_basis_points: body.vatBasisPoints ?? null,
  };
  const { is_new: created, ...row } = await db
    .insertInto('products')
    .values({ tenant_id: tenantId, id, ...values })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'id']).doUpdateSet({ ...values, ...(body.kind === 'physical' && { file_key: null, file_name: null }), updated_at: sql`now()` }),
    )
    .returningAll()
    // A row that this statement inserted has no older version: https://www.postgresql.org/docs/18/ddl-system-columns.html
    .returning(sql<boolean>`xmax = 0`.as('is_new'))
    .executeTakeFirstOrThrow();
  return { view: toProduct(row), created };
}

export async function findProduct(db: Kysely<Database>, tenantId: string, id: string): Promise<KeptProduct | undefined> {
  const row = await db.selectFrom('products').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toProduct(row);
}

/** By id, as the shop knows them. */
export async function listProducts(db: Kysely<Database>, tenantId: string, filter: ListProducts): Promise<Page<KeptProduct>> {
  let query = db.selectFrom('products').selectAll().where('tenant_id', '=', tenantId).orderBy('id').limit(filter.limit + 1);
  if (filter.sellerId !== undefined) query = query.where('seller_id', '=', filter.sellerId);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.cursor !== undefined) query = query.where('id', '>', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toProduct);
}

/** The file that it had before is left to the clean-up. */
export async function setProductFile(db: Kysely<Database>, tenantId: string, id: string, file: { key: string; name: string }): Promise<KeptProduct | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const before = await tx.selectFrom('products').select(['kind', 'file_key']).where('tenant_id', '=', tenantId).where('id', '=', id).forUpdate().executeTakeFirst();
    if (before === undefined) return unknownProduct(id);
    if (before.kind !== 'digital') return notDigital(id);
    const row = await tx
      .updateTable('products')
      .set({ file_key: file.key, file_name: file.name, updated_at: sql`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await keepForGood(tx, tenantId, [file.key]);
    if (before.file_key !== null && before.file_key !== file.key) await keepUntil(tx, tenantId, [before.file_key], new Date());
    return toProduct(row);
  });
}

export const notDigital = (id: string): Refusal => ({ refused: 'invalid_request', detail: `Only a digital product has a file; ${id} is physical.` });
