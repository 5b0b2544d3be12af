import { hash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { openStorage } from '../../services/storage/storage.ts';
import { buildServer } from '../../api/server.ts';
import { openTemporal, type Temporal } from '../../api/temporal.ts';
import { createLogger } from '../../config/logger.ts';
import { readSettings } from '../../config/settings.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';

const perMinute = 60;

let databases: Databases;
let temporal: Temporal;
beforeAll(async () => {
  const { temporalAddress, temporalNamespace } = await testStack();
  databases = await openTestDatabase();
  await createTenant(databases, 'shop-a');
  temporal = openTemporal(readSettings({ TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: temporalNamespace }));
});
afterAll(async () => {
  await temporal.close();
  await databases.close();
});

let made = 0;
let apiKeys: { tenantId: string; key: string }[];
let apis: FastifyInstance[];
// Every test counts for callers of its own.
beforeEach(() => {
  made += 1;
  apiKeys = ['first', 'second'].map((name) => ({ tenantId: 'shop-a', key: `limit-${process.pid}-${Date.now()}-${made}-${name}` }));
  apis = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(apis.map(async (api) => await api.close()));
});

/** One API process: in this one, on the real database. */
function api(limit = perMinute): FastifyInstance {
  const server = buildServer({ databases, temporal, logger: createLogger('api-test', 'silent'), apiKeys, rateLimitPerMinute: limit, storage: openStorage('file:.holdfast/test-files'), maxUploadBytes: 1_000, signingKeys: [], publicUrl: 'http://127.0.0.1' });
  apis.push(server);
  return server;
}

interface From {
  readonly key?: string | undefined;
  readonly address?: string;
}
const ask = async (server: FastifyInstance, { key, address = '127.0.0.1' }: From, url = '/v1/resources?limit=1') =>
  await server.inject({ url, remoteAddress: address, ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }) });
const statuses = async (server: FastifyInstance, from: From, times: number): Promise<number[]> =>
  (await Promise.all(Array.from({ length: times }, async () => await ask(server, from)))).map(({ statusCode }) => statusCode);
const all = (times: number, status: number): number[] => Array.from({ length: times }, () => status);
const key = (at: number): string => apiKeys[at]?.key ?? '';

describe('a limit of 60 requests a minute', () => {
  test('lets 60 through and answers the 61st with 429 and how long to wait, in the body and in the header', async () => {
    const server = api();
    expect(await statuses(server, { key: key(0) }, perMinute)).toEqual(all(perMinute, 200));
    const refused = await ask(server, { key: key(0) });
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    const body = refused.json<{ code: string; retry_after: number }>();
    expect(body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(Number.isInteger(body.retry_after)).toBe(true);
    expect(body.retry_after).toBeGreaterThanOrEqual(1);
    expect(body.retry_after).toBeLessThanOrEqual(60);
    expect(refused.headers['retry-after']).toBe(String(body.retry_after));
  });

  test('says with each answer how much of it is left', async () => {
    const server = api();
    const [first, second] = [await ask(server, { key: key(0) }), await ask(server, { key: key(0) })];
    expect([first.headers['ratelimit-limit'], first.headers['ratelimit-remaining'], second.headers['ratelimit-remaining']]).toEqual(['60', '59', '58']);
  });

  test('is counted for each key by itself, also within one tenant', async () => {
    const server = api();
    expect(await statuses(server, { key: key(0) }, perMinute + 5)).toEqual(expect.arrayContaining([429]));
    expect((await ask(server, { key: key(1) })).statusCode).toBe(200);
  });

  test('does not hold for health, readiness and metrics', async () => {
    const server = api(1);
    await statuses(server, { key: key(0) }, 3);
    for (const url of ['/health', '/ready', '/metrics', '/openapi.json']) {
      expect([url, (await ask(server, { key: key(0) }, url)).statusCode]).toEqual([url, 200]);
      expect([url, (await ask(server, { key: key(0) }, url)).statusCode]).toEqual([url, 200]);
    }
  });

  test('is shared by all API processes', async () => {
    const [one, other] = [api(), api()];
    const answers = [...(await statuses(one, { key: key(0) }, 40)), ...(await statuses(other, { key: key(0) }, 40))];
    expect(answers.filter((status) => status === 200)).toHaveLength(perMinute);
    expect((await ask(one, { key: key(0) })).statusCode).toBe(429);
  });

  test('counts whoever has no valid key by address, so that keys cannot be guessed at speed', async () => {
    const server = api();
    const address = `10.0.${made}.${process.pid % 250}`;
    await sql`DELETE FROM rate_limits WHERE key = ${`ip:${address}`}`.execute(databases.write);
    const answers = await Promise.all(Array.from({ length: perMinute }, async (_, guess) => (await ask(server, { key: guess % 2 === 0 ? undefined : `guess-${guess}`, address })).statusCode));
    expect(answers).toEqual(all(perMinute, 401));
    expect((await ask(server, { key: 'guess-61', address })).statusCode).toBe(429);
    expect((await ask(server, { key: 'guess-62', address: `10.1.${made}.1` })).statusCode).toBe(401);
    // Who has a key is not held up by somebody who guesses behind the same address.
    expect((await ask(server, { key: key(0), address })).statusCode).toBe(200);
  });

  test('begins anew when the minute is over, for the process that refused and for the others', async () => {
    const [one, other] = [api(), api()];
    await statuses(one, { key: key(0) }, perMinute + 1);
    expect([(await ask(one, { key: key(0) })).statusCode, (await ask(other, { key: key(0) })).statusCode]).toEqual([429, 429]);
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 61_000);
    expect([(await ask(one, { key: key(0) })).statusCode, (await ask(other, { key: key(0) })).statusCode]).toEqual([200, 200]);
  });

  test('begins anew for a process that knows of it from the database only', async () => {
    await statuses(api(), { key: key(0) }, perMinute + 1);
    expect((await ask(api(), { key: key(0) })).statusCode).toBe(429);
    await sql`UPDATE rate_limits SET expire = expire - 61000 WHERE key = ${`key:${hash('sha256', key(0))}`}`.execute(databases.write);
    expect((await ask(api(), { key: key(0) })).statusCode).toBe(200);
  });

  test('refuses from memory: who has used it up costs the database nothing more', async () => {
    const server = api();
    await statuses(server, { key: key(0) }, perMinute + 1);
    const counted = async (): Promise<unknown> => (await sql`SELECT points FROM rate_limits WHERE key = ${`key:${hash('sha256', key(0))}`}`.execute(databases.write)).rows;
    const before = await counted();
    expect(await statuses(server, { key: key(0) }, 5)).toEqual(all(5, 429));
    expect(await counted()).toEqual(before);
  });

  test('of 0 is off', async () => {
    const server = api(0);
    expect(await statuses(server, { key: key(0) }, 2 * perMinute)).toEqual(all(2 * perMinute, 200));
    expect((await ask(server, { key: key(0) })).headers['ratelimit-limit']).toBeUndefined();
  });

  test('keeps no key readable in the database', async () => {
    await statuses(api(), { key: key(0) }, 2);
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM rate_limits WHERE key LIKE ${`%${key(0)}%`}`.execute(databases.write);
    expect(rows[0]?.n).toBe(0);
  });
});
