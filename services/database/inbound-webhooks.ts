/**
 * What gateways sent, once each. A row waits until the payment's flow has asked the gateway; the sweep reminds the flow
 * of what waits too long, so nothing is lost when Temporal is away at that moment.
 */
import { sql, type Kysely, type Transaction } from 'kysely';
import type { ListReceived, ReceivedWebhookView } from '../../contracts/inbound-webhooks.ts';
import { openPaymentStatuses, type GatewayName } from '../../contracts/payments/flow.ts';
import type { Page } from '../../contracts/values.ts';
import type { GatewayNotification } from '../payments/gateway.ts';
import { isKnownAlready, type Notified } from './inbound-webhook-claims.ts';
import { decodeCursor, ReadRefused, toPage } from './paging.ts';
import type { Database } from './schema.ts';

/**
 * tell: stored, and the payment's flow has to be told. kept: stored (or there already), and nobody has to be told now.
 * unknown_payment: stored, but it is about no payment of ours. not_ours: it names another tenant than its payment's, or
 * proves nothing and is about another tenant's, so it is not stored.
 */
export type Reception = { readonly kind: 'tell'; readonly tenantId: string; readonly paymentId: string } | { readonly kind: 'kept' | 'unknown_payment' | 'not_ours' | 'unknown_tenant' };

/** Deliveries of one thing within this time are one reminder to the flow; the sweep gives the last of them. */
const coalesceMs = 2_000;
/** The API tells the flow itself; the sweep only does what that missed. */
const sweepAfterMs = 5_000;
/** From one reminder to the next, doubled each time up to an hour. */
const remindAfterMs = 30_000;
const sweptAtOnce = 200;
const lookedAtOnce = 1_000;

interface Found extends Notified {
  readonly known_tenant: boolean;
  readonly tenant_id: string | null;
  readonly id: string | null;
}

/**
 * Two short statements; everything else is done after the gateway has its answer. What is signed belongs to the tenant
 * whose payment it is, whatever address it came to: Paytm knows one for each merchant id, which several tenants may share.
 * @param tenantId whose address it came to.
 * @param beforeStrange called before something about no payment of ours is stored; if it throws, it is not stored.
 */
export async function receiveWebhook(db: Kysely<Database>, tenantId: string, gateway: GatewayName, notification: GatewayNotification, beforeStrange?: () => Promise<void>): Promise<Reception> {
  const found = await findNotified(db, tenantId, gateway, notification);
  if (found?.known_tenant !== true) return { kind: 'unknown_tenant' };
  const owner = found.tenant_id ?? tenantId;
  const named = notification.tenantId ?? owner;
  if (named !== owner || (!isSigned(gateway) && owner !== tenantId)) return { kind: 'not_ours' };

  if (found.id === null) await beforeStrange?.();
  const known = found.id !== null && isKnownAlready(gateway, notification, found);
  // It was sent a moment ago: the answer that its flow waits for says no less. If that gets lost, the sweep tells the flow.
  const beingSent = found.status === 'created' && found.gateway_ref === null;
  const told = await store(db, owner, gateway, notification, { paymentId: found.id, known, tell: found.id !== null && !known && !beingSent });
  if (found.id === null) return { kind: 'unknown_payment' };
  return told ? { kind: 'tell', tenantId: owner, paymentId: found.id } : { kind: 'kept' };
}

/** Anybody can send GoPay's. */
const isSigned = (gateway: GatewayName): boolean => gateway !== 'gopay';

/** The payment of the tenant that it names first, then the address's: one id may have been given by two tenants. */
async function findNotified(db: Kysely<Database>, tenantId: string, gateway: GatewayName, { paymentId, gatewayRef, tenantId: named }: GatewayNotification): Promise<Found | undefined> {
  const { rows } = await sql<Found>`
    SELECT EXISTS (SELECT FROM tenants WHERE id = ${tenantId}) AS known_tenant, payment.*
    FROM (SELECT) AS always LEFT JOIN LATERAL (
      SELECT tenant_id, id, status, gateway_ref FROM payments
      WHERE gateway = ${gateway} AND (id = ${paymentId ?? null}::text OR gateway_ref = ${gatewayRef ?? null}::text)
      ORDER BY tenant_id = ${named ?? tenantId} DESC, tenant_id = ${tenantId} DESC, id = ${paymentId ?? ''} DESC LIMIT 1
    ) AS payment ON true`.execute(db);
  return rows[0];
}

/** @returns whether the flow has to be told of this delivery. */
async function store(db: Kysely<Database>, tenantId: string, gateway: GatewayName, { eventId, type, payload, ...names }: GatewayNotification, { paymentId, known, tell }: { paymentId: string | null; known: boolean; tell: boolean }): Promise<boolean> {
  // GoPay's notifications about one payment all look alike, so a later one may be about a later change: the row waits again.
  const again =
    gateway === 'gopay'
      ? sql`DO UPDATE SET received_at = now(), payment_id = excluded.payment_id, processed_at = excluded.processed_at, outcome = excluded.outcome,
          told_at = CASE WHEN old.told_at > now() - ${coalesceMs} * interval '1 millisecond' THEN old.told_at ELSE excluded.told_at END,
          tells = CASE WHEN old.told_at > now() - ${coalesceMs} * interval '1 millisecond' THEN old.tells ELSE excluded.tells END`
      : sql`DO NOTHING`;
  const { rows } = await sql<{ told: boolean | null }>`
    INSERT INTO inbound_webhooks AS old (tenant_id, gateway, event_id, type, payment_id, gateway_ref, payload, processed_at, outcome, told_at, tells)
    VALUES (${tenantId}, ${gateway}, ${eventId}, ${type}, ${paymentId ?? names.paymentId ?? null}, ${names.gatewayRef ?? null}, ${JSON.stringify(payload)},
      ${known ? sql`now()` : null}, ${known ? 'already_known' : null}, ${tell ? sql`now()` : null}, ${tell ? 1 : 0})
    ON CONFLICT (tenant_id, gateway, event_id) ${again}
    RETURNING told_at = now() AS told`.execute(db);
  return rows[0]?.told === true;
}

/**
 * To be called in the transaction that writes down what the gateway answered.
 * @param outcome what became of it, e.g. the payment's status. @param askedAt what came later than this is left waiting.
 */
export async function markWebhooksProcessed(db: Kysely<Database>, tenantId: string, paymentId: string, outcome: string, askedAt?: Date): Promise<void> {
  let waiting = db
    .updateTable('inbound_webhooks')
    .set({ processed_at: sql`now()`, outcome })
    .where('tenant_id', '=', tenantId)
    .where('payment_id', '=', paymentId)
    .where('processed_at', 'is', null);
  if (askedAt !== undefined) waiting = waiting.where('received_at', '<=', askedAt);
  await waiting.execute();
}

/** How many notifications about a payment nobody has looked into. */
export async function countWaiting(db: Kysely<Database>, tenantId: string, paymentId: string): Promise<number> {
  const { waiting } = await db
    .selectFrom('inbound_webhooks')
    .select(sql<number>`count(*)::integer`.as('waiting'))
    .where('tenant_id', '=', tenantId)
    .where('payment_id', '=', paymentId)
    .where('processed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return waiting;
}

/** By what a payer who comes back names the payment. */
export type ReturnedBy = { readonly gateway: GatewayName } & ({ readonly gatewayRef: string } | { readonly paymentId: string });

/** @returns the payment, and whether its flow may still learn something from the gateway. */
export async function findReturned(db: Kysely<Database>, tenantId: string, by: ReturnedBy): Promise<{ id: string; open: boolean } | undefined> {
  // PostgreSQL has no text with a NUL in it.
  if (Object.values(by).some((value) => value.includes('\u0000'))) return undefined;
  const row = await db
    .selectFrom('payments')
    .select(['id', 'status'])
    .where('tenant_id', '=', tenantId)
    .where('gateway', '=', by.gateway)
    .where('paymentId' in by ? 'id' : 'gateway_ref', '=', 'paymentId' in by ? by.paymentId : by.gatewayRef)
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, open: openPaymentStatuses.some((status) => status === row.status) };
}

/** @returns the payments whose flows have to be told (again); they count as told from now on. */
export async function claimWaiting(db: Kysely<Database>): Promise<{ tenantId: string; paymentId: string }[]> {
  return await db.transaction().execute(async (tx) => {
    // It may have come before the payment's row had the gateway's id. What is signed then goes to whose payment it is: one
    // of those that came to several tenants' addresses, and none when that tenant has it already.
    await sql`
      WITH found AS (
        SELECT DISTINCT ON (p.tenant_id, w.gateway, w.event_id) w.tenant_id, w.gateway, w.event_id, p.tenant_id AS owner, p.id
        FROM inbound_webhooks AS w JOIN payments AS p ON p.gateway = w.gateway AND p.gateway_ref = w.gateway_ref
        WHERE w.processed_at IS NULL AND w.payment_id IS NULL AND (p.tenant_id = w.tenant_id OR w.gateway <> 'gopay' AND NOT EXISTS (
          SELECT FROM inbound_webhooks AS kept WHERE kept.tenant_id = p.tenant_id AND kept.gateway = w.gateway AND kept.event_id = w.event_id))
        ORDER BY p.tenant_id, w.gateway, w.event_id, w.received_at
      )
      UPDATE inbound_webhooks AS w SET tenant_id = found.owner, payment_id = found.id FROM found
      WHERE w.tenant_id = found.tenant_id AND w.gateway = found.gateway AND w.event_id = found.event_id`.execute(tx);
    await settleKnown(tx);
    const { rows } = await sql<{ tenant_id: string; payment_id: string }>`
      UPDATE inbound_webhooks AS w SET told_at = now(), tells = w.tells + 1
      FROM (
        SELECT tenant_id, gateway, event_id FROM inbound_webhooks AS due
        WHERE processed_at IS NULL AND received_at < now() - ${sweepAfterMs} * interval '1 millisecond'
          AND (told_at IS NULL OR told_at < received_at OR told_at < now() - least(${remindAfterMs} * power(2, least(tells, 10) - 1), 3600000) * interval '1 millisecond')
          AND EXISTS (SELECT FROM payments AS p WHERE p.tenant_id = due.tenant_id AND p.id = due.payment_id)
        ORDER BY received_at LIMIT ${sweptAtOnce} FOR UPDATE SKIP LOCKED
      ) AS due
      WHERE w.tenant_id = due.tenant_id AND w.gateway = due.gateway AND w.event_id = due.event_id
      RETURNING w.tenant_id, w.payment_id`.execute(tx);
    return [...new Map(rows.map(({ tenant_id, payment_id }) => [`${tenant_id} ${payment_id}`, { tenantId: tenant_id, paymentId: payment_id }])).values()];
  });
}

/** Most come while the gateway's own answer is still on its way: by now that has been written down, and says the same. */
async function settleKnown(tx: Transaction<Database>): Promise<void> {
  const waiting = await tx
    .selectFrom('inbound_webhooks as w')
    .innerJoin('payments as p', (join) => join.onRef('p.tenant_id', '=', 'w.tenant_id').onRef('p.id', '=', 'w.payment_id'))
    .select(['w.tenant_id', 'w.gateway', 'w.event_id as eventId', 'w.type', 'w.gateway_ref as gatewayRef', 'p.status', 'p.gateway_ref'])
    .where('w.processed_at', 'is', null)
    .where('w.received_at', '<', sql<Date>`now() - ${sweepAfterMs} * interval '1 millisecond'`)
    .orderBy('w.received_at')
    .limit(lookedAtOnce)
    .execute();
  const known = waiting.filter(({ gateway, gatewayRef, ...row }) => isKnownAlready(gateway, { type: row.type, gatewayRef: gatewayRef ?? undefined }, row));
  if (known.length === 0) return;
  await sql`
    UPDATE inbound_webhooks AS w SET processed_at = now(), outcome = 'already_known'
    FROM unnest(${known.map(({ tenant_id }) => tenant_id)}::text[], ${known.map(({ gateway }) => gateway)}::text[], ${known.map(({ eventId }) => eventId)}::text[]) AS known (tenant_id, gateway, event_id)
    WHERE w.tenant_id = known.tenant_id AND w.gateway = known.gateway AND w.event_id = known.event_id AND w.processed_at IS NULL`.execute(tx);
}

/**
 * Ends the waiting of what nobody will look into any more. A signed notification about no payment of ours stays for the
 * record; one of GoPay proves nothing, and anybody can send them, so it goes.
 */
export async function settleOldWebhooks(db: Kysely<Database>): Promise<void> {
  await sql`
    DELETE FROM inbound_webhooks AS w WHERE processed_at IS NULL AND gateway = 'gopay' AND received_at < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM payments AS p WHERE p.tenant_id = w.tenant_id AND p.id = w.payment_id)`.execute(db);
  await sql`
    UPDATE inbound_webhooks AS w SET processed_at = now(), outcome = CASE WHEN known THEN 'unanswered' ELSE 'unknown_payment' END
    FROM (
      SELECT tenant_id, gateway, event_id, EXISTS (SELECT FROM payments AS p WHERE p.tenant_id = waiting.tenant_id AND p.id = waiting.payment_id) AS known
      FROM inbound_webhooks AS waiting WHERE processed_at IS NULL AND received_at < now() - interval '1 hour'
    ) AS old
    WHERE w.tenant_id = old.tenant_id AND w.gateway = old.gateway AND w.event_id = old.event_id
      AND (NOT known OR w.received_at < now() - interval '1 day')`.execute(db);
}

/** Newest first. */
export async function listReceived(db: Kysely<Database>, tenantId: string, filter: ListReceived): Promise<Page<ReceivedWebhookView>> {
  const micros = sql<number>`(extract(epoch FROM received_at) * 1000000)::bigint`;
  let query = db
    .selectFrom('inbound_webhooks')
    .selectAll()
    .select(micros.as('micros'))
    .where('tenant_id', '=', tenantId)
    .orderBy('received_at', 'desc')
    .orderBy('gateway', 'desc')
    .orderBy('event_id', 'desc')
    .limit(filter.limit + 1);
  if (filter.paymentId !== undefined) query = query.where('payment_id', '=', filter.paymentId);
  if (filter.gateway !== undefined) query = query.where('gateway', '=', filter.gateway);
  if (filter.cursor !== undefined) {
    const after = positionOf(filter.cursor);
    query = query.where(sql<boolean>`(received_at, gateway, event_id) < (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.gateway}::text, ${after.eventId}::text)`);
  }
  return toPage(
    await query.execute(),
    filter.limit,
    (row) => `${row.micros} ${row.gateway} ${row.event_id}`,
    (row) => ({
      gateway: row.gateway,
      eventId: row.event_id,
      type: row.type,
      ...(row.payment_id !== null && { paymentId: row.payment_id }),
      ...(row.gateway_ref !== null && { gatewayRef: row.gateway_ref }),
      payload: row.payload,
      receivedAt: row.received_at.toISOString(),
      ...(row.processed_at !== null && { processedAt: row.processed_at.toISOString() }),
      ...(row.outcome !== null && { outcome: row.outcome }),
    }),
  );
}

function positionOf(cursor: string): { micros: string; gateway: string; eventId: string } {
  const [, micros, gateway, eventId] = /^(\d{1,16}) (\w+) (.+)$/su.exec(decodeCursor(cursor)) ?? [];
  if (micros === undefined || gateway === undefined || eventId === undefined) throw new ReadRefused('invalid_cursor', 'Pass `nextCursor` of the page before, unchanged.');
  return { micros, gateway, eventId };
}
