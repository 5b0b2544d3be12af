import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { CaseView, RunView } from '../../contracts/reconciliation.ts';
import type { Databases } from '../../services/database/connection.ts';
import { testHome } from '../support/cli.ts';
import { createResource, openTestDatabase, someRoom } from '../support/database.ts';
import { eventually, request, shop, type Shop } from '../support/http.ts';
import { testStack } from '../support/environment.ts';

let databases: Databases;
let books: Shop;
let other: Shop;
let sandboxUrl: string;
beforeAll(async () => {
  databases = await openTestDatabase();
  books = await shop('shop-books');
  other = await shop('shop-b');
  ({ sandboxUrl } = (await testStack()) as unknown as { sandboxUrl: string });
});
afterAll(async () => await databases.close());

/** How many payments there are to compare: nobody else sells in this shop. */
let compared = 0;

/** A room, paid for by card. @returns the settled payment, as old as a payment has to be to be compared. */
async function paid(): Promise<string> {
  const resourceId = await createResource(databases, 'shop-books', someRoom);
  const booking = await books.call('POST', '/v1/bookings', { resourceId, customerId: 'ada', from: '2031-05-01', to: '2031-05-02' });
  const { body } = await books.call('POST', `/v1/bookings/${booking.body['id'] as string}/payment`, { gateway: 'stripe', method: 'pm_card_visa' });
  const id = body['id'] as string;
  await eventually('the payment', async () => (await books.call('GET', `/v1/payments/${id}`)).body['status'] === 'settled');
  await eventually('its webhooks', async () => (await waiting(id)) === 0, 60_000);
  await age(id);
  compared += 1;
  return id;
}

async function waiting(paymentId: string): Promise<number> {
  const { body } = await books.call('GET', `/v1/webhooks/received?paymentId=${paymentId}`);
  return (body['items'] as { processedAt?: string }[]).filter(({ processedAt }) => processedAt === undefined).length;
}

const age = async (id: string): Promise<void> => void (await sql`UPDATE payments SET created_at = created_at - interval '5 minutes', updated_at = updated_at - interval '5 minutes' WHERE id = ${id}`.execute(databases.write));

async function reconcile(of: Shop = books): Promise<RunView> {
  const started = await of.call('POST', '/v1/reconciliation/runs');
  expect([started.status, started.headers.get('location')]).toEqual([202, `/v1/reconciliation/runs/${started.body['id'] as string}`]);
  return await eventually('the run', async () => {
    const { body } = await of.call('GET', `/v1/reconciliation/runs/${started.body['id'] as string}`);
    return body['status'] !== 'running' && (body as unknown as RunView);
  });
}

async function cases(paymentId: string, query = ''): Promise<CaseView[]> {
  const { body } = await books.call('GET', `/v1/reconciliation/cases?limit=200${query}`);
  return (body['items'] as CaseView[]).filter((one) => one.paymentId === paymentId);
}

/** An entry in the ledger that nothing stands for. */
async function falsify(paymentId: string, amountMinor: number): Promise<void> {
  await databases.write.transaction().execute(async (tx) => {
    const id = `false:${paymentId}:${amountMinor}`;
    await tx.insertInto('ledger_transactions').values({ tenant_id: 'shop-books', id, kind: 'capture', payment_id: paymentId }).execute();
    await tx
      .insertInto('ledger_entries')
      .values([{ account: 'gateway:stripe', amount_minor: amountMinor }, { account: 'deposits', amount_minor: -amountMinor }].map((entry) => ({ tenant_id: 'shop-books', transaction_id: id, currency: 'EUR', ...entry })))
      .execute();
  });
}

test('a payment in order is compared and makes no case', async () => {
  const id = await paid();
  const run = await reconcile();
  expect(run).toMatchObject({ status: 'completed', compared, opened: 0, resolved: 0, poked: 0, unanswered: 0, unattributed: 0 });
  expect(await cases(id)).toEqual([]);
});

test('an amount that is wrong in the ledger becomes a case with its evidence, of which the administrators are told, and which ends when it is put right', async () => {
  const id = await paid();
  await falsify(id, 7);
  expect(await reconcile()).toMatchObject({ status: 'completed', compared, opened: 1, resolved: 0, unanswered: 0 });
  const [found, ...more] = await cases(id);
  expect(more).toEqual([]);
  expect(found).toMatchObject({ kind: 'ledger_differs', status: 'open', gateway: 'stripe', evidence: { ours: { state: 'settled', captured: 9_000, refunded: 0, ledger: 9_007 }, theirs: { state: 'captured', captured: 9_000, refunded: 0 } } });
  const notices = (await books.call('GET', '/v1/notifications?audience=administrators&limit=200')).body['items'] as { subjectId: string }[];
  expect(notices.filter(({ subjectId }) => subjectId === found?.id)).toMatchObject([{ template: 'reconciliation_case', data: { kind: 'ledger_differs', gateway: 'stripe', ref: id } }]);

  // Seen again it is the same case, and nobody is told twice.
  await reconcile();
  expect((await cases(id)).map(({ id: one, status }) => [one, status])).toEqual([[found?.id, 'open']]);

  await falsify(id, -7);
  expect(await reconcile()).toMatchObject({ status: 'completed', compared, resolved: 1, unanswered: 0 });
  expect(await cases(id)).toMatchObject([{ id: found?.id, status: 'resolved', resolvedBy: 'reconciliation', evidence: found?.evidence, resolvedAt: expect.any(String) }]);
});

test('a case that a person closed stays closed until the difference changes', async () => {
  const id = await paid();
  await falsify(id, 3);
  await reconcile();
  const [found] = await cases(id, '&status=open&kind=ledger_differs&gateway=stripe');
  const path = `/v1/reconciliation/cases/${found?.id ?? ''}`;
  expect(await books.call('POST', `${path}/resolve`, {})).toMatchObject({ status: 422 });
  expect(await books.call('POST', `${path}/resolve`, { note: 'a test' })).toMatchObject({ status: 200, body: { status: 'resolved', resolvedBy: 'operator', note: 'a test' } });
  expect(await books.call('POST', `${path}/resolve`, { note: 'a test' })).toMatchObject({ status: 200 });
  expect(await books.call('POST', `${path}/resolve`, { note: 'another' })).toMatchObject({ status: 409, body: { code: 'case_closed' } });
  await reconcile();
  expect((await cases(id)).length).toBe(1);
  await falsify(id, 1);
  await reconcile();
  expect((await cases(id)).map(({ status }) => status).toSorted()).toEqual(['open', 'resolved']);
});

describe('at the gateway', () => {
  const stripe = async (path: string, form: Record<string, string>): Promise<Record<string, unknown>> => {
    const config = await sandboxKey();
    const answer = await request(`${sandboxUrl}/v1/${path}`, { method: 'POST', headers: { authorization: `Bearer ${config}`, 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form).toString() });
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  };

  test('a refund that was made at its dashboard is a case', async () => {
    const id = await paid();
    const { body } = await books.call('GET', `/v1/payments/${id}`);
    await stripe('refunds', { payment_intent: body['gatewayRef'] as string, amount: '500' });
    await eventually('its webhooks', async () => (await waiting(id)) === 0, 60_000);
    await reconcile();
    expect(await cases(id)).toMatchObject([{ kind: 'refund_differs', evidence: { ours: { refunded: 0, ledger: 9_000 }, theirs: { captured: 9_000, refunded: 500 } } }]);
  });
});

/** The key of the sandbox's Stripe, as the stack has made it. */
async function sandboxKey(): Promise<string> {
  const file = join(testHome(), 'sandbox/config.json');
  return (JSON.parse(await readFile(file, 'utf8')) as { stripe: { secretKeys: string[] } }).stripe.secretKeys[0] ?? '';
}

test('another shop sees neither the cases nor the runs', async () => {
  const id = await paid();
  await falsify(id, 2);
  const { id: runId } = await reconcile();
  const [found] = await cases(id);
  expect(found).toBeDefined();
  const path = `/v1/reconciliation/cases/${found?.id ?? ''}`;
  expect(await other.call('GET', path)).toMatchObject({ status: 404, body: { code: 'case_not_found' } });
  expect(await other.call('POST', `${path}/resolve`, { note: 'mine now' })).toMatchObject({ status: 404, body: { code: 'case_not_found' } });
  expect(await other.call('GET', `/v1/reconciliation/runs/${runId}`)).toMatchObject({ status: 404 });
  await reconcile(other);
  const theirs = (await other.call('GET', '/v1/reconciliation/cases?limit=200')).body['items'] as CaseView[];
  expect(theirs.filter(({ paymentId }) => paymentId === id)).toEqual([]);
  expect((await books.call('GET', path)).body).toMatchObject({ status: 'open' });
});

test('a run that is asked for twice under one key is one run', async () => {
  const key = { 'idempotency-key': `run-${Date.now()}` };
  const [first, second] = [await books.call('POST', '/v1/reconciliation/runs', undefined, key), await books.call('POST', '/v1/reconciliation/runs', undefined, key)];
  expect(second.body['id']).toBe(first.body['id']);
});

test.each(['status=weird', 'kind=weird', 'cursor=%00', 'limit=0', 'other=1'])('a list by %s is refused', async (query) => {
  expect((await books.call('GET', `/v1/reconciliation/cases?${query}`)).status).toBe(422);
});
