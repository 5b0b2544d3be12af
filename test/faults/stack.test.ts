import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/http.ts';
import { createProduct, hold, statusOf, type Product } from '../support/product.ts';

describe('a stack', () => {
  let product: Product;
  beforeAll(async () => {
    product = await createProduct();
    await product.start();
  }, 240_000);
  afterAll(async () => await product?.dispose(), 60_000);

  test('goes on after kill -9 of Temporal and PostgreSQL: the hold is there, its timer too, and it can be confirmed', async () => {
    const id = await hold(product, 'room-after-servers');
    const { api } = (await product.info()).pids;
    await product.kill('temporal');
    await product.kill('postgres');
    // A connection that is closed while it is idle is the caller's to open again; that the API itself lives is asked below.
    await eventually('the hold after the restart', async () => (await statusOf(product, id).catch(() => undefined)) === 'held', 90_000);
    const confirmed = await eventually('the confirmation', async () => {
      const answer = await (await product.shop()).call('POST', `/v1/bookings/${id}/confirm`, { reference: 'after the crash' }).catch(() => undefined);
      return answer?.status === 202 && answer;
    }, 90_000);
    expect((await product.info()).pids.api).toBe(api);
    expect(confirmed.body).toMatchObject({ status: 'confirmed', reference: 'after the crash' });
  }, 240_000);

  test.each(['api', 'workers', 'ui'] as const)('restarts %s after kill -9 and says so', async (part) => {
    const before = (await product.info()).pids[part];
    await product.kill(part);
    await eventually(`a new ${part}`, async () => {
      const now = (await product.info()).pids[part];
      return now !== null && now !== before;
    }, 90_000);
    expect(product.output()).toMatch(new RegExp(`${part} stopped \\(.*restarting in`));
    await eventually('the API', async () => await statusOf(product, 'bkg_none').then(() => true, () => false), 60_000);
  });

  test('after kill -9 of everything the next start recovers, and the flows go on', async () => {
    const id = await hold(product, 'room-after-all');
    await product.killEverything();
    await product.start();
    expect(await statusOf(product, id)).toBe('held');
    expect((await (await product.shop()).call('POST', `/v1/bookings/${id}/cancel`)).status).toBe(202);
    await eventually('the release', async () => (await statusOf(product, id)) === 'released', 90_000);
  }, 300_000);

  test('stops in order within 15 seconds, and the next start finds everything', async () => {
    const id = await hold(product, 'room-after-stop');
    const { code, tookMs } = await product.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(15_000);
    await product.start();
    expect(await statusOf(product, id)).toBe('held');
  }, 300_000);

  test('is not started twice in one home', async () => {
    const { apiUrl } = await product.info();
    const twin = await createProduct({ HOLDFAST_HOME: product.home });
    await expect(twin.start()).rejects.toThrow(new RegExp(`already running.*${apiUrl.replaceAll('.', '\\.')}`, 's'));
  });

  test('runs beside another one with a home of its own', async () => {
    const other = await createProduct();
    try {
      const [first, second] = [await product.info(), await other.start()];
      expect(second.apiUrl).not.toBe(first.apiUrl);
      const id = await hold(other, 'room-next-door');
      expect((await (await product.shop()).call('GET', `/v1/bookings/${id}`)).status).toBe(404);
    } finally {
      await other.dispose();
    }
  }, 300_000);
});

describe('a start that cannot succeed ends with one message and its remedy', () => {
  let product: Product | undefined;
  afterEach(async () => {
    await product?.dispose();
    product = undefined;
  });

  test('a busy port that was asked for', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    product = await createProduct({ HOLDFAST_PORT: String(port) });
    await expect(product.start()).rejects.toThrow(new RegExp(`${port}.*→`, 's'));
    blocker.close();
  });

  test('settings that are wrong are all named, and no value of theirs is shown', async () => {
    product = await createProduct({ HOLDFAST_PORT: 'ninety', HOLDFAST_RATE_LIMIT: '-1', HOLDFAST_API_KEYS: 'no-colon-but-secret' });
    const failure = await product.start().then(() => '', (error: unknown) => String(error));
    for (const name of ['HOLDFAST_PORT', 'HOLDFAST_RATE_LIMIT', 'HOLDFAST_API_KEYS']) expect(failure).toContain(name);
    expect(failure).not.toContain('no-colon-but-secret');
    expect(failure).not.toMatch(/at .*\.ts:\d+/);
  });
});
