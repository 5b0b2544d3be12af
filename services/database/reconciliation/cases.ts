/** Cases: opened once, seen again, resolved when the difference is gone or a person says so. Evidence is never removed. */
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import { typeid } from 'typeid-js';
import type { Refusal } from '../../../contracts/failures.ts';
import type { CaseKind, CaseView, Evidence, ListCases } from '../../../contracts/reconciliation.ts';
import type { GatewayName } from '../../../contracts/payments/flow.ts';
import type { Page } from '../../../contracts/values.ts';
import { writeNotices } from '../notices.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import type { Difference, Ours } from './compare.ts';
import type { PaymentKey } from './ours.ts';

interface Finding {
  readonly tenantId: string;
  readonly gateway: GatewayName;
  readonly kind: CaseKind;
  readonly ref: string;
  readonly paymentId: string | undefined;
  readonly gatewayRef: string | undefined;
  readonly evidence: Evidence;
  /** Whom it is about, for the notice. */
  readonly about: string;
}

export interface Changes {
  readonly opened: number;
  readonly resolved: number;
}

/**
 * Writes down what a comparison found about one payment.
 * @param found every difference there is; of open cases, those of other kinds are resolved, if the gateway has answered:
 * its silence ends no difference. @param raise of these, the ones that become cases now.
 */
export async function recordFindings(db: Kysely<Database>, ours: Ours, { found, answered, raise, poke }: { found: readonly Difference[]; answered: boolean; raise: readonly Difference[]; poke: boolean }): Promise<Changes> {
  const { tenantId, paymentId, gateway, gatewayRef } = ours;
  return await db.transaction().execute(async (tx) => {
    let opened = 0;
    for (const { kind, evidence } of raise) {
      if (await openCase(tx, { tenantId, gateway, kind, ref: paymentId, paymentId, gatewayRef, evidence, about: ours.customerId })) opened += 1;
    }
    const { numUpdatedRows } = await tx
      .updateTable('reconciliation_cases')
      .set({ status: 'resolved', resolved_by: 'reconciliation', resolved_at: sql`now()` })
      .where('tenant_id', '=', tenantId)
      .where('gateway', '=', gateway)
      .where('ref', '=', paymentId)
      .where('status', '=', 'open')
      .where(sql<boolean>`${answered} AND kind <> ALL (${found.map(({ kind }) => kind)}::text[])`)
      .executeTakeFirstOrThrow();
    const agreed = found.length === 0 ? sql`now()` : null;
    const poked = poke ? sql`now()` : null;
    await sql`
      INSERT INTO reconciliation_marks AS mark (tenant_id, payment_id, agreed_at, poked_at) VALUES (${tenantId}, ${paymentId}, ${agreed}, ${poked})
      ON CONFLICT (tenant_id, payment_id) DO UPDATE SET agreed_at = excluded.agreed_at, poked_at = CASE WHEN excluded.agreed_at IS NULL THEN coalesce(excluded.poked_at, mark.poked_at) END`.execute(tx);
    return { opened, resolved: Number(numUpdatedRows) };
  });
}

/** Payments without a difference and without a case, all at once. */
export async function markAgreed(db: Kysely<Database>, payments: readonly PaymentKey[]): Promise<void> {
  if (payments.length === 0) return;
  await sql`
    INSERT INTO reconciliation_marks (tenant_id, payment_id, agreed_at)
    SELECT tenant_id, payment_id, now() FROM unnest(${payments.map(({ tenantId }) => tenantId)}::text[], ${payments.map(({ paymentId }) => paymentId)}::text[]) AS agreed (tenant_id, payment_id)
    ON CONFLICT (tenant_id, payment_id) DO UPDATE SET agreed_at = excluded.agreed_at, poked_at = NULL`.execute(db);
}

/** A charge at the gateway that is none of our payments. @returns whether that is new. */
export async function recordStranger(db: Kysely<Database>, stranger: { readonly tenantId: string; readonly gateway: GatewayName; readonly gatewayRef: string; readonly paymentId: string | undefined; readonly difference: Difference }): Promise<boolean> {
  const { difference, gatewayRef, ...rest } = stranger;
  return await db.transaction().execute(async (tx) => await openCase(tx, { ...rest, ...difference, ref: gatewayRef, gatewayRef, about: `gateway:${rest.gateway}` }));
}

/** Charges that we know by now, or that hold no money any more. */
export async function resolveStrangers(db: Kysely<Database>, gateway: GatewayName, refs: readonly string[]): Promise<number> {
  if (refs.length === 0) return 0;
  const { numUpdatedRows } = await db
    .updateTable('reconciliation_cases')
    .set({ status: 'resolved', resolved_by: 'reconciliation', resolved_at: sql`now()` })
    .where('gateway', '=', gateway)
    .where('kind', '=', 'missing_here')
    .where('status', '=', 'open')
    .where('ref', 'in', refs)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** What a person has looked into and closed stays closed for as long as nothing about it changes. */
async function openCase(tx: Transaction<Database>, { tenantId, gateway, kind, ref, paymentId, gatewayRef, evidence, about }: Finding): Promise<boolean> {
  const id = typeid('case').toString();
  const text = JSON.stringify(evidence);
  const { rows } = await sql<{ id: string }>`
    INSERT INTO reconciliation_cases AS known (tenant_id, id, gateway, kind, ref, payment_id, gateway_ref, evidence, status)
    SELECT ${tenantId}, ${id}, ${gateway}, ${kind}, ${ref}, ${paymentId ?? null}, ${gatewayRef ?? null}, ${text}::jsonb, 'open'
    WHERE NOT EXISTS (
      SELECT FROM reconciliation_cases AS closed
      WHERE closed.tenant_id = ${tenantId} AND closed.gateway = ${gateway} AND closed.ref = ${ref} AND closed.kind = ${kind}
        AND closed.resolved_by = 'operator' AND closed.evidence = ${text}::jsonb)
    ON CONFLICT (tenant_id, gateway, kind, ref) WHERE status = 'open' DO UPDATE SET last_seen_at = now(), evidence = excluded.evidence, gateway_ref = excluded.gateway_ref
    RETURNING known.id`.execute(tx);
  const isNew = rows[0]?.id === id;
  if (isNew) await writeNotices(tx, tenantId, [{ audience: 'administrators', recipientId: about, template: 'reconciliation_case', subjectId: id, data: { kind, gateway, ref } }]);
  return isNew;
}

/** Newest first. */
export async function listCases(db: Kysely<Database>, tenantId: string, filter: ListCases): Promise<Page<CaseView>> {
  let query = db.selectFrom('reconciliation_cases').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.gateway !== undefined) query = query.where('gateway', '=', filter.gateway);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toCaseView);
}

export async function findCase(db: Kysely<Database>, tenantId: string, id: string): Promise<CaseView | undefined> {
  const row = await db.selectFrom('reconciliation_cases').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toCaseView(row);
}

/** @returns `case_closed` for one that is resolved, unless by this very note: then the answer got lost. */
export async function resolveCase(db: Kysely<Database>, tenantId: string, id: string, note: string): Promise<CaseView | Refusal> {
  const row = await db
    .updateTable('reconciliation_cases')
    .set({ status: 'resolved', resolved_by: 'operator', resolved_at: sql`now()`, note })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', '=', 'open')
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return toCaseView(row);
  const known = await findCase(db, tenantId, id);
  if (known === undefined) return unknownCase(id);
  return known.resolvedBy === 'operator' && known.note === note ? known : { refused: 'case_closed', detail: `It was resolved by ${known.resolvedBy === 'operator' ? 'an operator' : 'reconciliation'} at ${known.resolvedAt ?? ''}.` };
}

export const unknownCase = (id: string): Refusal => ({ refused: 'case_not_found', detail: `There is no reconciliation case ${id}.` });

function toCaseView(row: Selectable<Database['reconciliation_cases']>): CaseView {
  return {
    id: row.id,
    gateway: row.gateway,
    kind: row.kind,
    status: row.status,
    ...(row.payment_id !== null && { paymentId: row.payment_id }),
    ...(row.gateway_ref !== null && { gatewayRef: row.gateway_ref }),
    evidence: row.evidence,
    ...(row.note !== null && { note: row.note }),
    ...(row.resolved_by !== null && { resolvedBy: row.resolved_by }),
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    ...(row.resolved_at !== null && { resolvedAt: row.resolved_at.toISOString() }),
  };
}
