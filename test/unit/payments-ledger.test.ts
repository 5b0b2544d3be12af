import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { newPaymentId, newRefundId } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import type { Databases } from '../../services/database/connection.ts';
import type { Entry } from '../../services/database/ledger.ts';
import { findPayment } from '../../services/database/payments/queries.ts';
import { failPayment, markUndecided, recordCharge } from '../../services/database/payments/record.ts';
import { recordRefund, requestRefund } from '../../services/database/payments/refunds.ts';
import { settlePayment } from '../../services/database/payments/settle.ts';
import type { ChargeState } from '../../services/payments/gateway.ts';
import { createTenant, openTestDatabase } from '../support/database.ts';
import { balancesOf } from '../support/money-seen.ts';

const tenantId = 'ledger-laws';

let databases: Databases;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
afterAll(async () => await databases.close());

/** A payment that was sent, for something that has no flow. */
async function sent(amountMinor: number, currency = 'EUR'): Promise<string> {
  const id = newPaymentId();
  await databases.write
    .insertInto('payments')
    .values({ tenant_id: tenantId, id, subject_kind: 'purchase', subject_id: `pur_${id}`, customer_id: 'ada', gateway: 'stripe', method: 'pm', capture: 'automatic', description: 'd', amount_minor: amountMinor, currency, status: 'created', gateway_ref: `pi_${id}`, pay_by: new Date() })
    .execute();
  return id;
}

const captured = (id: string, amountMinor: number, currency = 'EUR'): ChargeState => ({ state: 'captured', gatewayRef: `pi_${id}`, amountMinor, currency, capturedMinor: amountMinor, refundedMinor: 0, answer: {} });
const record = async (paymentId: string, state: ChargeState) => await recordCharge(databases.write, { tenantId, paymentId }, state, new Date());
const settle = async (id: string, shares: readonly Entry[]) => await databases.write.transaction().execute(async (tx) => await settlePayment(tx, tenantId, id, shares));
const succeeded = async (paymentId: string, refundId: string, amountMinor: number) =>
  await recordRefund(databases.write, { tenantId, paymentId }, refundId, { state: 'succeeded', gatewayRef: `re_${refundId}`, amountMinor, answer: {} });

async function accountsOf(paymentId: string): Promise<Record<string, number>> {
  const rows = await databases.write
    .selectFrom('ledger_entries as entry')
    .innerJoin('ledger_transactions as t', (join) => join.onRef('t.tenant_id', '=', 'entry.tenant_id').onRef('t.id', '=', 'entry.transaction_id'))
    .select(['entry.account', sql<number>`sum(entry.amount_minor)::bigint`.as('amount')])
    .where('t.payment_id', '=', paymentId)
    .groupBy('entry.account')
    .execute();
  return Object.fromEntries(rows.filter(({ amount }) => amount !== 0).map(({ account, amount }) => [account, amount]));
}

const shares = fc
  .array(fc.record({ account: fc.constantFrom('seller:a', 'seller:b', 'seller:c', 'fees', 'revenue'), amountMinor: fc.integer({ min: 0, max: 700 }) }), { minLength: 1, maxLength: 5 })
  .map((all) => [...new Map(all.map((share) => [share.account, share])).values()])
  .filter((all) => all.some(({ amountMinor }) => amountMinor > 0));

describe('the ledger', () => {
  test('sums to zero and leaves nobody with a minor unit too many, whatever is given back and when', async () => {
    await fc.assert(
      fc.asyncProperty(shares, fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 6 }), fc.nat(6), async (earned, refunds, settledAfter) => {
        const amount = earned.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        const id = await sent(amount);
        await record(id, captured(id, amount));
        let left = amount;
        for (const [index, wish] of refunds.entries()) {
          if (index === settledAfter) await settle(id, earned);
          const refundId = newRefundId();
          const asked = await requestRefund(databases.write, { tenantId, paymentId: id }, { refundId, amountMinor: wish });
          expect(isRefusal(asked)).toBe(wish > left);
          if (wish > left) continue;
          left -= wish;
          await succeeded(id, refundId, wish);
          // Told twice, it is written once.
          await succeeded(id, refundId, wish);
        }
        const decided = await settle(id, earned);
        const accounts = await accountsOf(id);
        expect(Object.values(accounts).reduce((sum, amountMinor) => sum + amountMinor, 0)).toBe(0);
        expect(accounts['gateway:stripe'] ?? 0).toBe(left);
        if (isRefusal(decided)) {
          // All of it was given back before anybody could earn it, or the first part was: it is the customer's.
          expect(left).toBe(0);
          expect(accounts).toEqual({});
        } else {
          expect(accounts['deposits'] ?? 0).toBe(0);
          for (const { account, amountMinor } of earned) {
            const kept = -(accounts[account] ?? 0);
            expect(Math.abs(kept - (amountMinor * left) / amount)).toBeLessThan(1);
          }
        }
        const rest = await requestRefund(databases.write, { tenantId, paymentId: id }, { refundId: `rfd_rest_${id}` });
        if (left > 0 && !isRefusal(rest)) await succeeded(id, rest.id, left);
        expect(await accountsOf(id)).toEqual({});
      }),
      { numRuns: 40 },
    );
    expect((await balancesOf(databases.write, tenantId)).reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
  });

  test('two refunds at the same time cannot both take what is left', async () => {
    const id = await sent(1_000);
    await record(id, captured(id, 1_000));
    const tried = await Promise.all(Array.from({ length: 8 }, async () => await requestRefund(databases.write, { tenantId, paymentId: id }, { refundId: newRefundId(), amountMinor: 300 })));
    expect(tried.filter((one) => !isRefusal(one))).toHaveLength(3);
  });

  test('a refund that a gateway has refused is followed by another under an id of its own', async () => {
    const id = await sent(1_000);
    await record(id, captured(id, 1_000));
    const refundId = newRefundId();
    const ask = async () => await requestRefund(databases.write, { tenantId, paymentId: id }, { refundId });
    await ask();
    await recordRefund(databases.write, { tenantId, paymentId: id }, refundId, { state: 'failed', gatewayCode: 'x', message: 'no', answer: {} });
    expect(await ask()).toMatchObject({ id: `${refundId}-2`, status: 'requested', amount: 1_000 });
    expect(await ask()).toMatchObject({ id: `${refundId}-2`, status: 'requested' });
    await succeeded(id, `${refundId}-2`, 1_000);
    expect(await ask()).toMatchObject({ id: `${refundId}-2`, status: 'succeeded' });
    expect(await accountsOf(id)).toEqual({});
  });

  test('refuses at commit what does not balance, in any currency', async () => {
    const unbalanced = async (entries: readonly { account: string; currency: string; amount_minor: number }[]): Promise<void> =>
      await databases.write.transaction().execute(async (tx) => {
        const id = newPaymentId();
        await tx.insertInto('ledger_transactions').values({ tenant_id: tenantId, id, kind: 'capture', payment_id: null }).execute();
        await tx.insertInto('ledger_entries').values(entries.map((entry) => ({ tenant_id: tenantId, transaction_id: id, ...entry }))).execute();
      });
    await expect(unbalanced([{ account: 'a', currency: 'EUR', amount_minor: 1 }])).rejects.toThrow('does not balance in EUR');
    await expect(unbalanced([{ account: 'a', currency: 'EUR', amount_minor: 1 }, { account: 'b', currency: 'USD', amount_minor: -1 }])).rejects.toThrow('does not balance');
    await expect(unbalanced([{ account: 'a', currency: 'EUR', amount_minor: 0 }])).rejects.toThrow('check constraint');
    await unbalanced([{ account: 'a', currency: 'EUR', amount_minor: 1 }, { account: 'b', currency: 'EUR', amount_minor: -1 }]);
  });

  test('cannot be changed, emptied, or added to afterwards so that it is out of balance', async () => {
    const id = await sent(1_000);
    await record(id, captured(id, 1_000));
    const db = databases.write;
    await expect(db.updateTable('ledger_entries').set({ amount_minor: 1 }).where('tenant_id', '=', tenantId).execute()).rejects.toThrow('append-only');
    await expect(db.deleteFrom('ledger_entries').where('tenant_id', '=', tenantId).execute()).rejects.toThrow('append-only');
    await expect(db.updateTable('ledger_transactions').set({ kind: 'x' }).where('tenant_id', '=', tenantId).execute()).rejects.toThrow('append-only');
    await expect(db.deleteFrom('ledger_transactions').where('tenant_id', '=', tenantId).execute()).rejects.toThrow('append-only');
    await expect(sql`TRUNCATE ledger_entries`.execute(db)).rejects.toThrow('append-only');
    await expect(db.insertInto('ledger_entries').values({ tenant_id: tenantId, transaction_id: `${id}:capture`, account: 'x', currency: 'EUR', amount_minor: 5 }).execute()).rejects.toThrow('does not balance');
  });
});

describe('what a gateway says', () => {
  test('is written once, however often and in whatever order it is told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('open', 'authorised', 'captured', 'failed', 'unknown', 'reconciling', 'settle', 'give up'), { minLength: 1, maxLength: 12 }), async (told) => {
        const id = await sent(500);
        const known = { gatewayRef: `pi_${id}`, amountMinor: 500, currency: 'EUR', answer: {} };
        for (const one of told) {
          if (one === 'open' || one === 'authorised') await record(id, { ...known, state: one });
          else if (one === 'captured') await record(id, captured(id, 500));
          else if (one === 'failed') await record(id, { state: 'failed', decline: { code: 'card_declined', gatewayCode: 'x', message: 'no' }, answer: {} });
          else if (one === 'settle') await settle(id, [{ account: 'revenue', amountMinor: 500 }]);
          else if (one === 'give up') await failPayment(databases.write, { tenantId, paymentId: id }, 'cancelled', 'no');
          else await markUndecided(databases.write, { tenantId, paymentId: id }, one);
        }
        const payment = await findPayment(databases.write, tenantId, id);
        const taken = told.includes('captured');
        expect(payment?.captured).toBe(taken ? 500 : 0);
        const settled = taken && told.lastIndexOf('settle') > told.indexOf('captured');
        if (taken) expect(payment?.status).toBe(settled ? 'settled' : 'captured');
        expect(await accountsOf(id)).toEqual(taken ? { 'gateway:stripe': 500, [settled ? 'revenue' : 'deposits']: -500 } : {});
      }),
      { numRuns: 60 },
    );
  });

  test('about another payment than the one the payer was sent to changes nothing', async () => {
    const id = await sent(500);
    expect(await record(id, { state: 'open', gatewayRef: 'made-once-more', amountMinor: 500, currency: 'EUR', redirectUrl: 'https://other.example', answer: {} })).toMatchObject({ gatewayRef: `pi_${id}` });
    expect(await record(id, { state: 'failed', gatewayRef: 'made-once-more', decline: { code: 'card_declined', gatewayCode: 'x', message: 'no' }, answer: {} })).toMatchObject({ status: 'created', gatewayRef: `pi_${id}` });
  });

  test.each([
    ['another amount', { amountMinor: 499 }],
    ['another currency', { currency: 'USD' }],
    ['a part only', { capturedMinor: 499 }],
    ['a hundred times as much', { amountMinor: 50_000, capturedMinor: 50_000 }],
  ])('is not believed when it is %s', async (_, wrong) => {
    const id = await sent(500);
    expect(await record(id, { ...captured(id, 500), ...wrong })).toMatchObject({ refused: 'amount_mismatch' });
    expect(await findPayment(databases.write, tenantId, id)).toMatchObject({ status: 'reconciling', captured: 0 });
    expect(await accountsOf(id)).toEqual({});
  });
});
