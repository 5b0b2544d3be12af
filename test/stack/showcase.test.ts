import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { newBookingId, newPaymentId } from '../../client/index.ts';
import { readSettings } from '../../config/settings.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { stackInfo } from '../../stack/info.ts';
import { sandboxedGateways } from '../../stack/sandbox.ts';
import { Run } from '../../stack/showcase/run.ts';
import { answerLost, declined, paidByCard } from '../../stack/showcase/scenes/payments.ts';
import { basketBought, carBought, orderSent } from '../../stack/showcase/scenes/sales.ts';
import type { Stage } from '../../stack/showcase/stage.ts';
import { cli, controlCharacters, done } from '../support/cli.ts';
import { eventually } from '../support/http.ts';
import { createProduct, type Product } from '../support/product.ts';

// It kills workers: not those of the stack that the other tests share.
let product: Product;
let databases: Databases;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl } = await product.start();
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

const workers = async (): Promise<number | null> => (await product.info()).pids.workers;

test('the showcase passes on a running stack, kills its workers once, and gives everything back', async () => {
  const before = await workers();
  const newest = newBookingId();
  const newestPayment = newPaymentId();
  const { code, stdout, stderr } = await cli(['showcase'], { environment: { HOLDFAST_HOME: product.home } });
  expect({ code, stderr, wrong: stdout.match(/✖.*(?:\n {4}.*)*/g) }).toEqual({ code: 0, stderr: '', wrong: null });
  expect(stdout).toMatch(/✔ \d+ flows ended as they should, 0 did not/);
  expect(stdout).toMatch(/SIGKILL to the worker.*saw killed/);
  expect(stdout).toMatch(/1 held, 19 × 409/);
  expect(stdout).toMatch(/pay with an empty account.*saw insufficient_funds/);
  expect(stdout).toMatch(/GET \/v1\/resources\/\{id\}.*saw owned by the customer/);
  expect(stdout).toMatch(/open the download link.*saw .+ kB/);
  expect(stdout).toMatch(/the label.*saw HF\d{20}/);
  expect(stdout).toMatch(/pay; the connection is cut.*saw payment_unknown/);
  expect(stdout).not.toContain('Not shown');
  expect(stdout.replaceAll('\n', '')).not.toMatch(controlCharacters);
  expect(await workers()).not.toBe(before);
  expect(await bookings(newest)).toBeGreaterThan(5);
  await eventually('everything to be given back', async () => (await bookings(newest, ['held', 'confirmed'])) === 0);
  // Also in the eyes of the database: a decline, and five payments of which nothing is left.
  const payments = await databases.write.selectFrom('payments').select(['status', 'captured_minor', 'refunded_minor']).where('id', '>', newestPayment).where('customer_id', 'like', 'showcase-%').execute();
  expect(payments.map(({ status }) => status).toSorted()).toEqual(['failed', 'refunded', 'refunded', 'refunded', 'refunded', 'refunded']);
  expect(payments.filter(({ captured_minor, refunded_minor }) => captured_minor !== refunded_minor)).toEqual([]);
  const { n: sold } = await databases.write.selectFrom('resources').select(({ fn }) => fn.countAll<number>().as('n')).where('owner_id', 'like', 'showcase-%').executeTakeFirstOrThrow();
  expect(sold).toBe(0);
}, 240_000);

test('where a gateway is the own account of whoever runs it, nothing is sent and nothing is paid', async () => {
  const ownStripe = readSettings({ STRIPE_SECRET_KEY: 'sk_live_own', STRIPE_WEBHOOK_SECRETS: 'whsec_own' });
  expect(sandboxedGateways(ownStripe)).toEqual(['gopay', 'paytm']);
  expect(sandboxedGateways(readSettings({}))).toEqual(['stripe', 'gopay', 'paytm']);

  const stack = stackInfo.parse(JSON.parse(await readFile(process.env['HOLDFAST_TEST_STACK'] ?? '', 'utf8')));
  const notes: string[] = [];
  const scenes: string[] = [];
  const view = { scene: (title: string) => void scenes.push(title), note: (text: string) => void notes.push(text), working: () => undefined, seen: () => undefined, summary: () => undefined, close: () => undefined };
  const run = new Run({ ...stack, sandboxedGateways: [] }, untouchable('Temporal') as Client, view, undefined);
  const car = { id: 'car', name: 'A car' };
  const stage = { garage: untouchable('the garage'), hotel: untouchable('the hotel'), car, carForSale: car, room: { id: 'room', name: 'A room' } } as unknown as Stage;
  const played = [paidByCard, declined, answerLost, carBought, basketBought, orderSent];
  for (const scene of played) await scene(run, stage);
  expect(scenes).toHaveLength(played.length);
  expect(notes).toEqual(played.map((scene) => expect.stringMatching(scene === carBought ? /GoPay here.*never moves real money/ : /Stripe here.*never moves real money/)));
  expect(run.flows).toEqual([]);
});

test('a showcase of a stack that is not there says how to start it', async () => {
  const said = await cli(['showcase'], { environment: { HOLDFAST_HOME: '/nonexistent/holdfast' } });
  expect(said).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('npm start') });
  expect(await done('showcase', '--help')).toContain('--leave-hold');
});

function untouchable(name: string): unknown {
  return new Proxy({}, {
    get: (_thing, key) => {
      throw new Error(`${name} was touched: ${String(key)}`);
    },
  });
}

/** Ids sort by time, so these are the bookings that the showcase has made since. */
async function bookings(after: string, statuses: ('held' | 'confirmed' | 'released')[] = ['held', 'confirmed', 'released']): Promise<number> {
  const { n } = await databases.write.selectFrom('bookings').select(({ fn }) => fn.countAll<number>().as('n')).where('id', '>', after).where('customer_id', 'like', 'showcase-%').where('status', 'in', statuses).executeTakeFirstOrThrow();
  return n;
}
