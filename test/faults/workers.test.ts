import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { BookingView } from '../../client/index.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { createResource, someRoom } from '../support/database.ts';
import { eventually, type Shop } from '../support/http.ts';
import { startKiller } from '../support/killer.ts';
import { createProduct, type Product } from '../support/product.ts';
import { inFull } from '../support/scale.ts';

const bookings = inFull ? 300 : 80;
const killEveryMs = 2_000;
/** However quick the machine is: guests keep coming until the workers have been killed this often. */
const killsAtLeast = inFull ? 15 : 3;

let product: Product;
let databases: Databases;
let guests: Shop;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl } = await product.start();
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
  guests = await product.shop();
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

test(`the workers are killed every two seconds during at least ${bookings} bookings: each ends as held, confirmed or released, none is lost, none is there twice`, async () => {
  const rooms = await Promise.all(Array.from({ length: 10 }, async () => await createResource(databases, 'shop-a', someRoom)));
  const killer = startKiller({ product, moment: async () => await sleep(killEveryMs), hitsAtMost: Infinity, inFlight: async () => await Promise.resolve(1) });

  const accepted = new Map<string, 'confirm' | 'cancel' | 'hold'>();
  const losers: number[] = [];
  let next = 0;
  const goOn = (): boolean => next < bookings || killer.kills < killsAtLeast;
  const guest = async (): Promise<void> => {
    while (goOn()) {
      const n = next++;
      const from = new Date(Date.UTC(2033, 0, 1 + Math.floor(n / 13)));
      const wanted = { resourceId: rooms[n % 10], customerId: `guest-${n}`, from, to: new Date(from.getTime() + 2 * 86_400_000) };
      const key = { 'idempotency-key': `fault-${n}` };
      // A guest whose answer got lost asks again with the same key, as the documents tell to.
      const answer = await eventually('an answer', async () => {
        const tried = await guests.call('POST', '/v1/bookings', wanted, key);
        return tried.status < 500 && tried;
      }, 120_000);
      if (answer.status === 409) {
        losers.push(n);
        continue;
      }
      const id = String(answer.body['id']);
      const wish = (['confirm', 'cancel', 'hold'] as const)[n % 3] ?? 'hold';
      accepted.set(id, wish);
      if (wish !== 'hold') await eventually(`${wish} to be taken`, async () => (await guests.call('POST', `/v1/bookings/${id}/${wish}`)).status < 500, 120_000);
    }
  };
  await Promise.all(Array.from({ length: 10 }, guest));
  await killer.stop();

  expect(accepted.size + losers.length).toBe(next);
  expect(next).toBeGreaterThanOrEqual(bookings);
  expect(accepted.size).toBeGreaterThan(0);
  const ends = { confirm: 'confirmed', cancel: 'released', hold: 'held' };
  for (const [id, wish] of accepted) {
    // A booking that was still pending when its wish came may have been refused after all: then it is listed as failed.
    await eventually(`${id} to be ${ends[wish]}`, async () => {
      const { status, reason } = (await guests.call('GET', `/v1/bookings/${id}`)).body as unknown as BookingView;
      return status === ends[wish] || (status === 'failed' && reason === 'resource_unavailable');
    }, 120_000);
  }
  const rows = await databases.write.selectFrom('bookings').select(['id', 'customer_id', 'status']).execute();
  expect(rows.filter(({ id }) => !accepted.has(id))).toEqual([]);
  expect(new Set(rows.map(({ customer_id }) => customer_id)).size).toBe(rows.length);
  const units = await databases.write.selectFrom('allocations').select('booking_id').execute();
  expect(units.map((unit) => unit.booking_id).toSorted()).toEqual(rows.filter(({ status }) => status === 'held' || status === 'confirmed').map(({ id }) => id).toSorted());
}, 600_000);
