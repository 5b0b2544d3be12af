import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BookingView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someCar, someConcert, someRoom } from '../support/database.ts';
import { customerWithDeadlocks, installDeadlocks } from '../support/deadlocks.ts';
import { eventually, shop, type Answer, type Shop } from '../support/http.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };

let databases: Databases;
let shopA: Shop;
let shopB: Shop;
beforeAll(async () => {
  databases = await openTestDatabase();
  [shopA, shopB] = await Promise.all([shop('shop-a'), shop('shop-b')]);
});
afterAll(async () => await databases.close());

const room = async (): Promise<string> => await createResource(databases, 'shop-a', someRoom);
const view = (answer: Answer): BookingView => answer.body as BookingView;

async function hold(wanted: object): Promise<BookingView> {
  const answer = await shopA.call('POST', '/v1/bookings', { customerId: 'ada', ...wanted });
  expect(answer).toMatchObject({ status: 201, body: { status: 'held' } });
  return view(answer);
}

describe('POST /v1/bookings', () => {
  test('holds a room for 15 minutes', async () => {
    const held = await hold({ resourceId: await room(), ...nights });
    expect(held.id).toMatch(/^bkg_/);
    const left = Date.parse(held.expiresAt ?? '') - Date.now();
    expect(left).toBeGreaterThan(14.5 * 60_000);
    expect(left).toBeLessThanOrEqual(15 * 60_000);
    expect(held).toMatchObject({ amount: 27_000, currency: 'EUR', from: '2031-05-01T00:00:00.000Z' });
  });

  test('refuses the second customer with 409 and starts no flow for him', async () => {
    const resourceId = await createResource(databases, 'shop-a', someCar);
    await hold({ resourceId });
    const before = await shopA.call('GET', `/v1/bookings?resourceId=${resourceId}`);
    const refused = await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'bob' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'resource_unavailable', status: 409 } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect((await shopA.call('GET', `/v1/bookings?resourceId=${resourceId}`)).body).toEqual(before.body);
  });

  test('lets back-to-back stays touch', async () => {
    const resourceId = await room();
    await hold({ resourceId, from: '2031-05-01', to: '2031-05-04' });
    await hold({ resourceId, from: '2031-05-04', to: '2031-05-05' });
  });

  test('answers 202 after more than three deadlocks, and the flow goes on without the caller', async () => {
    await installDeadlocks(databases.write);
    const customerId = await customerWithDeadlocks(databases.write, 4);
    const answer = await shopA.call('POST', '/v1/bookings', { resourceId: await room(), customerId, ...nights });
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending' } });
    const url = answer.headers.get('location') ?? '';
    expect(url).toBe(`/v1/bookings/${String(answer.body['id'])}`);
    await eventually('the hold', async () => (await shopA.call('GET', url)).body['status'] === 'held');
  });

  test('keeps the contact that came along, in the database and not in the history', async () => {
    const held = await hold({ resourceId: await room(), ...nights, customerId: 'with-contact', customer: { name: 'Ada Lovelace', email: 'ada@example.org', locale: 'en-GB' } });
    const contact = await databases.write.selectFrom('customers').selectAll().where('tenant_id', '=', 'shop-a').where('id', '=', 'with-contact').executeTakeFirstOrThrow();
    expect(contact).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.org', locale: 'en-GB' });
    expect(JSON.stringify(held)).not.toContain('ada@example.org');
  });
});

describe('a booking over HTTP', () => {
  test('is confirmed at the desk', async () => {
    const { id } = await hold({ resourceId: await room(), ...nights });
    expect(await shopA.call('POST', `/v1/bookings/${id}/confirm`, { reference: 'till 4' })).toMatchObject({ status: 202, body: { id, status: 'confirmed', reference: 'till 4' } });
    expect(await shopA.call('GET', `/v1/bookings/${id}`)).toMatchObject({ status: 200, body: { status: 'confirmed' } });
  });

  test('is extended once', async () => {
    const { id } = await hold({ resourceId: await createResource(databases, 'shop-a', someConcert), quantity: 2 });
    expect(await shopA.call('POST', `/v1/bookings/${id}/extend`)).toMatchObject({ status: 202, body: { extended: true } });
    expect(await shopA.call('POST', `/v1/bookings/${id}/extend`)).toMatchObject({ status: 409, body: { code: 'already_extended' } });
  });

  test('is moved to other dates, which frees the old ones', async () => {
    const resourceId = await room();
    const { id } = await hold({ resourceId, ...nights });
    expect(await shopA.call('POST', `/v1/bookings/${id}/reschedule`, { from: '2031-08-01', to: '2031-08-02' })).toMatchObject({ status: 202, body: { from: '2031-08-01T00:00:00.000Z' } });
    await hold({ resourceId, ...nights });
  });

  test('is cancelled, before and after it was confirmed, and cancelling twice changes nothing', async () => {
    const resourceId = await room();
    for (const confirm of [false, true]) {
      const { id } = await hold({ resourceId, ...nights });
      if (confirm) await shopA.call('POST', `/v1/bookings/${id}/confirm`, {});
      expect((await shopA.call('POST', `/v1/bookings/${id}/cancel`)).status).toBe(202);
      await eventually('the release', async () => (await shopA.call('GET', `/v1/bookings/${id}`)).body['status'] === 'released');
      expect(await shopA.call('POST', `/v1/bookings/${id}/cancel`)).toMatchObject({ status: 202, body: { status: 'released', reason: 'cancelled' } });
    }
  });

  test('is steered as a flow, too', async () => {
    const { id } = await hold({ resourceId: await room(), ...nights });
    const flow = `/v1/flows/booking:${id}`;
    expect(await shopA.call('GET', flow)).toMatchObject({ status: 200, body: { id: `booking:${id}`, type: 'booking', status: 'running', businessStatus: 'held', progress: 50 } });
    expect(await shopA.call('POST', `${flow}/pause`)).toMatchObject({ status: 409, body: { code: 'not_pausable' } });
    expect(await shopA.call('POST', `${flow}/retry`)).toMatchObject({ status: 409, body: { code: 'booking_not_failed' } });
    expect((await shopA.call('POST', `${flow}/cancel`)).status).toBe(202);
    await eventually('the end of the flow', async () => {
      const { body } = await shopA.call('GET', flow);
      return body['status'] === 'completed' && body['progress'] === 100;
    });
    await eventually('the flow in the list', async () => JSON.stringify((await shopA.call('GET', '/v1/flows?status=completed&type=booking')).body).includes(id));
  });
});

describe('lists', () => {
  test('are filtered and paged, and every booking is on exactly one page', async () => {
    const resourceId = await room();
    const made: string[] = [];
    for (let day = 1; day <= 5; day += 1) made.push((await hold({ resourceId, from: `2031-09-0${day}`, to: `2031-09-0${day + 1}` })).id);
    const seen: string[] = [];
    for (let cursor: unknown = ''; ; ) {
      const { body } = await shopA.call('GET', `/v1/bookings?resourceId=${resourceId}&status=held&limit=2${cursor === '' ? '' : `&cursor=${cursor as string}`}`);
      seen.push(...(body['items'] as BookingView[]).map(({ id }) => id));
      if (body['nextCursor'] === undefined) break;
      cursor = body['nextCursor'];
    }
    expect(seen).toEqual(made.toReversed());
  });

  test('show a room as taken for its dates and free for others, soon after the booking', async () => {
    const resourceId = await room();
    await hold({ resourceId, ...nights });
    const available = async (from: string, to: string): Promise<unknown> => {
      const { body } = await shopA.call('GET', `/v1/resources?kind=room&from=${from}&to=${to}&limit=200`);
      return (body['items'] as { id: string; available: number }[]).find(({ id }) => id === resourceId)?.available;
    };
    await eventually('the refreshed cache', async () => (await available('2031-05-02', '2031-05-03')) === 0);
    expect(await available('2031-05-04', '2031-05-05')).toBe(1);
  });

  test('a stale cache never makes a double booking', async () => {
    const resourceId = await room();
    await hold({ resourceId, ...nights });
    await databases.write.deleteFrom('availability').where('resource_id', '=', resourceId).execute();
    expect(await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'bob', ...nights })).toMatchObject({ status: 409 });
  });
});

describe('tenants', () => {
  test('see nothing of each other, and another tenant is answered as if nothing were there', async () => {
    const resourceId = await room();
    const { id } = await hold({ resourceId, ...nights });
    const strangers: [string, string, unknown?][] = [
      ['GET', `/v1/bookings/${id}`],
      ['POST', `/v1/bookings/${id}/confirm`, {}],
      ['POST', `/v1/bookings/${id}/cancel`],
      ['POST', `/v1/bookings/${id}/extend`],
      ['POST', `/v1/bookings/${id}/reschedule`, nights],
      ['GET', `/v1/flows/booking:${id}`],
      ['POST', `/v1/flows/booking:${id}/cancel`],
      ['POST', '/v1/bookings', { resourceId, customerId: 'eve', ...nights }],
      ['GET', `/v1/resources/${resourceId}`],
    ];
    for (const [method, path, body] of strangers) {
      const answer = await shopB.call(method, path, body);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.body['code']).toMatch(/_not_found$/);
    }
    expect((await shopB.call('GET', `/v1/bookings?resourceId=${resourceId}`)).body['items']).toEqual([]);
    expect(await shopA.call('GET', `/v1/bookings/${id}`)).toMatchObject({ body: { status: 'held' } });
  });

  test('may use the same resource id for different things', async () => {
    const id = `shared-${Date.now()}`;
    expect((await shopA.call('PUT', `/v1/resources/${id}`, someRoom)).status).toBe(201);
    expect((await shopB.call('PUT', `/v1/resources/${id}`, someCar)).status).toBe(201);
    expect(await shopA.call('GET', `/v1/resources/${id}`)).toMatchObject({ body: { kind: 'room' } });
    expect((await shopA.call('PUT', `/v1/resources/${id}`, { ...someRoom, name: 'Renamed' })).status).toBe(200);
  });
});

describe('Idempotency-Key', () => {
  test('gives the same answer for the same request, and books once', async () => {
    const resourceId = await room();
    const key = { 'idempotency-key': `key-${Date.now()}` };
    const body = { resourceId, customerId: 'ada', ...nights };
    const [first, second] = await Promise.all([shopA.call('POST', '/v1/bookings', body, key), shopA.call('POST', '/v1/bookings', body, key)]);
    const third = await shopA.call('POST', '/v1/bookings', body, key);
    expect(first.status).toBe(201);
    expect([second.status, third.status]).toEqual([201, 201]);
    expect([second.body['id'], third.body['id']]).toEqual([first.body['id'], first.body['id']]);
    expect(third.body).toEqual(first.body);
  });

  test('with another body is refused, and another tenant may use the same key', async () => {
    const resourceId = await room();
    const key = { 'idempotency-key': `key-${Date.now()}-b` };
    await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', ...nights }, key);
    expect(await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'bob', ...nights }, key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    const other = await createResource(databases, 'shop-b', someCar);
    expect(await shopB.call('POST', '/v1/bookings', { resourceId: other, customerId: 'eve' }, key)).toMatchObject({ status: 201 });
  });

  test('repeats a refusal as it was', async () => {
    const resourceId = await createResource(databases, 'shop-a', someCar);
    const { id } = await hold({ resourceId });
    const key = { 'idempotency-key': `key-${Date.now()}-c` };
    expect((await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'bob' }, key)).status).toBe(409);
    await shopA.call('POST', `/v1/bookings/${id}/cancel`);
    await eventually('the release', async () => (await shopA.call('GET', `/v1/bookings/${id}`)).body['status'] === 'released');
    expect((await shopA.call('POST', '/v1/bookings', { resourceId, customerId: 'bob' }, key)).status).toBe(409);
  });
});
