import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { maxImagesOfUpload } from '../../contracts/uploads/flow.ts';
import type { UploadView } from '../../contracts/uploads/schemas.ts';
import type { ProductView } from '../../contracts/products.ts';
import type { Databases } from '../../services/database/connection.ts';
import { openTestDatabase } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { eventually, shop, type Answer, type Shop } from '../support/http.ts';
import { anImage, aPhotograph } from '../support/images.ts';

let shopA: Shop;
let shopB: Shop;
let databases: Databases;
let apiUrl: string;
let authorization: Record<'shop-a' | 'shop-b', string>;
let small: Buffer<ArrayBuffer>;
beforeAll(async () => {
  [shopA, shopB, databases] = await Promise.all([shop('shop-a'), shop('shop-b'), openTestDatabase()]);
  const stack = await testStack();
  apiUrl = stack.apiUrl;
  authorization = { 'shop-a': `Bearer ${stack.apiKeys['shop-a'] ?? ''}`, 'shop-b': `Bearer ${stack.apiKeys['shop-b'] ?? ''}` };
  small = Buffer.from(await anImage({ width: 400, height: 200 }));
});
afterAll(async () => await databases.close());

let made = 0;
const fresh = (name: string): string => `${name}-${process.pid}-${(made += 1)}`;
async function product(seller = shopA): Promise<string> {
  const id = fresh('product');
  await seller.call('PUT', `/v1/products/${id}`, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 100, currency: 'EUR', weightGrams: 1 });
  return id;
}
const jpeg = { 'content-type': 'image/jpeg' };
const send = async (productId: string, image: Uint8Array, headers: Record<string, string> = jpeg): Promise<Answer> => await shopA.call('POST', `/v1/uploads?productId=${productId}`, image, headers);
async function sendForm(productId: string, images: readonly (readonly [name: string, Uint8Array<ArrayBuffer>])[], headers: Record<string, string> = {}, seller: keyof typeof authorization = 'shop-a'): Promise<Answer> {
  const form = new FormData();
  for (const [name, image] of images) form.append('image', new Blob([image]), name);
  const answer = await fetch(`${apiUrl}/v1/uploads?productId=${productId}`, { method: 'POST', body: form, headers: { authorization: authorization[seller], ...headers } });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}
const idOf = (answer: Answer): string => (answer.body as unknown as UploadView).id;
async function ended(id: string): Promise<UploadView> {
  return await eventually('the upload to end', async () => {
    const upload = (await shopA.call('GET', `/v1/uploads/${id}`)).body as unknown as UploadView;
    return upload.endedAt !== undefined && upload;
  });
}
const productOf = async (id: string): Promise<ProductView> => (await shopA.call('GET', `/v1/products/${id}`)).body as unknown as ProductView;
/** Of another shop, as nothing else sends images to it. */
const objects = async (): Promise<number> => (await databases.write.selectFrom('stored_files').select('key').where('tenant_id', '=', 'shop-b').where('key', 'like', 'shop-b/uploads/%').execute()).length;

describe('an image', () => {
  test('is taken, made, shown on the product, and fetched by links that need no key', async () => {
    const productId = await product();
    const answer = await send(productId, await aPhotograph({ width: 800, height: 400 }));
    expect(answer).toMatchObject({ status: 202, body: { productId, images: { total: 1 }, items: [{ no: 1 }] } });
    expect(answer.headers.get('location')).toBe(`/v1/uploads/${idOf(answer)}`);
    const upload = await ended(idOf(answer));
    expect(upload).toMatchObject({ status: 'completed', progress: 100, items: [{ status: 'done', format: 'jpeg', image: { width: 400, height: 800 } }] });
    const { images } = await productOf(productId);
    expect(images).toEqual(upload.items.map(({ image }) => image));
    expect(images[0]?.variants.map(({ format, width, height }) => `${format} ${width}x${height}`)).toEqual(['webp 320x640', 'jpeg 320x640', 'webp 400x800', 'jpeg 400x800']);
    for (const { url, bytes, width, height, format } of images[0]?.variants ?? []) {
      const file = await fetch(url);
      expect([file.status, file.headers.get('content-type'), file.headers.get('cross-origin-resource-policy')]).toEqual([200, `image/${format}`, 'cross-origin']);
      const contents = Buffer.from(await file.arrayBuffer());
      expect(contents.byteLength).toBe(bytes);
      expect(await sharp(contents).metadata()).toMatchObject({ width, height, format });
    }
    expect(images[0]?.variants[0]?.url).toBe((await productOf(productId)).images[0]?.variants[0]?.url);
    expect((await shopA.call('GET', `/v1/products?limit=200`)).body['items']).toContainEqual(await productOf(productId));
  });

  test('keeps its place when the product is changed', async () => {
    const productId = await product();
    await ended(idOf(await send(productId, small)));
    await shopA.call('PUT', `/v1/products/${productId}`, { sellerId: 'seller-1', name: 'Other', kind: 'physical', price: 200, currency: 'EUR', weightGrams: 1 });
    expect((await productOf(productId)).images).toHaveLength(1);
  });

  test('is known by its content, whatever it is called', async () => {
    const productId = await product();
    expect(await ended(idOf(await send(productId, small, { 'content-type': 'text/html' })))).toMatchObject({ status: 'completed', items: [{ format: 'jpeg' }] });
    expect(await ended(idOf(await send(productId, Buffer.from('<html>'))))).toMatchObject({ status: 'failed', reason: 'image_unsupported' });
  });

  test('is refused before it is sent for a product that does not exist, and for none', async () => {
    expect(await send('no-such-product', small)).toMatchObject({ status: 404, body: { code: 'product_not_found' } });
    expect(await shopA.call('POST', '/v1/uploads', small, jpeg)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    expect(await shopB.call('POST', `/v1/uploads?productId=${await product()}`, small, jpeg)).toMatchObject({ status: 404 });
    expect(await fetch(`${apiUrl}/v1/uploads?productId=x`, { method: 'POST', body: small })).toMatchObject({ status: 401 });
    expect(await shopA.call('POST', `/v1/uploads?productId=${await product()}`)).toMatchObject({ status: 422, body: { code: 'file_empty' } });
  });
});

describe('a form', () => {
  test('of several images is one upload; each is named, and what cannot be used is told', async () => {
    const productId = await product();
    const answer = await sendForm(productId, [['front.jpg', small], ['notes.txt', Buffer.from('no image')], ['back.png', Buffer.from(await anImage({ width: 100, height: 100, format: 'png' }))]]);
    expect(answer).toMatchObject({ status: 202, body: { images: { total: 3 } } });
    const upload = await ended(idOf(answer));
    expect(upload.items.map(({ name, status, reason, format }) => [name, reason ?? status, format])).toEqual([['front.jpg', 'done', 'jpeg'], ['notes.txt', 'image_unsupported', undefined], ['back.png', 'done', 'png']]);
    expect((await productOf(productId)).images).toHaveLength(2);
    expect((await shopA.call('GET', `/v1/uploads?productId=${productId}`)).body['items']).toEqual([expect.objectContaining({ id: upload.id, status: 'completed', images: { total: 3, pending: 0, done: 2, failed: 1 } })]);
    expect((await shopA.call('GET', `/v1/uploads?productId=${productId}&status=failed`)).body['items']).toEqual([]);
  });

  test('with no file, an empty one, too many, or that is none, is refused, and nothing of it is kept', async () => {
    const productId = await product(shopB);
    const before = await objects();
    expect(await sendForm(productId, [], {}, 'shop-b')).toMatchObject({ status: 422, body: { code: 'file_empty' } });
    expect(await sendForm(productId, [['a.jpg', small], ['b.jpg', Buffer.alloc(0)]], {}, 'shop-b')).toMatchObject({ status: 422, body: { code: 'file_empty', detail: expect.stringContaining('File 2') } });
    expect(await sendForm(productId, Array.from({ length: maxImagesOfUpload + 1 }, (_, at) => [`${at}.jpg`, small] as const), {}, 'shop-b')).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    for (const body of ['', 'hello', '--x\r\n', '--x\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\nhalf']) {
      const answer = await shopB.call('POST', `/v1/uploads?productId=${productId}`, body, { 'content-type': 'multipart/form-data; boundary=x' });
      expect([body, answer.status >= 400 && answer.status < 500]).toEqual([body, true]);
    }
    expect(await shopB.call('POST', `/v1/uploads?productId=${productId}`, 'x', { 'content-type': 'multipart/form-data' })).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    expect(await objects()).toBe(before);
    expect((await shopB.call('GET', `/v1/uploads?productId=${productId}`)).body['items']).toEqual([]);
  });

  test('that breaks off in the middle leaves nothing', async () => {
    const productId = await product(shopB);
    const before = await objects();
    const { port } = new URL(apiUrl);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write([`POST /v1/uploads?productId=${productId} HTTP/1.1`, 'host: x', `authorization: ${authorization['shop-b']}`, 'content-type: multipart/form-data; boundary=x', 'content-length: 5000000', '', ''].join('\r\n'));
    socket.write('--x\r\ncontent-disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n');
    socket.write(Buffer.alloc(1_000_000, 'y'));
    await eventually('the beginning of a file', async () => (await objects()) > before);
    socket.destroy();
    await eventually('nothing to be left', async () => (await objects()) === before);
    expect((await shopB.call('GET', `/v1/uploads?productId=${productId}`)).body['items']).toEqual([]);
  });
});

describe('an Idempotency-Key', () => {
  test('makes one upload of the same images, however often they are sent', async () => {
    const productId = await product();
    const key = { 'idempotency-key': fresh('key') };
    const images = [['a.jpg', small], ['b.jpg', small]] as const;
    const first = await sendForm(productId, images, key);
    const again = await sendForm(productId, images, key);
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await sendForm(productId, images.slice(1), key)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect((await shopA.call('GET', `/v1/uploads?productId=${productId}`)).body['items']).toHaveLength(1);
  });
});

describe('an upload', () => {
  test('is cancelled; cancelling it again answers it, and one that has ended is not cancelled', async () => {
    const productId = await product();
    const large = Buffer.from(await anImage({ width: 3_000, height: 2_000, noise: true }));
    const id = idOf(await sendForm(productId, Array.from({ length: 8 }, (_, at) => [`${at}.jpg`, large] as const)));
    expect((await shopA.call('POST', `/v1/uploads/${id}/cancel`)).status).toBe(202);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect(await shopA.call('POST', `/v1/uploads/${id}/cancel`)).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    const done = idOf(await send(productId, small));
    await ended(done);
    expect(await shopA.call('POST', `/v1/uploads/${done}/cancel`)).toMatchObject({ status: 409, body: { code: 'not_cancellable' } });
  });

  test('of another shop does not exist, nor does one that was never made', async () => {
    const id = idOf(await send(await product(), small));
    for (const [method, path] of [['GET', ''], ['POST', '/cancel']] as const) {
      expect(await shopB.call(method, `/v1/uploads/${id}${path}`)).toMatchObject({ status: 404, body: { code: 'upload_not_found' } });
      expect(await shopA.call(method, `/v1/uploads/upl_none${path}`)).toMatchObject({ status: 404, body: { code: 'upload_not_found' } });
    }
    expect((await shopB.call('GET', '/v1/uploads')).body['items']).not.toContainEqual(expect.objectContaining({ id }));
  });

  test('has no name of a file in its history', async () => {
    const id = idOf(await sendForm(await product(), [['secret-name.jpg', small]]));
    const upload = await ended(id);
    expect(upload.items[0]?.name).toBe('secret-name.jpg');
    const flow = await eventually('the flow to end', async () => {
      const answer = await shopA.call('GET', `/v1/flows/upload:${id}`);
      return answer.body['status'] === 'completed' && answer;
    });
    expect(flow.body).toMatchObject({ type: 'upload', businessStatus: 'completed', progress: 100 });
    expect(JSON.stringify(flow.body)).not.toContain('secret-name');
  });
});

test('the original of an image is fetched by nobody: no link leads to it', async () => {
  const id = idOf(await send(await product(), small));
  const upload = await ended(id);
  const links = JSON.stringify(upload);
  const { key } = await databases.write.selectFrom('upload_images').select('key').where('upload_id', '=', id).executeTakeFirstOrThrow();
  expect(links).not.toContain(key);
});
