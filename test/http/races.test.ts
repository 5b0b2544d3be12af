import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someRoom } from '../support/database.ts';
import { shop } from '../support/http.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

test('2,000 requests, 200 at a time, over 20 rooms and overlapping dates: no night is sold twice, every loser gets 409', async () => {
  const rooms = await Promise.all(Array.from({ length: 20 }, async () => await createResource(databases, 'shop-a', someRoom)));
  const guests = await shop('shop-a');
  const answers: number[] = [];
  let next = 0;
  const guest = async (): Promise<void> => {
    while (next < 2_000) {
      const n = next++;
      // Stays of one to four nights that start somewhere in the same thirty days.
      const from = new Date(Date.UTC(2032, 0, 1 + ((Math.floor(n / 20) * 7) % 30)));
      const to = new Date(from.getTime() + (1 + (n % 4)) * 86_400_000);
      answers.push((await guests.call('POST', '/v1/bookings', { resourceId: rooms[n % 20], customerId: `guest-${n}`, from, to })).status);
    }
  };
  await Promise.all(Array.from({ length: 200 }, guest));

  const count = (status: number): number => answers.filter((answer) => answer === status).length;
  const others = answers.filter((status) => status !== 201 && status !== 409);
  expect({ answers: answers.length, others }).toEqual({ answers: 2_000, others: [] });

  // Asked of the bookings themselves, not of the table that the guard is on.
  const overlapping = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM bookings a JOIN bookings b ON a.tenant_id = b.tenant_id AND a.resource_id = b.resource_id AND a.id < b.id
      AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
    WHERE a.resource_id = ANY(${rooms}::text[]) AND a.status IN ('held', 'confirmed') AND b.status IN ('held', 'confirmed')`.execute(databases.write);
  expect(overlapping.rows[0]?.n).toBe(0);
  const held = await sql<{ n: number }>`SELECT count(*)::int AS n FROM bookings WHERE resource_id = ANY(${rooms}::text[]) AND status = 'held'`.execute(databases.write);
  expect(held.rows[0]?.n).toBe(count(201));
  expect(count(201)).toBeGreaterThan(100);
}, 300_000);
