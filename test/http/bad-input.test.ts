import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { failures, isFailureCode } from '../../contracts/failures.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, openTestDatabase, someCar, someConcert, someRoom } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { request, shop, type Answer, type Shop } from '../support/http.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };

let databases: Databases;
let shopA: Shop;
let apiUrl: string;
let roomId: string;
beforeAll(async () => {
  databases = await openTestDatabase();
  shopA = await shop('shop-a');
  ({ apiUrl } = await testStack());
  roomId = await createResource(databases, 'shop-a', someRoom);
});
afterAll(async () => await databases.close());

/** What there is of this file's own resources; other files make theirs meanwhile. */
const counts = async (): Promise<unknown> => {
  const own = `%-${process.pid}-%`;
  const { rows } = await sql`SELECT
    (SELECT count(*) FROM bookings WHERE resource_id LIKE ${own}) AS bookings,
    (SELECT count(*) FROM resources WHERE id LIKE ${own}) AS resources,
    (SELECT count(*) FROM allocations WHERE resource_id LIKE ${own}) AS units`.execute(databases.write);
  return rows;
};

function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status, code });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|at .*\.ts:\d|SELECT|INSERT/);
}

const room = { resourceId: '', customerId: 'ada', ...nights };

describe('a booking request that is wrong is refused with its code, and nothing is started', () => {
  const wrong: [string, () => Promise<object> | object, number, string][] = [
    ['unknown resource', () => ({ ...room, resourceId: 'no-such-room' }), 404, 'resource_not_found'],
    ['SQL for a resource', () => ({ ...room, resourceId: "'; DROP TABLE bookings; --" }), 404, 'resource_not_found'],
    ['end before start', () => ({ ...room, from: '2031-05-04', to: '2031-05-01' }), 422, 'invalid_dates'],
    ['end at the start', () => ({ ...room, from: '2031-05-04', to: '2031-05-04' }), 422, 'invalid_dates'],
    ['a stay in the past', () => ({ ...room, from: '2019-05-01', to: '2019-05-04' }), 422, 'invalid_dates'],
    ['a stay of two years', () => ({ ...room, from: '2031-05-01', to: '2033-05-04' }), 422, 'invalid_dates'],
    ['a room without dates', () => ({ resourceId: roomId, customerId: 'ada' }), 422, 'invalid_dates'],
    ['a car with dates', async () => ({ ...room, resourceId: await createResource(databases, 'shop-a', someCar) }), 422, 'invalid_dates'],
    ['no date at all', () => ({ ...room, from: 'tomorrow' }), 422, 'invalid_request'],
    ['the 30th of February', () => ({ ...room, from: '2031-02-30' }), 422, 'invalid_request'],
    ['more beds than there are', () => ({ ...room, quantity: 2 }), 422, 'quantity_over_capacity'],
    ['more seats than there are', async () => ({ resourceId: await createResource(databases, 'shop-a', someConcert), customerId: 'ada', quantity: 6 }), 422, 'quantity_over_capacity'],
    ['no seats', () => ({ ...room, quantity: 0 }), 422, 'invalid_request'],
    ['half a seat', () => ({ ...room, quantity: 0.5 }), 422, 'invalid_request'],
    ['a quantity beyond integers', () => ({ ...room, quantity: 1e300 }), 422, 'invalid_request'],
    ['no customer', () => ({ resourceId: roomId, ...nights }), 422, 'invalid_request'],
    ['a customer id of 65 characters', () => ({ ...room, customerId: 'x'.repeat(65) }), 422, 'invalid_request'],
    ['a NUL in the customer id', () => ({ ...room, customerId: 'a\u0000b' }), 422, 'invalid_request'],
    ['half a surrogate pair', () => ({ ...room, customerId: 'a\ud800b' }), 422, 'invalid_request'],
    ['an unknown field', () => ({ ...room, price: 1 }), 422, 'invalid_request'],
    ['a contact that is no address', () => ({ ...room, customer: { email: 'nobody' } }), 422, 'invalid_request'],
    ['a line break in a name', () => ({ ...room, customer: { name: 'Ada\r\nBcc: x@example.org' } }), 422, 'invalid_request'],
    ['an array', () => [room], 422, 'invalid_request'],
  ];

  test.each(wrong)('%s', async (_, body, status, code) => {
    const sent = await body();
    const before = await counts();
    const wanted = 'resourceId' in sent && sent.resourceId === '' ? { ...sent, resourceId: roomId } : sent;
    expectProblem(await shopA.call('POST', '/v1/bookings', wanted), status, code);
    expect(await counts()).toEqual(before);
  });
});

describe('bytes that are no request', () => {
  const raw: [string, Uint8Array | string, Record<string, string>, number, string][] = [
    ['broken JSON', '{"resourceId":', {}, 400, 'invalid_json'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 'invalid_utf8'],
    ['10 MB of JSON', JSON.stringify({ resourceId: 'x'.repeat(10_000_000) }), {}, 413, 'payload_too_large'],
    ['XML', '<booking/>', { 'content-type': 'application/xml' }, 415, 'unsupported_media_type'],
    ['a prototype', '{"__proto__":{"status":"confirmed"},"resourceId":"x","customerId":"y"}', {}, 400, 'invalid_json'],
  ];
  test.each(raw)('%s', async (_, body, headers, status, code) => {
    const before = await counts();
    expectProblem(await shopA.call('POST', '/v1/bookings', body, headers), status, code);
    expect(await counts()).toEqual(before);
  });

  test.each([
    ['/v1/bookings/%00', [400, 404, 422]],
    ['/v1/bookings/%zz', [400]],
    ['/v1/bookings/%c3%28', [400]],
    ['/v1/bookings?cursor=%F0%9F%92%A9', [422]],
    ['/v1/bookings?limit=1000000', [422]],
    ['/v1/bookings?status=paid', [422]],
    ["/v1/resources?kind=';DROP TABLE resources", [422]],
    ['/v1/resources?from=2031-01-01', [422]],
    ['/v1/flows?cursor=AAAA', [422]],
    ['/v1/nothing', [404]],
  ])('GET %s', async (path, allowed) => {
    // Sent as written: fetch would tidy the path up.
    const answer = await new Promise<{ status: number; code: unknown }>((resolve, reject) => {
      const { hostname, port } = new URL(apiUrl);
      httpRequest({ hostname, port, path: path.replaceAll(' ', '%20'), headers: { authorization: 'Bearer test-key-shop-a' } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: unknown }).code }));
      }).on('error', reject).end();
    });
    expect(allowed).toContain(answer.status);
    expect(isFailureCode(answer.code)).toBe(true);
  });
});

describe('names that look dangerous are names', () => {
  test.each(["Robert'); DROP TABLE resources;--", '<script>alert(1)</script>', '${jndi:ldap://x}', '日本語 العربية 👩‍🚀', '=1+1'])('%s', async (name) => {
    const id = `named-${Math.random().toString(36).slice(2)}`;
    expect((await shopA.call('PUT', `/v1/resources/${id}`, { ...someRoom, name })).status).toBe(201);
    expect(await shopA.call('GET', `/v1/resources/${id}`)).toMatchObject({ status: 200, body: { name } });
  });
});

describe('a stranger', () => {
  test.each([undefined, 'Bearer wrong-key', 'Bearer ', 'Basic dGVzdDp0ZXN0', 'Bearer test-key-shop-a,test-key-shop-b'])('with the authorization %p gets 401', async (authorization) => {
    const answer = await request(`${apiUrl}/v1/bookings`, { headers: authorization === undefined ? {} : { authorization } });
    expectProblem(answer, 401, 'unauthorized');
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });
});

describe('a resource that has bookings', () => {
  test('keeps its kind and its booked units', async () => {
    const id = await createResource(databases, 'shop-a', someConcert);
    expect((await shopA.call('POST', '/v1/bookings', { resourceId: id, customerId: 'ada', quantity: 3 })).status).toBe(201);
    expectProblem(await shopA.call('PUT', `/v1/resources/${id}`, { ...someConcert, capacity: 2 }), 409, 'resource_in_use');
    expectProblem(await shopA.call('PUT', `/v1/resources/${id}`, someRoom), 409, 'resource_in_use');
    expect((await shopA.call('PUT', `/v1/resources/${id}`, { ...someConcert, capacity: 9 })).status).toBe(200);
  });
});

test('whatever JSON is sent, the answer is a 4xx with a code from the table', async () => {
  const before = await counts();
  const field = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constantFrom(roomId, '2031-05-01', '', -1, 1e21));
  const body = fc.record({ resourceId: field, customerId: field, from: field, to: field, quantity: field, customer: field }, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(body, async (sent) => {
      // A body that happens to be right is another test's matter.
      fc.pre(!(sent.resourceId === roomId && typeof sent.customerId === 'string' && sent.from === '2031-05-01'));
      const answer = await shopA.call('POST', '/v1/bookings', sent);
      const code = answer.body['code'];
      if (!isFailureCode(code)) throw new Error(`unknown code ${String(code)}`);
      expect(answer.status).toBe(failures[code].status);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
  expect(await counts()).toEqual(before);
});
