import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { UploadView } from '../../contracts/uploads/schemas.ts';
import { cli, done, expectRefusal } from '../support/cli.ts';
import { shop, type Shop } from '../support/http.ts';
import { anImage } from '../support/images.ts';

let folder: string;
let image: string;
let text: string;
let shopA: Shop;
beforeAll(async () => {
  shopA = await shop('shop-a');
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cli-images-'));
  image = path.join(folder, 'front.jpg');
  text = path.join(folder, 'notes.txt');
  await writeFile(image, await anImage({ width: 500, height: 300 }));
  await writeFile(text, 'no image');
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

let made = 0;
async function product(): Promise<string> {
  const id = `cli-images-${process.pid}-${(made += 1)}`;
  await shopA.call('PUT', `/v1/products/${id}`, { sellerId: 's', name: 'Mug', kind: 'physical', price: 1, currency: 'EUR', weightGrams: 1 });
  return id;
}

describe('upload', () => {
  test('sends an image and, with --watch, follows it until it is on the product', async () => {
    const productId = await product();
    expect(await done('upload', image, image, '--product', productId, '--watch')).toMatch(new RegExp(`upl_\\w{26}  completed\\s+2 of 2 images are on product ${productId}`));
    const { images } = (await shopA.call('GET', `/v1/products/${productId}`)).body as { images: unknown[] };
    expect(images).toHaveLength(2);
    expect(await done('uploads', '--product', productId)).toMatch(/upl_\w{26} +completed/);
  });

  test('says how to come back to it, and its id serves status, watch and cancel', async () => {
    const productId = await product();
    const upload = JSON.parse(await done('upload', image, '--product', productId, '--json')) as UploadView;
    expect(upload).toMatchObject({ productId, images: { total: 1 } });
    await done('watch', upload.id);
    expect(await done('status', upload.id)).toContain('1 of 1 images are on the product');
    expectRefusal(await cli(['cancel', upload.id]), /upload is completed.*\(not_cancellable\)$/, /./);
  });

  test('names what could not be used, and ends with 1', async () => {
    const { code, stdout, stderr } = await cli(['upload', image, text, '--product', await product(), '--watch']);
    expect(code).toBe(1);
    expect(stdout).toContain('notes.txt: It is no image');
    expect(stderr).toContain('1 of 2 images could not be used.');
  });

  test('is refused for a file or a product that does not exist', async () => {
    expect(await cli(['upload', path.join(folder, 'none.jpg'), '--product', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no file') });
    expectRefusal(await cli(['upload', image, '--product', 'no-such-product']), /\(product_not_found\)$/, /products/);
  });
});
