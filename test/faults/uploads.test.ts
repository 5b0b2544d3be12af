import '../support/realm.ts';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ProductView } from '../../contracts/products.ts';
import type { UploadView } from '../../contracts/uploads/schemas.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { eventually, request, type Shop } from '../support/http.ts';
import { anImage } from '../support/images.ts';
import { createProduct, type Product } from '../support/product.ts';
import { inFull } from '../support/scale.ts';

const kills = inFull ? 2 : 1;
const images = 4;

let product: Product;
let databases: Databases;
let sellers: Shop;
let authorization: string;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl, apiKeys } = await product.start();
  authorization = `Bearer ${apiKeys['shop-a'] ?? ''}`;
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
  sellers = await product.shop();
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

async function send(): Promise<string> {
  await sellers.call('PUT', '/v1/products/mug', { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', weightGrams: 400 });
  // The slowest to write, so that there is a middle to be killed in.
  const image = Buffer.from(await anImage({ width: 2_400, height: 1_600, format: 'avif', noise: true }));
  const form = new FormData();
  for (let no = 1; no <= images; no += 1) form.append('image', new Blob([image]), `${no}.avif`);
  const { apiUrl } = await product.info();
  const answer = await request(`${apiUrl}/v1/uploads?productId=mug`, { method: 'POST', body: form, headers: { authorization } });
  expect(answer.status).toBe(202);
  return String(answer.body['id']);
}

/** Sizes that are being made: they are noted before they are stored, until their image is on the product. */
const underWay = async (id: string): Promise<string[]> =>
  (await databases.write.selectFrom('stored_files').select('key').where('tenant_id', '=', 'shop-a').where('key', 'like', `shop-a/uploads/${id}/%`).execute()).map(({ key }) => key).toSorted();

const stored = async (id: string): Promise<string[]> => {
  const folder = path.join(product.home, 'storage/shop-a/uploads', id);
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => `shop-a/uploads/${id}/${path.relative(folder, path.join(entry.parentPath, entry.name))}`).toSorted();
};

test(`the workers are killed ${kills === 1 ? 'once' : `${kills} times`} in the middle of an image: each is on the product once, and no file is left that nobody knows of`, async () => {
  const id = await send();
  const dead = new Set<string>();
  for (let killed = 0; killed < kills; killed += 1) {
    const caught = await eventually('an image to be half made', async () => {
      const keys = (await underWay(id)).filter((key) => !dead.has(key));
      return keys.length > 0 && keys;
      // Until a dead worker is noticed, when all images were under way.
    }, 120_000);
    await product.kill('workers');
    for (const key of [...caught, ...(await underWay(id))]) dead.add(key);
  }
  const upload = await eventually('the upload to end', async () => {
    const seen = (await sellers.call('GET', `/v1/uploads/${id}`)).body as unknown as UploadView;
    return seen.endedAt !== undefined && seen;
  }, 240_000);
  expect(upload).toMatchObject({ status: 'completed', progress: 100, images: { total: images, pending: 0, done: images, failed: 0 } });

  const shown = ((await sellers.call('GET', '/v1/products/mug')).body as unknown as ProductView).images;
  expect(shown.map((image) => image.id)).toEqual(Array.from({ length: images }, (_, at) => `${id}-${at + 1}`));
  for (const { variants } of shown) {
    expect(variants.map(({ format, width }) => `${format} ${width}`)).toEqual([320, 640, 1280, 2048].flatMap((width) => [`webp ${width}`, `avif ${width}`]));
    for (const { url, bytes } of variants) expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(bytes);
  }
  const { images: kept } = await databases.write.selectFrom('products').select('images').where('tenant_id', '=', 'shop-a').where('id', '=', 'mug').executeTakeFirstOrThrow();
  const inUse = kept.flatMap(({ variants }) => variants.map(({ key }) => key));
  const left = await underWay(id);
  const halfMade = [...dead].filter((key) => !inUse.includes(key));
  expect(halfMade.length).toBeGreaterThan(0);
  // It is no part of what is shown, and the clean-up knows of it.
  expect(left).toEqual(expect.arrayContaining(halfMade));
  expect(left.filter((key) => inUse.includes(key))).toEqual([]);
  expect((await stored(id)).filter((key) => !inUse.includes(key) && !left.includes(key))).toEqual([]);
  expect(await databases.write.selectFrom('notifications').select('template').where('subject_id', '=', id).execute()).toEqual([{ template: 'images_ready' }]);
}, 480_000);
