/** What became of a payment's money: at the gateway and in the ledger. */
import type { Kysely } from 'kysely';
import type { AccountBalance } from '../../contracts/payments/schemas.ts';
import { listBalances } from '../../services/database/ledger.ts';
import type { Database } from '../../services/database/schema.ts';
import type { World } from './world.ts';

/** What every account of the tenant stands at. */
export async function balancesOf(db: Kysely<Database>, tenantId: string): Promise<readonly AccountBalance[]> {
  return (await listBalances(db, tenantId, { limit: 1_000_000 })).items;
}

/** What the gateway has really done, in its order: `charge 9000`, `refund 2000`. */
export async function executedOf({ sandbox }: World, paymentId: string): Promise<string[]> {
  return (await sandbox.journal(paymentId)).filter(({ status }) => status === 'executed').map(({ operation, amountMinor }) => `${operation} ${amountMinor}`);
}

/** What this one payment did to each account of the ledger; those that it left as they were are not named. */
export async function movementsOf({ databases }: World, paymentId: string): Promise<Record<string, number>> {
  const rows = await databases.write
    .selectFrom('ledger_entries as entry')
    .innerJoin('ledger_transactions as t', (join) => join.onRef('t.tenant_id', '=', 'entry.tenant_id').onRef('t.id', '=', 'entry.transaction_id'))
    .select(['entry.account', 'entry.amount_minor'])
    .where('t.payment_id', '=', paymentId)
    .execute();
  const sums: Record<string, number> = {};
  for (const { account, amount_minor } of rows) sums[account] = (sums[account] ?? 0) + amount_minor;
  return Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0));
}
