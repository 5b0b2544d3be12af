/** Giving money back: never more than was taken, and each refund once. */
import { sql, type Kysely } from 'kysely';
import { unknownPayment, type Refusal } from '../../../contracts/failures.ts';
import type { RefundWish } from '../../../contracts/payments/flow.ts';
import type { RefundView } from '../../../contracts/payments/schemas.ts';
import type { RefundState } from '../../payments/gateway.ts';
import { postRefund } from '../ledger.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import type { PaymentRef } from './begin.ts';
import { selectPayment, toLedgerPayment, toRefundView, type RefundRow } from './rows.ts';

/** Idempotent by the refund's id; a refund that has failed is followed by another, `…-2`. The payment's row is locked, so two refunds can never both take what is left. */
export async function requestRefund(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef, { refundId, amountMinor, reason, allOfIt = false }: RefundWish): Promise<RefundView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const payment = await selectPayment(tx, tenantId, paymentId, 'for update');
    if (payment === undefined) return unknownPayment(paymentId);
    const known = await selectRefund(tx, tenantId, refundId);
    if (known !== undefined && known.payment_id !== paymentId) return { refused: 'refund_not_found', detail: `There is no refund ${refundId} of ${paymentId}.` };
    // What a gateway has refused stays refused under its id, there too. An undo is tried until it is done, each time anew.
    const refunds = await selectRefunds(tx, tenantId, paymentId);
    const tries = refunds.filter(({ id }) => id === refundId || id.startsWith(`${refundId}-`));
    const latest = tries.at(-1);
    const promised = refunds.filter(({ status }) => status !== 'failed').reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    const left = payment.captured_minor - promised;
    const goesOn = latest?.status === 'failed' || (allOfIt && latest?.status === 'succeeded' && left > 0);
    if (latest !== undefined && !goesOn) return toRefundView(latest, payment.currency);
    if (payment.captured_minor === 0) return { refused: 'payment_not_refundable', detail: `Payment ${paymentId} is ${payment.status}: nothing was taken.` };
    const amount = amountMinor ?? left;
    if (amount > left || left === 0) return { refused: 'refund_over_captured', detail: `Taken were ${payment.captured_minor}, given back or promised ${promised}; ${left} are left.` };
    const row = await tx
      .insertInto('refunds')
      .values({ tenant_id: tenantId, id: tries.length === 0 ? refundId : `${refundId}-${tries.length + 1}`, payment_id: paymentId, amount_minor: amount, status: 'requested', reason: reason ?? null })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toRefundView(row, payment.currency);
  });
}

/**
 * To be called before it is sent, so that nobody sends it again without asking what became of it.
 * @param sentBefore when it was sent last, as far as the caller knows.
 * @returns false when somebody else has sent it since.
 */
export async function markRefundSent(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef, refundId: string, sentBefore: Date | null): Promise<boolean> {
  const marked = await db
    .updateTable('refunds')
    .set({ sent_at: sql`now()` })
    .where('tenant_id', '=', tenantId)
    .where('payment_id', '=', paymentId)
    .where('id', '=', refundId)
    .where(sql<boolean>`date_trunc('milliseconds', sent_at) IS NOT DISTINCT FROM ${sentBefore}::timestamptz`)
    .executeTakeFirst();
  return marked.numUpdatedRows > 0n;
}

/** Writes down what the gateway made of it. A refund that has succeeded stays so. */
export async function recordRefund(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef, refundId: string, state: RefundState): Promise<RefundView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const payment = await selectPayment(tx, tenantId, paymentId, 'for update');
    const refund = await selectRefund(tx, tenantId, refundId);
    if (payment === undefined || refund === undefined) return { refused: 'refund_not_found', detail: `There is no refund ${refundId}.` };
    if (refund.status !== 'requested' || state.state === 'absent') return toRefundView(refund, payment.currency);
    if (state.state !== 'failed' && state.amountMinor !== refund.amount_minor) {
      return { refused: 'amount_mismatch', detail: `Refund ${refundId} is ${refund.amount_minor} ${payment.currency} in minor units; ${payment.gateway} speaks of ${state.amountMinor}.` };
    }
    const update = (changes: Partial<RefundRow>) =>
      tx
        .updateTable('refunds')
        .set({ ...changes, updated_at: sql`now()` })
        .where('tenant_id', '=', tenantId)
        .where('id', '=', refundId)
        .returningAll()
        .executeTakeFirstOrThrow();

    if (state.state === 'open') return toRefundView(await update({ gateway_ref: state.gatewayRef }), payment.currency);
    const notice = { recipientId: payment.customer_id, subjectId: refundId, data: { paymentId, amountMinor: refund.amount_minor, currency: payment.currency } };
    if (state.state === 'failed') {
      await writeNotices(tx, tenantId, [{ ...notice, audience: 'administrators', template: 'refund_failed', data: { ...notice.data, gatewayCode: state.gatewayCode } }], refund.updated_at.toISOString());
      // Known by its id there, it is not taken for the refund that follows it.
      return toRefundView(await update({ status: 'failed', failure: `${state.gatewayCode}: ${state.message}`.slice(0, 500), ...(state.gatewayRef !== undefined && { gateway_ref: state.gatewayRef }) }), payment.currency);
    }
    await postRefund(tx, toLedgerPayment(payment), refundId, refund.amount_minor, payment.refunded_minor);
    const refunded = payment.refunded_minor + refund.amount_minor;
    await tx
      .updateTable('payments')
      .set({ refunded_minor: refunded, ...(refunded === payment.captured_minor && { status: 'refunded' }), updated_at: sql`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', paymentId)
      .execute();
    await writeNotices(tx, tenantId, [{ ...notice, audience: 'customer', template: 'payment_refunded' }]);
    return toRefundView(await update({ status: 'succeeded', gateway_ref: state.gatewayRef }), payment.currency);
  });
}

/**
 * Those that the payment's own flow has to carry through. The refund that gives all of a payment back has the payment's
 * suffix, and whoever wanted it carries it through: a purchase, an order, or the run that found nobody to take the money.
 */
const ofOwnFlow = sql<boolean>`substr(id, 5, length(payment_id) - 4) <> substr(payment_id, 5)`;

export async function listOpenRefunds(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef): Promise<RefundView[]> {
  const payment = await selectPayment(db, tenantId, paymentId);
  if (payment === undefined) return [];
  const rows = await db.selectFrom('refunds').selectAll().where('tenant_id', '=', tenantId).where('payment_id', '=', paymentId).where('status', '=', 'requested').where(ofOwnFlow).orderBy('created_at').orderBy('id').execute();
  return rows.map((row) => toRefundView(row, payment.currency));
}

/**
 * Refunds that have been under way for long: their flow may know nothing of them.
 * @returns the payments whose flows have to be told; they are due again after twice the time, ten minutes at the most; two
 * hours where the gateway has taken it on, as it may take a bank days.
 */
export async function claimLongRefunds(db: Kysely<Database>): Promise<{ tenantId: string; paymentId: string }[]> {
  return await db
    .updateTable('refunds')
    .set({ updated_at: sql`now()` })
    .where('status', '=', 'requested')
    .where(ofOwnFlow)
    .where(sql<boolean>`updated_at < now() - interval '30 seconds' - least(updated_at - created_at, CASE WHEN gateway_ref IS NULL THEN interval '10 minutes' ELSE interval '2 hours' END)`)
    .returning(['tenant_id as tenantId', 'payment_id as paymentId'])
    .execute();
}

/** Oldest first. */
export const refundsOf = (db: Kysely<Database>, tenantId: string, paymentId: string) => db.selectFrom('refunds').selectAll().where('tenant_id', '=', tenantId).where('payment_id', '=', paymentId).orderBy('created_at').orderBy('id');

export async function selectRefunds(db: Kysely<Database>, tenantId: string, paymentId: string): Promise<RefundRow[]> {
  return await refundsOf(db, tenantId, paymentId).execute();
}

export async function selectRefund(db: Kysely<Database>, tenantId: string, refundId: string): Promise<RefundRow | undefined> {
  return await db.selectFrom('refunds').selectAll().where('tenant_id', '=', tenantId).where('id', '=', refundId).executeTakeFirst();
}
