/**
 * The double-entry ledger. Debits are positive, credits negative; every transaction sums to zero in each currency, which
 * the database checks at commit. Transactions are named after what they record, so none is recorded twice.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { GatewayName } from '../../contracts/payments/flow.ts';
import type { AccountBalance, LedgerEntryView, ListBalances, ListLedger } from '../../contracts/payments/schemas.ts';
import type { Page } from '../../contracts/values.ts';
import { split } from './money.ts';
import { anotherCursor, decodeCursor, toPage } from './paging.ts';
import type { Database } from './schema.ts';
import { together, type Changes } from './together.ts';

export const accounts = {
  /** An asset: money that the gateway holds for the shop. */
  gateway: (name: GatewayName): string => `gateway:${name}`,
  /** Owed to customers who have paid and not got anything for it yet. */
  deposits: 'deposits',
  revenue: 'revenue',
  /** What the platform keeps of a seller's sale. */
  fees: 'fees',
  seller: (sellerId: string): string => `seller:${sellerId}`,
} as const;

export interface Entry {
  readonly account: string;
  readonly amountMinor: number;
}

/** The part of a payment that the ledger needs. */
export interface LedgerPayment {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly gateway: GatewayName;
  readonly currency: string;
}

/** The gateway has taken the money; it is owed to the customer. */
export function capturePosting(payment: LedgerPayment, amountMinor: number): Changes {
  return posting(payment, `${payment.paymentId}:capture`, 'capture', [
    { account: accounts.gateway(payment.gateway), amountMinor },
    { account: accounts.deposits, amountMinor: -amountMinor },
  ]);
}

/**
 * The customer has got what was paid for. What had been given back before came out of the deposit, so it is now taken
 * from those who earn.
 * @param shares positive, who earned how much; they sum to what was captured. @param refundedMinor what was given back of it before.
 */
export function settlementPosting(payment: LedgerPayment, shares: readonly Entry[], refundedMinor = 0): Changes {
  const amountMinor = shares.reduce((sum, share) => sum + share.amountMinor, 0);
  return {
    ...posting(payment, settlementId(payment.paymentId), 'settle', [{ account: accounts.deposits, amountMinor }, ...shares.map(({ account, amountMinor: share }) => ({ account, amountMinor: -share }))]),
    ...posting(payment, `${settlementId(payment.paymentId)}:refunded`, 'refund', [...fromEarners(shares, refundedMinor, 0), { account: accounts.deposits, amountMinor: -refundedMinor }]),
  };
}

/**
 * The gateway has given money back. It is taken from those who had earned it, in proportion, and from the deposit when
 * nobody had yet.
 * @param refundedBefore what earlier refunds of this payment came to.
 */
export async function postRefund(tx: Transaction<Database>, payment: LedgerPayment, refundId: string, amountMinor: number, refundedBefore: number): Promise<void> {
  const taken = fromEarners(await earnersOf(tx, payment), amountMinor, refundedBefore);
  await together(tx, posting(payment, `${refundId}:refund`, 'refund', [...taken, { account: accounts.gateway(payment.gateway), amountMinor: -amountMinor }])).selectNoFrom(sql`1`.as('done')).execute();
}

/** Who has earned how much by a payment that was settled. */
async function earnersOf(tx: Transaction<Database>, payment: LedgerPayment): Promise<Entry[]> {
  const earned = await tx
    .selectFrom('ledger_entries')
    .select(['account', 'amount_minor'])
    .where('tenant_id', '=', payment.tenantId)
    .where('transaction_id', '=', settlementId(payment.paymentId))
    .where('amount_minor', '<', 0)
    .orderBy('seq')
    .execute();
  return earned.map(({ account, amount_minor }) => ({ account, amountMinor: -amount_minor }));
}

/** What is taken back from whom, when so much is given back after so much before. */
function fromEarners(earners: readonly Entry[], amountMinor: number, refundedBefore: number): Entry[] {
  if (earners.length === 0) return [{ account: accounts.deposits, amountMinor }];
  const weights = earners.map((earned) => earned.amountMinor);
  // The difference of two exact splits, so that the parts of all refunds together are the split of their sum.
  const before = split(refundedBefore, weights);
  const after = split(refundedBefore + amountMinor, weights);
  return earners.map(({ account }, index) => ({ account, amountMinor: (after[index] ?? 0) - (before[index] ?? 0) }));
}

const settlementId = (paymentId: string): string => `${paymentId}:settle`;

/** Does nothing when the transaction is there already. */
function posting({ tenantId, paymentId, currency }: LedgerPayment, id: string, kind: 'capture' | 'settle' | 'refund', entries: readonly Entry[]): Changes {
  const moving = entries.filter(({ amountMinor }) => amountMinor !== 0);
  if (moving.length === 0) return {};
  return {
    [kind]: sql`
      INSERT INTO ledger_transactions (tenant_id, id, kind, payment_id) VALUES (${tenantId}, ${id}, ${kind}, ${paymentId})
      ON CONFLICT (tenant_id, id) DO NOTHING RETURNING tenant_id, id`,
    [`${kind}_entries`]: sql`
      INSERT INTO ledger_entries (tenant_id, transaction_id, account, currency, amount_minor)
      SELECT recorded.tenant_id, recorded.id, entry.account, ${currency}, entry.amount_minor
      FROM ${sql.ref(kind)} AS recorded, unnest(${moving.map(({ account }) => account)}::text[], ${moving.map(({ amountMinor }) => amountMinor)}::bigint[]) AS entry (account, amount_minor)`,
  };
}

/** By account, then currency; accounts that are even are left out. */
export async function listBalances(db: Kysely<Database>, tenantId: string, filter: ListBalances): Promise<Page<AccountBalance>> {
  let query = db
    .selectFrom('ledger_entries')
    .select(['account', 'currency', sql<number>`sum(amount_minor)::bigint`.as('amount')])
    .where('tenant_id', '=', tenantId)
    .groupBy(['account', 'currency'])
    .having(sql<boolean>`sum(amount_minor) <> 0`)
    .orderBy('account')
    .orderBy('currency')
    .limit(filter.limit + 1);
  if (filter.account !== undefined) query = query.where('account', '=', filter.account);
  if (filter.currency !== undefined) query = query.where('currency', '=', filter.currency);
  if (filter.cursor !== undefined) {
    const { currency, account } = balanceOf(filter.cursor);
    query = query.where(sql<boolean>`(account, currency) > (${account}, ${currency})`);
  }
  return toPage(
    await query.execute(),
    filter.limit,
    ({ currency, account }) => `${currency}:${account}`,
    (row) => row,
  );
}

function balanceOf(cursor: string): { readonly currency: string; readonly account: string } {
  const [, currency, account] = /^([A-Z]{3}):(.+)$/s.exec(decodeCursor(cursor)) ?? [];
  if (currency === undefined || account === undefined) throw anotherCursor();
  return { currency, account };
}

/** Newest first. */
export async function listLedger(db: Kysely<Database>, tenantId: string, filter: ListLedger): Promise<Page<LedgerEntryView>> {
  let query = db
    .selectFrom('ledger_entries as entry')
    .innerJoin('ledger_transactions as t', (join) => join.onRef('t.tenant_id', '=', 'entry.tenant_id').onRef('t.id', '=', 'entry.transaction_id'))
    .select(['entry.seq', 'entry.transaction_id', 't.kind', 't.payment_id', 'entry.account', 'entry.currency', 'entry.amount_minor', 't.at'])
    .where('entry.tenant_id', '=', tenantId)
    .orderBy('entry.seq', 'desc')
    .limit(filter.limit + 1);
  if (filter.account !== undefined) query = query.where('entry.account', '=', filter.account);
  if (filter.paymentId !== undefined) query = query.where('t.payment_id', '=', filter.paymentId);
  if (filter.cursor !== undefined) query = query.where('entry.seq', '<', seqOf(filter.cursor));
  return toPage(
    await query.execute(),
    filter.limit,
    (row) => String(row.seq),
    (row) => ({
      transactionId: row.transaction_id,
      kind: row.kind,
      ...(row.payment_id !== null && { paymentId: row.payment_id }),
      account: row.account,
      currency: row.currency,
      amount: row.amount_minor,
      at: row.at.toISOString(),
    }),
  );
}

function seqOf(cursor: string): number {
  const seq = decodeCursor(cursor);
  if (!/^\d{1,15}$/.test(seq)) throw anotherCursor();
  return Number(seq);
}
