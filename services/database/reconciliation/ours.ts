/** Our side of a comparison: payments with their ledger, refunds under way, waiting notifications and marks. */
import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';
import { gatewayNames, openPaymentStatuses, type GatewayName } from '../../../contracts/payments/flow.ts';
import type { Charge } from '../../payments/gateway.ts';
import { toCharge } from '../payments/queries.ts';
import type { Database } from '../schema.ts';
import { movingMs, refundOverdueAfterMs, type Ours } from './compare.ts';

/** A payment to be compared, and how the gateway is asked about it. */
export interface OurPayment {
  readonly ours: Ours;
  readonly charge: Charge;
  readonly hasOpenCase: boolean;
}

export interface PaymentKey {
  readonly tenantId: string;
  readonly paymentId: string;
}

export interface Scope {
  readonly gateway: GatewayName;
  /** All tenants, if absent. */
  readonly tenantId: string | undefined;
}

type Row = Selectable<Database['payments']> & { ledger_minor: number; refunding_minor: number; refunding_since: Date | null; has_news: boolean; poked_at: Date | null; has_open_case: boolean };

/** Notifications that have waited longer than this are no sign that a flow is on it. */
const newsMs = 10 * 60_000;
export const pageSize = 200;

/** @param tenantId all tenants, if absent. @returns the gateways whose payments have changed since. */
export async function gatewaysUsed(db: Kysely<Database>, since: Date, tenantId?: string): Promise<ReadonlySet<GatewayName>> {
  const { rows } = await sql<{ gateway: GatewayName }>`
    SELECT gateway FROM unnest(${[...gatewayNames]}::text[]) AS gateway
    WHERE EXISTS (SELECT FROM payments AS p WHERE p.gateway = gateway.gateway AND p.updated_at >= ${since} AND (${tenantId ?? null}::text IS NULL OR p.tenant_id = ${tenantId ?? null}))`.execute(db);
  return new Set(rows.map(({ gateway }) => gateway));
}

/** Made within a period (inclusive start, exclusive end), by key. What is too young to be judged is left to the next run. */
export async function listMade(db: Kysely<Database>, scope: Scope, from: Date, to: Date, after: PaymentKey | undefined): Promise<OurPayment[]> {
  return await page(db, scope, sql`p.created_at >= ${from} AND p.created_at < ${to}`, after);
}

/**
 * Whatever else has to be compared, by key: what changed since a time, what is still open, what has a case, what has been
 * given back for too long or was told not to have arrived, what the ledger speaks of.
 * @param madeBefore only payments made before. @param agreedSince payments found in order since then, and not changed
 * after that, are not asked about again.
 */
export async function listDue(db: Kysely<Database>, scope: Scope, since: Date, { madeBefore, agreedSince }: { madeBefore: Date; agreedSince: Date }, after: PaymentKey | undefined): Promise<OurPayment[]> {
  const { gateway } = scope;
  const refundsBefore = new Date(Date.now() - refundOverdueAfterMs);
  const due = sql`
    p.created_at < ${madeBefore}
    AND (p.tenant_id, p.id) IN (
      SELECT tenant_id, id FROM payments WHERE gateway = ${gateway} AND updated_at >= ${since}
      UNION SELECT tenant_id, id FROM payments WHERE gateway = ${gateway} AND status = ANY (${[...openPaymentStatuses]}::text[])
      UNION SELECT tenant_id, payment_id FROM reconciliation_cases WHERE gateway = ${gateway} AND status = 'open' AND payment_id IS NOT NULL
      UNION SELECT tenant_id, payment_id FROM refunds WHERE status = 'requested' AND created_at < ${refundsBefore}
      UNION SELECT tenant_id, payment_id FROM inbound_webhooks WHERE gateway = ${gateway} AND received_at >= ${since} AND payment_id IS NOT NULL AND type IN ('refund.failed', 'refund.TXN_FAILURE')
      UNION SELECT tenant_id, payment_id FROM ledger_transactions WHERE at >= ${since} AND payment_id IS NOT NULL)
    AND (mark.agreed_at IS NULL OR mark.agreed_at < ${agreedSince} OR mark.agreed_at < p.updated_at OR p.status = ANY (${[...openPaymentStatuses]}::text[])
      OR EXISTS (SELECT FROM refunds AS r WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'requested' AND r.created_at < ${refundsBefore})
      OR EXISTS (SELECT FROM ledger_transactions AS t WHERE t.tenant_id = p.tenant_id AND t.payment_id = p.id AND t.at > mark.agreed_at))`;
  return await page(db, scope, due, after);
}

async function page(db: Kysely<Database>, { gateway, tenantId }: Scope, which: RawBuilder<unknown>, after: PaymentKey | undefined): Promise<OurPayment[]> {
  const ripe = new Date(Date.now() - movingMs);
  return await select(
    db,
    sql`p.gateway = ${gateway} AND p.created_at < ${ripe} AND (${tenantId ?? null}::text IS NULL OR p.tenant_id = ${tenantId ?? null})
      AND (p.tenant_id, p.id) > (${after?.tenantId ?? ''}, ${after?.paymentId ?? ''}) AND ${which}
      ORDER BY p.tenant_id, p.id LIMIT ${pageSize}`,
  );
}

export async function loadOurs(db: Kysely<Database>, { tenantId, paymentId }: PaymentKey): Promise<OurPayment | undefined> {
  return (await select(db, sql`p.tenant_id = ${tenantId} AND p.id = ${paymentId}`))[0];
}

async function select(db: Kysely<Database>, where: RawBuilder<unknown>): Promise<OurPayment[]> {
  const { rows } = await sql<Row>`
    SELECT p.*, mark.poked_at,
      (SELECT coalesce(sum(e.amount_minor), 0)::bigint FROM ledger_transactions AS t JOIN ledger_entries AS e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
        WHERE t.tenant_id = p.tenant_id AND t.payment_id = p.id AND e.account = 'gateway:' || p.gateway) AS ledger_minor,
      (SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds AS r WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'requested') AS refunding_minor,
      (SELECT min(created_at) FROM refunds AS r WHERE r.tenant_id = p.tenant_id AND r.payment_id = p.id AND r.status = 'requested') AS refunding_since,
      EXISTS (SELECT FROM inbound_webhooks AS w WHERE w.tenant_id = p.tenant_id AND w.payment_id = p.id AND w.processed_at IS NULL AND w.received_at > ${new Date(Date.now() - newsMs)}) AS has_news,
      EXISTS (SELECT FROM reconciliation_cases AS c WHERE c.tenant_id = p.tenant_id AND c.gateway = p.gateway AND c.ref = p.id AND c.status = 'open') AS has_open_case
    FROM payments AS p LEFT JOIN reconciliation_marks AS mark ON mark.tenant_id = p.tenant_id AND mark.payment_id = p.id
    WHERE ${where}`.execute(db);
  return rows.map((row) => ({ ours: toOurs(row), charge: toCharge(row), hasOpenCase: row.has_open_case }));
}

const toOurs = (row: Row): Ours => ({
  tenantId: row.tenant_id,
  paymentId: row.id,
  customerId: row.customer_id,
  gateway: row.gateway,
  gatewayRef: row.gateway_ref ?? undefined,
  status: row.status,
  amountMinor: row.amount_minor,
  currency: row.currency,
  capturedMinor: row.captured_minor,
  refundedMinor: row.refunded_minor,
  refundingMinor: row.refunding_minor,
  refundingSince: row.refunding_since ?? undefined,
  ledgerMinor: row.ledger_minor,
  processing: row.processing,
  payBy: row.pay_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  hasNews: row.has_news,
  pokedAt: row.poked_at ?? undefined,
});

/** Which payments of ours stand for what a gateway lists: each by its own id or the gateway's. */
export async function findListed(db: Kysely<Database>, gateway: GatewayName, paymentIds: readonly string[], refs: readonly string[]): Promise<{ tenantId: string; paymentId: string; gatewayRef: string | null }[]> {
  const { rows } = await sql<{ tenantId: string; paymentId: string; gatewayRef: string | null }>`
    SELECT tenant_id AS "tenantId", id AS "paymentId", gateway_ref AS "gatewayRef" FROM payments
    WHERE gateway = ${gateway} AND (id = ANY (${[...paymentIds]}::text[]) OR gateway_ref = ANY (${[...refs]}::text[]))`.execute(db);
  return rows;
}

export async function listTenants(db: Kysely<Database>): Promise<ReadonlySet<string>> {
  return new Set((await db.selectFrom('tenants').select('id').execute()).map(({ id }) => id));
}
