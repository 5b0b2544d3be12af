/** Whether what a payment or a booking did while its worker died can be replayed; see docs/decisions/015-updates-and-local-activities.md. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { Holdfast } from '../../client/index.ts';
import { openDatabases, type Databases } from '../../services/database/connection.ts';
import { createResource, someRoom } from '../support/database.ts';
import { eventually, type Shop } from '../support/http.ts';
import { createProduct, type Product } from '../support/product.ts';
import { replayHistories } from '../support/replay.ts';
import { sandboxAt } from '../support/sandbox.ts';

let product: Product;
let databases: Databases;
let shop: Shop;
beforeAll(async () => {
  product = await createProduct();
  const { databaseUrl } = await product.start();
  databases = openDatabases({ writeUrl: databaseUrl, applicationName: 'holdfast-test' });
  shop = await product.shop();
}, 240_000);
afterAll(async () => {
  await databases?.close();
  await product?.dispose();
});

/** A worker asks for more time for its task after four seconds; a step of a payment must not take that long in it. */
test.each([
  ['at once', 300],
  ['after it would have asked for more time', 4_600],
])('a payment whose worker died while it settled it, %s, replays although a refund was wished meanwhile', async (_name, afterMs) => {
  const { sandboxUrl } = await product.info();
  const resourceId = await createResource(databases, 'shop-a', someRoom);
  const { body: held } = await shop.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2033-05-01', to: '2033-05-04' });
  const bookingId = String(held['id']);
  await sandboxAt(sandboxUrl ?? '').faults({ party: 'stripe', kind: 'delay', operation: 'create', delayMs: 2_000 });
  const paid = shop.call('POST', `/v1/bookings/${bookingId}/payment`, { gateway: 'stripe', method: 'pm_card_visa' });
  const payment = await eventually('the payment', async () => await databases.write.selectFrom('payments').select('id').where('subject_id', '=', bookingId).executeTakeFirst());
  // A task of the flow in which nothing is done.
  const { temporalAddress: address, temporalNamespace: namespace } = await product.info();
  const holdfast = await Holdfast.connect({ address, namespace, tenantId: 'shop-a' });
  await holdfast.payments.gatewayEvent(payment.id);
  await holdfast.close();
  let refunded: Promise<unknown> | undefined;
  await databases.write.transaction().execute(async (tx) => {
    await sql`SELECT FROM bookings WHERE id = ${bookingId} FOR UPDATE`.execute(tx);
    await eventually('the money', async () => (await databases.write.selectFrom('payments').select('status').where('id', '=', payment.id).executeTakeFirst())?.status === 'captured');
    await sleep(afterMs);
    process.kill((await product.info()).pids.workers ?? 0, 'SIGKILL');
    // The next worker gets the wish together with the gateway's answer.
    refunded = shop.call('POST', `/v1/payments/${payment.id}/refund`, { amount: 700 }, { 'idempotency-key': `r-${payment.id}` });
    await sleep(1_000);
  });
  await Promise.all([paid, refunded]);
  await eventually('the end', async () => (await shop.call('GET', `/v1/flows/payment:${payment.id}`)).body['status'] === 'completed', 120_000);
  const { problems } = await replayHistories(await product.info(), `WorkflowId = 'payment:${payment.id}'`);
  expect(problems).toEqual([]);
}, 240_000);

/** The same of a booking, whose hold ends; it takes the 15 minutes that a hold has. */
test('a booking whose worker died while it wrote the end of its hold replays although somebody wished to confirm it meanwhile', async () => {
  const resourceId = await createResource(databases, 'shop-a', someRoom);
  const { body: held } = await shop.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2033-05-01', to: '2033-05-04' });
  const bookingId = String(held['id']);
  const { temporalAddress: address, temporalNamespace: namespace } = await product.info();
  const holdfast = await Holdfast.connect({ address, namespace, tenantId: 'shop-a' });
  await sleep(Date.parse(String(held['expiresAt'])) - Date.now() - 5_000);
  // A task of the flow in which nothing is done.
  await holdfast.bookings.resume(bookingId);
  let confirmed: Promise<unknown> | undefined;
  await databases.write.transaction().execute(async (tx) => {
    await sql`SELECT FROM bookings WHERE id = ${bookingId} FOR UPDATE`.execute(tx);
    await sleep(5_000 + 4_600);
    process.kill((await product.info()).pids.workers ?? 0, 'SIGKILL');
    confirmed = holdfast.bookings.confirm(bookingId, { reference: 'r-1' }).catch((error: unknown) => error);
    await sleep(1_000);
  });
  expect(await confirmed).toHaveProperty('code', expect.stringMatching(/^(hold_expired|booking_not_held|booking_closed)$/));
  await holdfast.close();
  await eventually('the end', async () => (await shop.call('GET', `/v1/flows/booking:${bookingId}`)).body['status'] === 'completed', 120_000);
  expect((await shop.call('GET', `/v1/bookings/${bookingId}`)).body).toMatchObject({ status: 'released', reason: 'expired' });
  const { problems } = await replayHistories(await product.info(), `WorkflowId = 'booking:${bookingId}'`);
  expect(problems).toEqual([]);
}, 20 * 60_000);
