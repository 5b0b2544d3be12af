import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Databases } from '../../services/database/connection.ts';
import { findProduct, putProduct, setProductFile } from '../../services/database/products.ts';
import { findResource } from '../../services/database/resources.ts';
import { createImportLoader, type ImportLoader } from '../../services/imports/load/index.ts';
import { createResource, createTenant, openTestDatabase, someCar, someConcert, someRoom } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { openDesk, rejectsOf, writeImport, type Desk } from '../support/imports.ts';

const tenantId = `import-datasets-${randomUUID()}`;

let databases: Databases;
let desk: Desk;
let loader: ImportLoader;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
  desk = await openDesk(databases);
  loader = createImportLoader({ databaseUrl: (await testStack()).databaseUrl, storageUrl: desk.storageUrl, threads: 1 });
});
afterAll(async () => {
  await loader.close();
  await databases.close();
});

async function imported(dataset: string, header: string, ...lines: string[]) {
  const importId = await writeImport(desk, { tenantId, dataset, header, chunks: [lines] });
  const { inserted, updated } = await loader.load({ tenantId, importId, seq: 1 });
  return { inserted, updated, rejects: (await rejectsOf(desk, tenantId, importId)).map(({ line, reason, fields }) => ({ line, reason, id: [fields].flat()[0] })) };
}

const vehicleHeader = 'id,name,price,currency,make,model,year,mileage';

test('vehicles become resources, and a second import changes what it has columns for', async () => {
  expect(await imported('vehicles', vehicleHeader, 'v-1,Octavia,18900.5,EUR,Škoda,Octavia,2022,41200', 'v-2,Alto,900000,JPY,Suzuki,Alto,,')).toEqual({ inserted: 2, updated: 0, rejects: [] });
  expect(await findResource(databases.write, tenantId, 'v-1')).toEqual({ id: 'v-1', kind: 'vehicle', name: 'Octavia', price: 1_890_050, currency: 'EUR', capacity: 1, attributes: { make: 'Škoda', model: 'Octavia', year: 2022, mileage: 41_200 } });
  expect(await findResource(databases.write, tenantId, 'v-2')).toMatchObject({ price: 900_000, currency: 'JPY', attributes: { make: 'Suzuki', model: 'Alto' } });
  expect(await imported('vehicles', 'Vehicle ID,Title,Unit Price,Currency,KM,Brand', 'v-1,Octavia Combi,17900,EUR,43000,')).toEqual({ inserted: 0, updated: 1, rejects: [] });
  expect(await findResource(databases.write, tenantId, 'v-1')).toMatchObject({ name: 'Octavia Combi', price: 1_790_000, attributes: { model: 'Octavia', year: 2022, mileage: 43_000 } });
  expect((await findResource(databases.write, tenantId, 'v-1'))?.attributes).not.toHaveProperty('make');
});

test('vehicles are refused where a room or an event has the id, where one is sold, and by what is wrong in themselves', async () => {
  const room = await createResource(databases, tenantId, someRoom);
  const sold = await createResource(databases, tenantId, someCar);
  await databases.write.updateTable('resources').set({ owner_id: 'ada', sold_at: new Date() }).where('tenant_id', '=', tenantId).where('id', '=', sold).execute();
  const car = (id: string, rest = '2020,1'): string => `${id},Car,100.00,EUR,,,${rest}`;
  expect(await imported('vehicles', vehicleHeader, car(room), car('v-10'), car(sold), car(sold), car('v-11', '1885,1'), 'v-12,Car,10.5,JPY,,,,', 'v-13,Car,10.005,EUR,,,,', 'v-14,Car,1,XXZ,,,,')).toEqual({
    inserted: 1,
    updated: 0,
    rejects: [
      { line: 2, reason: 'id: belongs to a room or an event', id: room },
      { line: 4, reason: 'id: belongs to a vehicle that has been sold', id: sold },
      { line: 5, reason: 'id: belongs to a vehicle that has been sold', id: sold },
      { line: 6, reason: 'year: is less than 1886', id: 'v-11' },
      { line: 7, reason: 'price: has more decimals than there are in JPY', id: 'v-12' },
      { line: 8, reason: 'price: has more decimals than there are in EUR', id: 'v-13' },
      { line: 9, reason: 'currency: is no currency of ISO 4217', id: 'v-14' },
    ],
  });
  expect(await findResource(databases.write, tenantId, room)).toMatchObject({ kind: 'room', name: someRoom.name });
});

const productHeader = 'id,seller_id,name,kind,price,currency,stock,weight_grams,vat_percent';

test('products follow the rules of the catalogue', async () => {
  expect(await imported('products', productHeader, 'p-1,s-1,Poster,physical,19.00,EUR,5,420,20', 'p-2,s-1,Sky,Digital,9,EUR,,,7.7', 'p-3,s-1,Lamp,physical,9,EUR,,,', 'p-4,s-1,Lamp,rented,9,EUR,-1,0,101')).toEqual({
    inserted: 2,
    updated: 0,
    rejects: [
      { line: 4, reason: 'weight_grams: what is shipped needs a weight', id: 'p-3' },
      { line: 5, reason: 'kind: is none of digital, physical; stock: is no whole number; weight_grams: is less than 1; vat_percent: is more than 100', id: 'p-4' },
    ],
  });
  expect(await findProduct(databases.write, tenantId, 'p-1')).toMatchObject({ sellerId: 's-1', kind: 'physical', price: 1_900, currency: 'EUR', stock: 5, weightGrams: 420, vatBasisPoints: 2_000 });
  expect(await findProduct(databases.write, tenantId, 'p-2')).toMatchObject({ kind: 'digital', price: 900, vatBasisPoints: 770 });
});

test('products without a column for the weight keep theirs, and those that have none are refused', async () => {
  await putProduct(databases.write, tenantId, 'p-20', { sellerId: 's-1', name: 'Box', kind: 'physical', price: 100, currency: 'EUR', weightGrams: 900 });
  await putProduct(databases.write, tenantId, 'p-21', { sellerId: 's-1', name: 'Song', kind: 'digital', price: 100, currency: 'EUR' });
  const box = (id: string): string => `${id},s-2,Big box,physical,2,EUR`;
  expect(await imported('products', 'id,seller_id,name,kind,price,currency', box('p-20'), box('p-21'), box('p-22'))).toEqual({
    inserted: 0,
    updated: 1,
    rejects: ['p-21', 'p-22'].map((id, at) => ({ line: at + 3, reason: 'weight_grams: what is shipped needs a weight', id })),
  });
  expect(await findProduct(databases.write, tenantId, 'p-20')).toMatchObject({ sellerId: 's-2', name: 'Big box', weightGrams: 900 });
});

test('a product that is not downloaded any more loses its file, and only then', async () => {
  for (const id of ['p-30', 'p-31']) {
    await putProduct(databases.write, tenantId, id, { sellerId: 's-1', name: 'Song', kind: 'digital', price: 100, currency: 'EUR' });
    await setProductFile(databases.write, tenantId, id, { key: `${tenantId}/files/${id}`, name: 'song.mp3' });
  }
  expect(await imported('products', productHeader, 'p-30,s-1,Song,digital,1,EUR,,,', 'p-31,s-1,Record,physical,1,EUR,,200,')).toMatchObject({ updated: 2, rejects: [] });
  const files = await sql<{ id: string; file_key: string | null }>`SELECT id, file_key FROM products WHERE tenant_id = ${tenantId} AND id IN ('p-30', 'p-31') ORDER BY id`.execute(databases.write);
  expect(files.rows).toEqual([{ id: 'p-30', file_key: `${tenantId}/files/p-30` }, { id: 'p-31', file_key: null }]);
});

test('attendees belong to an event that there is', async () => {
  const concert = await createResource(databases, tenantId, someConcert);
  const room = await createResource(databases, tenantId, someRoom);
  const header = 'event_id,external_id,first_name,email,ticket';
  expect(await imported('attendees', header, `${concert},a-1,Grace,grace@example.com,Balcony`, `${room},a-1,,,`, 'no-such-event,a-1,,,', `${concert},a-2,Alan,nobody,`, `${concert},a-1,Grace B.,,Stalls`)).toEqual({
    inserted: 1,
    updated: 1,
    rejects: [
      { line: 3, reason: 'event_id: there is no such event', id: room },
      { line: 4, reason: 'event_id: there is no such event', id: 'no-such-event' },
      { line: 5, reason: 'email: is no e-mail address', id: concert },
    ],
  });
  const stored = await databases.write.selectFrom('attendees').select(['event_id', 'external_id', 'first_name', 'email', 'ticket']).where('tenant_id', '=', tenantId).execute();
  expect(stored).toEqual([{ event_id: concert, external_id: 'a-1', first_name: 'Grace B.', email: null, ticket: 'Stalls' }]);
});
