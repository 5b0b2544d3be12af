import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ExportView } from '../../client/index.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { eventually, type Shop } from '../support/http.ts';
import { createProduct, type Product } from '../support/product.ts';
import { inFull } from '../support/scale.ts';

const rows = inFull ? 1_000_000 : 200_000;
const kills = inFull ? 4 : 2;

let product: Product;
let databases: Databases;
let people: Shop;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl } = await product.start();
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
  people = await product.shop();
  for (let from = 1; from <= rows; from += 20_000) {
    await sql`INSERT INTO users (tenant_id, external_id, email, city, import_no, import_position) SELECT 'shop-a', 'u-' || n, 'u' || n || '@example.org', 'Praha', 1, n FROM generate_series(${from}::integer, ${from + 19_999}::integer) AS n`.execute(databases.write);
  }
}, 600_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

const ask = async (): Promise<string> => String((await people.call('POST', '/v1/exports', { dataset: 'users', format: 'xlsx', requestedBy: 'olga' })).body['id']);
const look = async (id: string): Promise<ExportView> => (await people.call('GET', `/v1/exports/${id}`)).body as unknown as ExportView;
const ready = async (id: string): Promise<ExportView> =>
  await eventually('the export to be ready', async () => {
    const view = await look(id);
    if (view.status === 'failed') throw new Error(view.detail);
    return view.status === 'ready' && view;
  }, 400_000);

test(`the workers are killed ${kills} times while ${rows} rows are exported: the file is as if they had not been, nobody sees half of it, and its requester is told once`, async () => {
  const began = Date.now();
  const undisturbed = await ready(await ask());
  const tookMs = Date.now() - began;
  const id = await ask();
  // The file says when it was asked for.
  await databases.write.updateTable('exports').set({ created_at: undisturbed.createdAt }).where('id', '=', id).execute();
  const seen: number[] = [];
  for (let killed = 0; killed < kills; killed += 1) {
    const attempt = await eventually('an attempt to be under way', async () => {
      const row = await databases.write.selectFrom('exports').select(['attempt', 'status']).where('id', '=', id).executeTakeFirstOrThrow();
      if (row.status === 'ready') throw new Error('it is ready already');
      return row.attempt > killed && row.attempt;
      // Until a dead worker is noticed, and then the pause of the policy, which grows.
    }, 120_000);
    expect(attempt).toBe(killed + 1);
    // In the middle of the file, however quick the machine is.
    await sleep(tookMs / 8);
    const view = await look(id);
    expect([view.status, view.downloadUrl]).toEqual(['running', undefined]);
    seen.push(view.progress);
    await product.kill('workers');
  }
  const disturbed = await ready(id);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const { attempt } = await databases.write.selectFrom('exports').select('attempt').where('id', '=', id).executeTakeFirstOrThrow();
  expect(attempt).toBeGreaterThan(kills);
  expect([disturbed.rows, disturbed.bytes, disturbed.sha256]).toEqual([undisturbed.rows, undisturbed.bytes, undisturbed.sha256]);
  const file = Buffer.from(await (await fetch(disturbed.downloadUrl ?? '')).arrayBuffer());
  expect(createHash('sha256').update(file).digest('hex')).toBe(disturbed.sha256);
  expect(await databases.write.selectFrom('notifications').select(['template', 'customer_id']).where('subject_id', '=', id).execute()).toEqual([{ template: 'export_ready', customer_id: 'olga' }]);
  // What dead attempts were to write is known to the clean-up.
  const kept = await databases.write.selectFrom('stored_files').select('key').where('key', 'like', `%/exports/${id}/%`).execute();
  expect(kept.map(({ key }) => key).toSorted()).toEqual(Array.from({ length: attempt }, (_, at) => `shop-a/exports/${id}/${at + 1}.xlsx`).toSorted());
}, 900_000);
