import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { seed, shops } from '../../stack/seed.ts';
import { findResource, putResource } from '../../services/database/resources.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';

let databases: Databases;
beforeAll(async () => {
  databases = await openTestDatabase();
  await clear();
});
afterAll(async () => {
  await clear();
  await databases.close();
});

const tenants = Object.keys(shops);
const clear = async (): Promise<unknown> => await databases.write.deleteFrom('resources').where('tenant_id', 'in', tenants).execute();
const catalogue = async (): Promise<unknown[]> => await databases.write.selectFrom('resources').selectAll().where('tenant_id', 'in', tenants).orderBy('tenant_id').orderBy('id').execute();

test('an empty catalogue is filled once for each shop that has a key; what is there is never overwritten', async () => {
  const { databaseUrl } = await testStack();
  const all = Object.fromEntries(tenants.map((tenant) => [tenant, 'a-key-of-its-own']));
  const sizes = Object.fromEntries(Object.entries(shops).map(([tenant, { catalogue }]) => [tenant, Object.keys(catalogue).length]));
  const [first = '', second = ''] = tenants;

  expect(await seed({ databaseUrl, apiKeys: { 'somebody-else': 'x' } })).toBe(0);
  expect(await catalogue()).toEqual([]);

  expect(await seed({ databaseUrl, apiKeys: { [first]: 'x' } })).toBe(sizes[first]);
  expect(await seed({ databaseUrl, apiKeys: all })).toBe(sizes[second]);

  const seeded = await catalogue();
  expect(await seed({ databaseUrl, apiKeys: all })).toBe(0);
  expect(await catalogue()).toEqual(seeded);

  // A shop that has changed its catalogue keeps the change, and gets back nothing that it removed.
  const [changed = '', ...others] = Object.keys(shops[first]?.catalogue ?? {});
  await putResource(databases.write, first, changed, { kind: 'vehicle', name: 'Sold as seen', price: 1, currency: 'EUR' });
  await databases.write.deleteFrom('resources').where('tenant_id', '=', first).where('id', 'in', others).execute();
  expect(await seed({ databaseUrl, apiKeys: all })).toBe(0);
  expect(await findResource(databases.write, first, changed)).toMatchObject({ name: 'Sold as seen' });
  expect((await catalogue()).length).toBe(1 + (sizes[second] ?? 0));
});
