import '../support/realm.ts';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Holdfast, newUploadId } from '../../client/index.ts';
import { cleanupWorkflowId, uploadWorkflowId } from '../../contracts/flows.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import type { UploadState } from '../../contracts/uploads/flow.ts';
import { keepForGood, keepUntil } from '../../services/database/expired-files.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { createUpload } from '../../services/database/uploads/create.ts';
import { putImage } from '../../services/database/uploads/images.ts';
import { findUpload } from '../../services/database/uploads/queries.ts';
import type { KeptUpload } from '../../services/database/uploads/rows.ts';
import { beginUpload, endUnbegunUploads } from '../../services/database/uploads/transitions.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';
import { createTenant } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { anImage } from '../support/images.ts';
import { startWorld, type World } from '../support/world.ts';

const tenantId = `upload-flows-${process.pid}`;

/** A folder, and in front of it a door that is shut as often as a test wants. */
let files: Storage;
let folder: string;
let brokenPuts = 0;
let brokenRemoves = 0;
let slowMs = 0;
const storage: Storage = {
  put: async (key, contents, options) => {
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
    if (brokenPuts > 0) {
      brokenPuts -= 1;
      throw new Error('the disk is away');
    }
    await files.put(key, contents, options);
  },
  get: async (key, range) => await files.get(key, range),
  stat: async (key) => await files.stat(key),
  remove: async (key) => {
    if (brokenRemoves > 0) {
      brokenRemoves -= 1;
      throw new Error('the disk is away');
    }
    await files.remove(key);
  },
};

let world: World;
let small: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-uploads-'));
  files = openStorage(`file:${folder}`);
  world = await startWorld(tenantId, { storage });
  small = await anImage({ width: 400, height: 200, format: 'png' });
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  [brokenPuts, brokenRemoves, slowMs] = [0, 0, 0];
});

let made = 0;
async function product(): Promise<string> {
  const id = `product-${(made += 1)}`;
  await putProduct(world.databases.write, tenantId, id, { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 100, currency: 'EUR', weightGrams: 1 });
  return id;
}
async function uploaded(productId: string, images: readonly Uint8Array[], id = newUploadId()): Promise<string> {
  const keys = await Promise.all(images.map(async (image) => {
    const key = `${tenantId}/uploads/file-${(made += 1)}`;
    await files.put(key, image, { contentType: 'application/octet-stream' });
    return { key, bytes: image.byteLength };
  }));
  await createUpload(world.databases.write, { tenantId, uploadId: id, productId, images: keys });
  return id;
}
async function begun(productId: string, images: readonly Uint8Array[]): Promise<string> {
  const id = await uploaded(productId, images);
  await world.holdfast.uploads.begin(id, productId);
  return id;
}
const handle = (id: string) => world.client.workflow.getHandle(uploadWorkflowId(id));
const ended = async (id: string): Promise<UploadState> => (await handle(id).result()) as UploadState;
const row = async (id: string): Promise<KeptUpload | undefined> => await findUpload(world.databases.write, tenantId, id);
const imagesOf = async (productId: string) => (await findProduct(world.databases.write, tenantId, productId))?.images ?? [];
const notices = async (id: string): Promise<unknown[]> =>
  await world.databases.write.selectFrom('notifications').select(['audience', 'customer_id', 'template', 'data']).where('tenant_id', '=', tenantId).where('subject_id', '=', id).execute();
const expiries = async (keys: readonly string[]): Promise<number> =>
  (await world.databases.write.selectFrom('stored_files').select('key').where('tenant_id', '=', tenantId).where('key', 'in', [...keys]).execute()).length;
const cleaned = async (): Promise<unknown> => {
  await world.client.workflow.start('cleanup', { workflowId: cleanupWorkflowId, taskQueue: queueOfWorkflow.cleanup, args: [], workflowIdReusePolicy: 'ALLOW_DUPLICATE' });
  return await world.client.workflow.getHandle(cleanupWorkflowId).result();
};

describe('an upload', () => {
  test('puts the sizes of an image on the product, tells the seller, and gives the original up', async () => {
    const productId = await product();
    const id = await begun(productId, [small]);
    expect(await ended(id)).toMatchObject({ id, productId, status: 'completed', images: { total: 1, pending: 0, done: 1, failed: 0 } });
    const [image] = await imagesOf(productId);
    expect(image).toMatchObject({ id: `${id}-1`, width: 400, height: 200 });
    expect(image?.variants.map(({ format, width, height }) => `${format} ${width}x${height}`)).toEqual(['webp 320x160', 'png 320x160', 'webp 400x200', 'png 400x200']);
    for (const { key, bytes, format } of image?.variants ?? []) expect(await files.stat(key)).toEqual({ bytes, contentType: `image/${format}` });
    expect(await row(id)).toMatchObject({ status: 'completed', progress: 100, items: [{ no: 1, status: 'done', format: 'png' }] });
    expect(await notices(id)).toEqual([{ audience: 'seller', customer_id: 'seller-1', template: 'images_ready', data: { productId, done: 1, failed: 0 } }]);
    const { key } = await world.databases.write.selectFrom('upload_images').select('key').where('upload_id', '=', id).executeTakeFirstOrThrow();
    expect([await expiries([key]), await expiries(image?.variants.map((variant) => variant.key) ?? [])]).toEqual([1, 0]);
    expect(await world.holdfast.flows.get(uploadWorkflowId(id))).toMatchObject({ type: 'upload', businessStatus: 'completed', progress: 100 });
  });

  test('of several images takes each on its own: what cannot be used is named and keeps no other from being used', async () => {
    const productId = await product();
    const id = await begun(productId, [small, Buffer.from('no image'), small, small.subarray(0, 100), small]);
    expect(await ended(id)).toMatchObject({ status: 'completed', images: { total: 5, done: 3, failed: 2 } });
    expect((await row(id))?.items.map(({ status, reason }) => reason ?? status)).toEqual(['done', 'image_unsupported', 'done', 'image_damaged', 'done']);
    expect((await imagesOf(productId)).map((image) => image.id)).toEqual([1, 3, 5].map((no) => `${id}-${no}`));
    // Refused for good: asked once.
    const { events = [] } = await handle(id).fetchHistory();
    expect(events?.filter((event) => event.activityTaskScheduledEventAttributes != null)).toHaveLength(5);
    expect(events?.filter((event) => event.activityTaskFailedEventAttributes != null)).toHaveLength(0);
    expect(await notices(id)).toMatchObject([{ template: 'images_ready', data: { done: 3, failed: 2 } }]);
  });

  test('of nothing that can be used fails, says why, and leaves the product as it is', async () => {
    const productId = await product();
    const first = await begun(productId, [small]);
    await ended(first);
    const id = await begun(productId, [Buffer.from('no image')]);
    expect(await ended(id)).toMatchObject({ status: 'failed', reason: 'image_unsupported' });
    expect((await imagesOf(productId)).map((image) => image.id)).toEqual([`${first}-1`]);
    expect(await notices(id)).toMatchObject([{ template: 'images_failed', data: { done: 0, failed: 1, reason: 'image_unsupported' } }]);
    expect(await world.holdfast.flows.get(uploadWorkflowId(id))).toMatchObject({ status: 'completed', businessStatus: 'failed' });
  });

  test('takes the place of the images before, whose files are given up', async () => {
    const productId = await product();
    const first = await begun(productId, [small, small]);
    await ended(first);
    const old = (await imagesOf(productId)).flatMap(({ variants }) => variants.map(({ key }) => key));
    const second = await begun(productId, [small]);
    await ended(second);
    expect((await imagesOf(productId)).map((image) => image.id)).toEqual([`${second}-1`]);
    expect(await expiries(old)).toBe(8);
    expect((await row(first))?.items.map(({ status, image }) => [status, image])).toEqual([['done', undefined], ['done', undefined]]);
  });

  test('that is late gives way to a later one', async () => {
    const productId = await product();
    const early = await uploaded(productId, [small]);
    const late = await begun(productId, [small]);
    await ended(late);
    await world.holdfast.uploads.begin(early, productId);
    expect(await ended(early)).toMatchObject({ status: 'failed', reason: 'upload_superseded' });
    expect((await imagesOf(productId)).map((image) => image.id)).toEqual([`${late}-1`]);
  });

  test('is made in the end when the storage is away at first', async () => {
    const productId = await product();
    brokenPuts = 1;
    const id = await begun(productId, [small]);
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    expect(await imagesOf(productId)).toHaveLength(1);
  });

  test('fails after three attempts, and operators find its flow among the failures', async () => {
    const productId = await product();
    brokenPuts = 3;
    const id = await begun(productId, [small]);
    await expect(ended(id)).rejects.toMatchObject({ cause: { type: 'storage_unavailable' } });
    expect(await row(id)).toMatchObject({ status: 'failed', reason: 'storage_unavailable', items: [{ status: 'failed', reason: 'storage_unavailable' }] });
    expect(brokenPuts).toBe(0);
  });

  test.each(['the signal', 'Temporal'] as const)('that is cancelled by %s stops soon; what is done stays', async (by) => {
    const productId = await product();
    slowMs = 150;
    const id = await begun(productId, Array.from({ length: 12 }, () => small));
    await eventually('the first image', async () => (await imagesOf(productId)).length > 0);
    const began = Date.now();
    await (by === 'Temporal' ? handle(id).cancel() : world.holdfast.uploads.cancel(id));
    const state = await ended(id);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(state.status).toBe('cancelled');
    expect(state.images.done).toBeGreaterThan(0);
    expect(state.images.done).toBeLessThan(12);
    slowMs = 0;
    // Attempts that were on their way change nothing any more.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await imagesOf(productId)).toHaveLength(state.images.done);
    expect((await row(id))?.items.filter(({ status }) => status === 'cancelled')).toHaveLength(12 - state.images.done);
    expect(await notices(id)).toEqual([]);
    await expect(world.holdfast.uploads.cancel(id)).rejects.toMatchObject({ code: 'not_cancellable' });
  });

  test('that was ended by force goes on where it stopped, when it is begun again', async () => {
    const productId = await product();
    slowMs = 150;
    const id = await begun(productId, Array.from({ length: 6 }, () => small));
    await eventually('the first image', async () => (await imagesOf(productId)).length > 0);
    await handle(id).terminate();
    slowMs = 0;
    await world.holdfast.uploads.begin(id, productId);
    expect(await ended(id)).toMatchObject({ status: 'completed', images: { total: 6, done: 6 } });
    expect((await imagesOf(productId)).map(({ no }) => no)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('is begun once, however often it is asked for', async () => {
    const productId = await product();
    const id = await begun(productId, [small]);
    await Promise.all(Array.from({ length: 5 }, async () => await world.holdfast.uploads.begin(id, productId)));
    await ended(id);
    await world.holdfast.uploads.begin(id, productId);
    expect((await notices(id))).toHaveLength(1);
  });

  test('of another tenant does not exist', async () => {
    const productId = await product();
    const id = await begun(productId, [small]);
    await createTenant(world.databases, `${tenantId}-b`);
    const theirs = Holdfast.over(world.client, { tenantId: `${tenantId}-b` });
    await expect(theirs.uploads.get(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(theirs.uploads.cancel(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await ended(id);
  });

  test('whose flow never began is ended after an hour', async () => {
    const productId = await product();
    const id = await uploaded(productId, [small]);
    expect(await endUnbegunUploads(world.databases.write)).toBe(0);
    await world.databases.write.updateTable('uploads').set({ created_at: new Date(Date.now() - 2 * 3_600_000) }).where('id', '=', id).execute();
    expect(await endUnbegunUploads(world.databases.write)).toBe(1);
    expect(await row(id)).toMatchObject({ status: 'failed', reason: 'temporal_unavailable' });
    await world.holdfast.uploads.begin(id, productId);
    await expect(ended(id)).rejects.toThrow();
    expect(await imagesOf(productId)).toEqual([]);
  });
});

describe('two attempts at the same image', () => {
  test('put it on the product once, and the files of the second are not those of the first', async () => {
    const productId = await product();
    const uploadId = await uploaded(productId, [small]);
    const ref = { tenantId, uploadId };
    await beginUpload(world.databases.write, ref);
    const image = (attempt: string) => ({ id: `${uploadId}-1`, uploadId, no: 1, width: 1, height: 1, variants: [{ format: 'webp' as const, width: 1, height: 1, bytes: 1, key: `${tenantId}/uploads/${uploadId}/${attempt}/1.webp` }] });
    const outcomes = await Promise.all(['a', 'b'].map(async (attempt) => await putImage(world.databases.write, ref, image(attempt), 'webp')));
    expect(new Set(outcomes)).toEqual(new Set(['done', 'left']));
    expect(await imagesOf(productId)).toHaveLength(1);
  });
});

describe('the clean-up', () => {
  const key = (name: string): string => `${tenantId}/tests/${name}`;
  const put = async (name: string, expiresInMs: number): Promise<void> => {
    await keepUntil(world.databases.write, tenantId, [key(name)], new Date(Date.now() + expiresInMs));
    await files.put(key(name), Buffer.from('x'), { contentType: 'text/plain' });
  };
  const there = async (name: string): Promise<boolean> => (await files.stat(key(name))) !== undefined;

  test('removes files whose time is over, and no others', async () => {
    await put('over', -1_000);
    await put('later', 60_000);
    await put('kept', -1_000);
    await keepForGood(world.databases.write, tenantId, [key('kept')]);
    await put('moved', -1_000);
    await keepUntil(world.databases.write, tenantId, [key('moved')], new Date(Date.now() + 60_000));
    await keepUntil(world.databases.write, tenantId, [key('never-came-to-be')], new Date());
    await cleaned();
    expect([await there('over'), await there('later'), await there('kept'), await there('moved')]).toEqual([false, true, true, true]);
    expect(await expiries([key('over'), key('later'), key('kept'), key('moved'), key('never-came-to-be')])).toBe(2);
  });

  test('passes over what cannot be removed now, and the next run removes it', async () => {
    await cleaned();
    for (let at = 0; at < 5; at += 1) await put(`stubborn-${at}`, -1_000 + at);
    brokenRemoves = 3;
    expect(await cleaned()).toEqual({ removed: 2, left: 3 });
    expect(await cleaned()).toEqual({ removed: 3, left: 0 });
  });

  test('gives up soon when the storage is away, and does not fail', async () => {
    for (let at = 0; at < 60; at += 1) await put(`many-${at}`, -1_000);
    brokenRemoves = 1_000;
    expect(await cleaned()).toEqual({ removed: 0, left: 20 });
    brokenRemoves = 0;
    expect(await cleaned()).toEqual({ removed: 60, left: 0 });
  });

  test('removes what a batch of hundreds is', async () => {
    const keys = Array.from({ length: 250 }, (_, at) => key(`batch-${at}`));
    await keepUntil(world.databases.write, tenantId, keys, new Date(Date.now() - 1_000));
    expect(await cleaned()).toEqual({ removed: 250, left: 0 });
    expect(await readdir(folder)).toContain(tenantId);
  });
});
