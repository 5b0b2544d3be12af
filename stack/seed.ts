/** A small catalogue for the two shops that a fresh home has, so that there is something to book and to buy at once. */
import { typeid } from 'typeid-js';
import { isRefusal } from '../contracts/failures.ts';
import { openDatabases, type Databases } from '../services/database/connection.ts';
import { putProduct, setProductFile } from '../services/database/products.ts';
import { putResource } from '../services/database/resources.ts';
import { putShop } from '../services/database/shop.ts';
import { openStorage, type Storage } from '../services/storage/storage.ts';
import type { StackInfo } from './info.ts';
import { shops, type SeedProduct, type Shop } from './seed/catalogue.ts';

export interface Seeded {
  readonly resources: number;
  readonly products: number;
}

/**
 * Fills what each known shop has none of yet: things to book, products, what its invoices say. Whatever it has a single
 * one of is left as it is, so what was changed stays changed. Straight into the database: the callers' rate limit is not
 * used up.
 * @param storageUrl where the files of digital products are kept.
 * @returns how many were added.
 */
export async function seed(stack: Pick<StackInfo, 'databaseUrl' | 'apiKeys'>, storageUrl: string): Promise<Seeded> {
  const databases = openDatabases({ writeUrl: stack.databaseUrl, applicationName: 'holdfast seed' });
  const storage = openStorage(storageUrl);
  const seeded = { resources: 0, products: 0 };
  try {
    for (const [tenantId, shop] of Object.entries(shops)) {
      if (!Object.hasOwn(stack.apiKeys, tenantId)) continue;
      await databases.write.insertInto('tenants').values({ id: tenantId, name: shop.name }).onConflict((conflict) => conflict.column('id').doNothing()).execute();
      await seedProfile(databases, tenantId, shop);
      seeded.resources += await seedResources(databases, tenantId, shop);
      seeded.products += await seedProducts(databases, storage, tenantId, shop);
    }
  } finally {
    await databases.close();
  }
  return seeded;
}

async function seedProfile({ write }: Databases, tenantId: string, { profile }: Shop): Promise<void> {
  const known = await write.selectFrom('tenants').select('profile').where('id', '=', tenantId).executeTakeFirstOrThrow();
  if (Object.keys(known.profile).length === 0) await putShop(write, tenantId, profile);
}

async function seedResources({ write }: Databases, tenantId: string, { catalogue }: Shop): Promise<number> {
  const known = await write.selectFrom('resources').select('id').where('tenant_id', '=', tenantId).limit(1).executeTakeFirst();
  if (known !== undefined) return 0;
  let added = 0;
  for (const [id, resource] of Object.entries(catalogue)) {
    const outcome = await putResource(write, tenantId, id, resource);
    if (!isRefusal(outcome) && outcome.created) added += 1;
  }
  return added;
}

async function seedProducts({ write }: Databases, storage: Storage, tenantId: string, { products }: Shop): Promise<number> {
  const known = await write.selectFrom('products').select('id').where('tenant_id', '=', tenantId).limit(1).executeTakeFirst();
  if (known !== undefined) return 0;
  let added = 0;
  for (const [id, { product, file }] of Object.entries(products)) {
    const kept = await keptFile(storage, tenantId, file);
    const { created } = await putProduct(write, tenantId, id, product);
    if (created) added += 1;
    if (kept !== undefined) await setProductFile(write, tenantId, id, kept);
  }
  return added;
}

/** Before its product, so that nothing is on sale that cannot be downloaded. */
async function keptFile(storage: Storage, tenantId: string, file: SeedProduct['file']): Promise<{ key: string; name: string } | undefined> {
  if (file === undefined) return undefined;
  const { name, bytes, contentType } = await file();
  const key = `${tenantId}/products/${typeid('file').toString()}`;
  await storage.put(key, bytes, { contentType });
  return { key, name };
}
