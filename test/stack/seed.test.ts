import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { seed } from '../../stack/seed.ts';
import { shops } from '../../stack/seed/catalogue.ts';
import type { Databases } from '../../services/database/connection.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { findResource, putResource } from '../../services/database/resources.ts';
import { loadShop, putShop } from '../../services/database/shop.ts';
import { openStorage } from '../../services/storage/storage.ts';
import { openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';

let databases: Databases;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-seed-'));
  databases = await openTestDatabase();
  await clear();
});
afterAll(async () => {
  await clear();
  await databases.close();
  await rm(folder, { recursive: true, force: true });
});

const tenants = Object.keys(shops);
const clear = async (): Promise<void> => {
  for (const table of ['resources', 'products'] as const) await databases.write.deleteFrom(table).where('tenant_id', 'in', tenants).execute();
  await databases.write.updateTable('tenants').set({ profile: '{}', vat_basis_points: 0 }).where('id', 'in', tenants).execute();
};
const rowsOf = async (table: 'resources' | 'products'): Promise<unknown[]> => await databases.write.selectFrom(table).selectAll().where('tenant_id', 'in', tenants).orderBy('tenant_id').orderBy('id').execute();
const catalogue = async (): Promise<unknown[]> => [...(await rowsOf('resources')), ...(await rowsOf('products'))];

test('an empty catalogue is filled once for each shop that has a key; what is there is never overwritten', async () => {
  const { databaseUrl } = await testStack();
  const storage = pathToFileURL(folder).href;
  const all = Object.fromEntries(tenants.map((tenant) => [tenant, 'a-key-of-its-own']));
  const sizes = Object.fromEntries(Object.entries(shops).map(([tenant, { catalogue: things, products }]) => [tenant, { resources: Object.keys(things).length, products: Object.keys(products).length }]));
  const [first = '', second = ''] = tenants;
  const nothing = { resources: 0, products: 0 };

  expect(await seed({ databaseUrl, apiKeys: { 'somebody-else': 'x' } }, storage)).toEqual(nothing);
  expect(await catalogue()).toEqual([]);

  expect(await seed({ databaseUrl, apiKeys: { [first]: 'x' } }, storage)).toEqual(sizes[first]);
  expect(await seed({ databaseUrl, apiKeys: all }, storage)).toEqual(sizes[second]);

  const seeded = await catalogue();
  expect(await seed({ databaseUrl, apiKeys: all }, storage)).toEqual(nothing);
  expect(await catalogue()).toEqual(seeded);

  // A shop that has changed its catalogue keeps the change, and gets back nothing that it removed.
  const [changed = '', ...others] = Object.keys(shops[first]?.catalogue ?? {});
  await putResource(databases.write, first, changed, { kind: 'vehicle', name: 'Sold as seen', price: 1, currency: 'EUR' });
  await databases.write.deleteFrom('resources').where('tenant_id', '=', first).where('id', 'in', others).execute();
  expect(await seed({ databaseUrl, apiKeys: all }, storage)).toEqual(nothing);
  expect(await findResource(databases.write, first, changed)).toMatchObject({ name: 'Sold as seen' });
  expect((await rowsOf('resources')).length).toBe(1 + (sizes[second]?.resources ?? 0));

  // Each kind by itself: who has cleared his shelves gets them filled, and the rest stays.
  const removed = await databases.write.deleteFrom('products').where('tenant_id', '=', second).returning('id').execute();
  expect(await seed({ databaseUrl, apiKeys: all }, storage)).toEqual({ resources: 0, products: removed.length });
  await databases.write.deleteFrom('products').where('tenant_id', '=', second).execute();
  await putProduct(databases.write, second, 'jam', { sellerId: 'aunt', name: 'Jam', kind: 'physical', price: 1, currency: 'EUR', weightGrams: 1 });
  expect(await seed({ databaseUrl, apiKeys: all }, storage)).toEqual(nothing);
});

test('every digital product has a file that can be read, and every shop what its invoices need, unless it said so itself', async () => {
  const { databaseUrl } = await testStack();
  await clear();
  const [first = '', second = ''] = tenants;
  await databases.write.insertInto('tenants').values(tenants.map((id) => ({ id, name: id }))).onConflict((conflict) => conflict.doNothing()).execute();
  await putShop(databases.write, first, { legalName: 'Own words', address: ['Here'], country: 'CZ', vatBasisPoints: 0, invoicePrefix: 'OWN', locale: 'cs' });
  await seed({ databaseUrl, apiKeys: Object.fromEntries(tenants.map((tenant) => [tenant, 'x'])) }, pathToFileURL(folder).href);

  expect(await loadShop(databases.write, first)).toMatchObject({ legalName: 'Own words', vatBasisPoints: 0, invoicePrefix: 'OWN' });
  expect(await loadShop(databases.write, second)).toEqual(shops[second]?.profile);

  const storage = openStorage(pathToFileURL(folder).href);
  const digital = await databases.write.selectFrom('products').select(['id', 'tenant_id', 'file_key', 'file_name']).where('tenant_id', 'in', tenants).where('kind', '=', 'digital').execute();
  expect(new Set(digital.map(({ tenant_id }) => tenant_id)).size).toBe(tenants.length);
  const beginnings: Readonly<Record<string, string>> = { pdf: '%PDF-', wav: 'RIFF' };
  for (const { id, tenant_id, file_key, file_name } of digital) {
    const bytes = await buffer(await storage.get(file_key ?? ''));
    const beginning = beginnings[file_name?.split('.').at(-1) ?? ''] ?? 'of no known kind';
    expect({ id, begins: bytes.toString('latin1', 0, beginning.length) }).toEqual({ id, begins: beginning });
    expect(await findProduct(databases.write, tenant_id, id)).toMatchObject({ fileName: file_name });
  }
});
