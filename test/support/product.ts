/** The product as a person starts it: `holdfast up` in a home of its own, to be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StackInfo } from '../../stack/info.ts';
import { someRoom } from './database.ts';
import { request, shop, type Shop } from './http.ts';

const entry = path.resolve(import.meta.dirname, '../../cli/main.ts');
// A loaded machine starts slowly; a stack that is not up by then is broken.
const startPatienceMs = 180_000;

export interface Product {
  readonly home: string;
  /** What was printed so far, by every start. */
  readonly output: () => string;
  start(): Promise<StackInfo>;
  /** As stack.json says now: pids change when a part is restarted. */
  info(): Promise<StackInfo>;
  shop(): Promise<Shop>;
  kill(part: keyof StackInfo['pids']): Promise<void>;
  killEverything(): Promise<void>;
  /** SIGTERM, then waits for the orderly end. @returns the exit code and how long it took. */
  stop(): Promise<{ code: number | null; tookMs: number }>;
  /** Stops what runs and removes the home. */
  dispose(): Promise<void>;
}

export async function createProduct(environment: Record<string, string> = {}): Promise<Product> {
  const home = await mkdtemp(path.join(tmpdir(), 'holdfast-product-'));
  const env = { ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: 'shop-a:test-key-shop-a,shop-b:test-key-shop-b', HOLDFAST_RATE_LIMIT: '0', NODE_OPTIONS: '', ...environment };
  let child: ChildProcess | undefined;
  let printed = '';

  const info = async (): Promise<StackInfo> => JSON.parse(await readFile(path.join(home, 'stack.json'), 'utf8')) as StackInfo;
  const running = (): ChildProcess | undefined => (child !== undefined && child.exitCode === null && child.signalCode === null ? child : undefined);
  const killed = (pid: number | null): void => {
    if (pid === null) return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended by itself in this moment.
    }
  };

  const product: Product = {
    home,
    output: () => printed,
    info,
    start: async () => {
      const started = spawn(process.execPath, [entry, 'up', '--no-showcase'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      for (const deadline = Date.now() + startPatienceMs; Date.now() < deadline; ) {
        if (running() === undefined) throw new Error(`the product ended while it was starting:\n${printed}`);
        const up = await info().then(async (stack) => (stack.pids.supervisor === started.pid ? (await request(`${stack.apiUrl}/ready`, {})).status === 200 : false)).catch(() => false);
        if (up) return await info();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`the product was not up after ${startPatienceMs} ms:\n${printed}`);
    },
    shop: async () => await shop('shop-a', info()),
    kill: async (part) => killed((await info()).pids[part]),
    killEverything: async () => {
      const { pids } = await info();
      const ended = running() === undefined ? undefined : once(child as ChildProcess, 'exit');
      for (const pid of [pids.supervisor, ...Object.values(pids)]) killed(pid);
      await ended;
    },
    stop: async () => {
      const process_ = running();
      if (process_ === undefined) return { code: null, tookMs: 0 };
      const began = Date.now();
      process_.kill('SIGTERM');
      const [code] = (await once(process_, 'exit')) as [number | null];
      return { code, tookMs: Date.now() - began };
    },
    dispose: async () => {
      await product.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  return product;
}

/** A room of its own for each booking. @returns the id of the held booking. */
export async function hold(product: Product, resourceId: string): Promise<string> {
  const guests = await product.shop();
  await guests.call('PUT', `/v1/resources/${resourceId}`, someRoom);
  const { status, body } = await guests.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2031-05-01', to: '2031-05-04' });
  if (status !== 201) throw new Error(`the hold was answered ${status}: ${JSON.stringify(body)}`);
  return (body as { id: string }).id;
}

export const statusOf = async (product: Product, id: string): Promise<unknown> => (await (await product.shop()).call('GET', `/v1/bookings/${id}`)).body['status'];
