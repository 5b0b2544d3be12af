import { beforeAll, expect, test } from '@jest/globals';
import type { DatasetView } from '../../contracts/datasets.ts';
import { testStack } from '../support/environment.ts';
import { eventually, shop, type Shop } from '../support/http.ts';

let shopA: Shop;
beforeAll(async () => void (shopA = await shop('shop-a')));

const example = async (name: string, query = '?format=csv'): Promise<Response> => {
  const { apiUrl, apiKeys } = await testStack();
  return await fetch(`${apiUrl}/v1/datasets/${name}/example${query}`, { headers: { authorization: `Bearer ${apiKeys['shop-a'] ?? ''}` } });
};

test('the datasets are listed with their keys', async () => {
  const { status, body } = await shopA.call('GET', '/v1/datasets');
  expect(status).toBe(200);
  const items = body['items'] as { name: string; key: string[] }[];
  expect(items.map(({ name }) => name)).toEqual(['users', 'vehicles', 'products', 'attendees']);
  expect(items[0]?.key).toEqual(['external_id']);
});

test('a dataset says which columns it has', async () => {
  const { status, body } = await shopA.call('GET', '/v1/datasets/users');
  expect(status).toBe(200);
  expect((body as DatasetView).columns).toContainEqual({ name: 'credit', required: false, aliases: expect.arrayContaining(['balance']), description: expect.stringMatching(/./), example: '12.50' });
});

test.each(['users', 'vehicles', 'products'])('the example file of %s is imported as it is', async (name) => {
  const file = await example(name);
  expect([file.status, file.headers.get('content-type'), file.headers.get('content-disposition')]).toEqual([200, 'text/csv; charset=utf-8', expect.stringContaining(`${name}.csv`)]);
  const { status, body } = await shopA.call('POST', `/v1/imports?dataset=${name}&dryRun=true`, await file.text(), { 'content-type': 'text/csv' });
  expect(status).toBe(202);
  const ended = await eventually('the import to end', async () => await shopA.call('GET', `/v1/imports/${String(body['id'])}`).then((found) => (found.body['endedAt'] === undefined ? undefined : found.body)));
  expect(ended).toMatchObject({ status: 'completed', rows: { total: 1, rejected: 0 } });
});

test.each<[string, string, string]>([
  ['unknown_dataset', '/v1/datasets/boats', 'users'],
  ['unknown_dataset', '/v1/datasets/constructor', 'users'],
  ['unknown_dataset', '/v1/datasets/boats/example?format=csv', 'users'],
  ['unknown_format', '/v1/datasets/users/example?format=docx', 'csv'],
])('%s is refused: %s', async (code, path, detail) => {
  expect(await shopA.call('GET', path)).toMatchObject({ status: 422, body: { code, detail: expect.stringContaining(detail) } });
});
