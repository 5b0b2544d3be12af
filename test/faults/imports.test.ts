import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { eventually, type Shop } from '../support/http.ts';
import { startKiller } from '../support/killer.ts';
import { createProduct, type Product } from '../support/product.ts';
import { inFull } from '../support/scale.ts';

const rows = inFull ? 1_000_000 : 300_000;
const killAfterMs = 5_000;
/** The short run kills by what was done, not by time: a quick machine is through before long, a slow one gets hardly anything done between two kills. */
const killAfterPercent = 15;
const killed = inFull ? `every ${killAfterMs} ms` : `after every ${killAfterPercent} %`;
const patienceMs = inFull ? 900_000 : 240_000;

let product: Product;
let databases: Databases;
let people: Shop;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl } = await product.start();
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
  people = await product.shop();
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

/** Each row can be told from all others, and each credit adds something else to the sum. */
function usersFile(): string {
  const lines = ['external_id,email,first_name,last_name,city,birth_date,credit'];
  for (let n = 1; n <= rows; n += 1) lines.push(`u-${n},user${n}@example.org,First${n % 977},Last${n % 1_009},City ${n % 211},19${40 + (n % 60)}-0${1 + (n % 9)}-1${n % 10},${n}.${String(n % 100).padStart(2, '0')}`);
  return `${lines.join('\n')}\n`;
}

const creditMinorOfAll = (): number => {
  let sum = 0;
  for (let n = 1; n <= rows; n += 1) sum += n * 100 + (n % 100);
  return sum;
};

// The API may be asked in the moment in which something else is being restarted.
const look = async (path: string): Promise<Record<string, unknown> | undefined> => {
  const answer = await people.call('GET', path).catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
};

test(`an import of ${rows} rows whose workers are killed ${killed} counts each row once`, async () => {
  const begun = await people.call('POST', '/v1/imports?dataset=users', Buffer.from(usersFile()), { 'content-type': 'text/csv' });
  expect(begun.status).toBe(202);
  const url = `/v1/imports/${String(begun.body['id'])}`;
  let running = true;
  let progress = 0;
  const moment = async (): Promise<unknown> => {
    if (inFull) return await sleep(killAfterMs);
    const wanted = progress + killAfterPercent;
    return await eventually('more to be done', async () => await Promise.resolve(progress >= wanted || !running), patienceMs, 10);
  };
  const killer = startKiller({ product, moment, hitsAtMost: Infinity, inFlight: async () => await Promise.resolve(running ? 1 : 0) });
  const ended = await eventually(
    'the end of the import',
    async () => {
      const seen = await look(url);
      expect(Number(seen?.['progress'] ?? progress)).toBeGreaterThanOrEqual(progress);
      progress = Number(seen?.['progress'] ?? progress);
      return ['completed', 'failed', 'cancelled'].includes(String(seen?.['status'])) && seen;
    },
    patienceMs,
    50,
  );
  running = false;
  await killer.stop();
  expect(ended).toMatchObject({ status: 'completed', progress: 100, rows: { total: rows, processed: rows, inserted: rows, updated: 0, rejected: 0 }, chunks: { pending: 0, failed: 0 } });
  const { rows: [found] } = await sql<{ n: number; different: number; credit: number }>`SELECT count(*) AS n, count(DISTINCT external_id) AS different, sum(credit_minor)::bigint AS credit FROM users WHERE tenant_id = 'shop-a'`.execute(databases.write);
  expect(found).toEqual({ n: rows, different: rows, credit: creditMinorOfAll() });
  expect(killer.hits).toBeGreaterThanOrEqual(2);
}, patienceMs + 120_000);
