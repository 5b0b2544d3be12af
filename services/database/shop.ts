/** What a shop says about itself on its invoices. */
import type { Kysely, Selectable } from 'kysely';
import type { PutShop, ShopProfile, ShopView } from '../../contracts/shop.ts';
import { keepForGood } from './expired-files.ts';
import type { Database } from './schema.ts';

/** As it is kept: a link to the logo is made of where it is. */
export type KeptShop = Omit<ShopView, 'logoUrl'> & { readonly logoKey?: string };

export async function loadShop(db: Kysely<Database>, tenantId: string): Promise<KeptShop> {
  return toKeptShop(await db.selectFrom('tenants').selectAll().where('id', '=', tenantId).executeTakeFirstOrThrow());
}

/** Replaces all but the logo. Invoices that were issued before stay as they are. */
export async function putShop(db: Kysely<Database>, tenantId: string, { vatBasisPoints, ...profile }: PutShop): Promise<KeptShop> {
  const row = await db
    .updateTable('tenants')
    .set({ profile: JSON.stringify(profile satisfies ShopProfile), vat_basis_points: vatBasisPoints })
    .where('id', '=', tenantId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toKeptShop(row);
}

/** The picture before it is kept, too: invoices that were issued with it may still have to be drawn. */
export async function setLogo(db: Kysely<Database>, tenantId: string, key: string): Promise<KeptShop> {
  return await db.transaction().execute(async (tx) => {
    await keepForGood(tx, tenantId, [key]);
    return toKeptShop(await tx.updateTable('tenants').set({ logo_key: key }).where('id', '=', tenantId).returningAll().executeTakeFirstOrThrow());
  });
}

function toKeptShop({ name, vat_basis_points, logo_key, profile }: Selectable<Database['tenants']>): KeptShop {
  return { legalName: name, address: [], invoicePrefix: 'INV', locale: 'en', ...profile, vatBasisPoints: vat_basis_points, ...(logo_key !== null && { logoKey: logo_key }) };
}
