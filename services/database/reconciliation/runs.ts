/** Runs: what was compared, when, and what came of it. */
import { sql, type Kysely } from 'kysely';
import { nothingYet, type RunView, type Tally } from '../../../contracts/reconciliation.ts';
import type { Database } from '../schema.ts';

const hourMs = 3_600_000;
/** A day, and the time in which yesterday's last payments may still have changed. */
const usualMs = 26 * hourMs;
/** What the last complete run looked at last may have been moving: a day of it is looked at again. */
const overlapMs = 24 * hourMs;
const farthestMs = 30 * 24 * hourMs;

/** Does nothing when the run is there already. @param tenantId absent: of the schedule, for all tenants. */
export async function beginRun(db: Kysely<Database>, id: string, tenantId: string | undefined): Promise<void> {
  await db
    .insertInto('reconciliation_runs')
    .values({ id, tenant_id: tenantId ?? null, status: 'running', tally: JSON.stringify(nothingYet) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

export async function endRun(db: Kysely<Database>, id: string, status: 'completed' | 'incomplete', tally: Tally): Promise<void> {
  await db.updateTable('reconciliation_runs').set({ status, tally: JSON.stringify(tally), ended_at: sql`now()` }).where('id', '=', id).where('status', '=', 'running').execute();
}

export async function findRun(db: Kysely<Database>, tenantId: string, id: string): Promise<RunView | undefined> {
  const row = await db.selectFrom('reconciliation_runs').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  return { id: row.id, status: row.status, ...row.tally, startedAt: row.started_at.toISOString(), ...(row.ended_at !== null && { endedAt: row.ended_at.toISOString() }) };
}

/** From when on to compare: farther back when scheduled runs were missed or stayed incomplete, a month at most. */
export async function windowStart(db: Kysely<Database>, now: Date): Promise<Date> {
  const last = await db
    .selectFrom('reconciliation_runs')
    .select('started_at')
    .where('tenant_id', 'is', null)
    .where('status', '=', 'completed')
    .orderBy('started_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const usual = now.getTime() - usualMs;
  const wanted = last === undefined ? usual : Math.min(usual, last.started_at.getTime() - overlapMs);
  return new Date(Math.max(wanted, now.getTime() - farthestMs));
}
