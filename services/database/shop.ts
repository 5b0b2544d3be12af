/** What a shop says about itself on its invoices. */
import type { Kysely, Selectable } from 'kysely';
import type { PutShop, ShopProfile, ShopView } from '../../contracts/shop.ts';
import type { Database } from './schema.ts';

export async function loadShop(db: Kysely<Database>, tenantId: string): Promise<ShopView> {
  return toShopView(await db.selectFrom('tenants').selectAll().where('id', '=', tenantId).executeTakeFirstOrThrow());
}

/** Replaces it. Invoices that were issued before stay as they are. */
export async function putShop(db: Kysely<Database>, tenantId: string, { vatBasisPoints, ...profile }: PutShop): Promise<ShopView> {
  const row = await db
    .updateTable('tenants')
    .set({ profile: JSON.stringify(profile satisfies ShopProfile), vat_basis_points: vatBasisPoints })
    .where('id', '=', tenantId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toShopView(row);
}

function toShopView({ name, vat_basis_points, profile }: Selectable<Database['tenants']>): ShopView {
  return { legalName: name, address: [], invoicePrefix: 'INV', locale: 'en', ...profile, vatBasisPoints: vat_basis_points };
}
