import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Databases } from '../../services/database/connection.ts';
import { rescheduleBooking } from '../../services/database/bookings/hold.ts';
import { releaseBooking } from '../../services/database/bookings/transitions.ts';
import { createResource, openTestDatabase, someRoom } from '../support/database.ts';
import { eventually, shop, type Shop } from '../support/http.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };

let databases: Databases;
let guests: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  guests = await shop('shop-a');
});
afterAll(async () => await databases.close());

async function hold(resourceId: string, headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await guests.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', ...nights }, headers);
  expect(status).toBe(201);
  return body['id'] as string;
}

const unitsOf = async (id: string): Promise<number> => (await databases.write.selectFrom('allocations').select('unit').where('booking_id', '=', id).execute()).length;

test('changes that race with a cancellation are answered as done or refused, never as broken, and the booking ends released', async () => {
  const codes = new Set<number>();
  await Promise.all(
    Array.from({ length: 15 }, async () => {
      const id = await hold(await createResource(databases, 'shop-a', someRoom));
      const path = `/v1/bookings/${id}`;
      const answers = await Promise.all([
        guests.call('POST', `${path}/confirm`, {}),
        guests.call('POST', `${path}/extend`),
        guests.call('POST', `${path}/cancel`),
        guests.call('POST', `${path}/reschedule`, { from: '2031-07-01', to: '2031-07-02' }),
      ]);
      for (const { status } of answers) codes.add(status);
      await eventually('the release', async () => (await guests.call('GET', path)).body['status'] === 'released');
      expect(await unitsOf(id)).toBe(0);
    }),
  );
  expect([...codes].filter((code) => code !== 202 && code !== 409)).toEqual([]);
});

test('a step that timed out and still runs cannot give units to a booking that was released meanwhile', async () => {
  for (let pair = 0; pair < 40; pair += 1) {
    const id = await hold(await createResource(databases, 'shop-a', someRoom));
    await Promise.allSettled([
      rescheduleBooking(databases.write, 'shop-a', id, { from: '2031-08-01T00:00:00.000Z', to: '2031-08-02T00:00:00.000Z' }),
      releaseBooking(databases.write, 'shop-a', id, 'cancelled', 'held-or-confirmed'),
    ]);
    const { status } = await databases.write.selectFrom('bookings').select('status').where('id', '=', id).executeTakeFirstOrThrow();
    expect({ status, units: await unitsOf(id) }).toEqual({ status: 'released', units: 0 });
  }
});

test('a repeat whose first answer got lost is not told 201 when the booking has ended meanwhile', async () => {
  const key = { 'idempotency-key': `lost-${Date.now()}` };
  const resourceId = await createResource(databases, 'shop-a', someRoom);
  const id = await hold(resourceId, key);
  await databases.write.updateTable('idempotency_keys').set({ response_status: null, response_body: null }).where('key', '=', key['idempotency-key']).execute();
  await guests.call('POST', `/v1/bookings/${id}/cancel`);
  await eventually('the release', async () => (await guests.call('GET', `/v1/bookings/${id}`)).body['status'] === 'released');
  expect(await guests.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', ...nights }, key)).toMatchObject({ status: 409, body: { code: 'booking_closed' } });
});

test('a moved booking is priced in the currency that the room has now', async () => {
  const resourceId = await createResource(databases, 'shop-a', someRoom);
  const id = await hold(resourceId);
  await guests.call('PUT', `/v1/resources/${resourceId}`, { ...someRoom, price: 12_000, currency: 'JPY' });
  expect(await guests.call('POST', `/v1/bookings/${id}/reschedule`, { from: '2031-07-01', to: '2031-07-03' })).toMatchObject({ body: { amount: 24_000, currency: 'JPY' } });
});
