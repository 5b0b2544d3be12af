/** A payment's first row: checked against what it is for, before a gateway hears of it. */
import { sql, type Kysely } from 'kysely';
import { isRefusal, unknownPayment, type Refusal } from '../../../contracts/failures.ts';
import type { PayRequest } from '../../../contracts/payments/flow.ts';
import type { PaymentView } from '../../../contracts/payments/schemas.ts';
import type { Database } from '../schema.ts';
import { selectLivePayment, selectPayment, toPaymentView } from './rows.ts';
import { termsOf, type Terms } from './subjects.ts';

export interface PaymentRef {
  readonly tenantId: string;
  readonly paymentId: string;
}

/** Idempotent: a payment that exists is answered as it stands. */
export async function beginPayment(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef, request: PayRequest, now = new Date()): Promise<PaymentView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const terms = await termsOf(tx, tenantId, request.subject, now);
    if (isRefusal(terms)) return (await existing(tx, tenantId, paymentId, request)) ?? terms;
    const refusal = refuseTerms(terms, request);
    if (refusal !== undefined) return (await existing(tx, tenantId, paymentId, request)) ?? refusal;
    const row = await tx
      .insertInto('payments')
      .values({
        tenant_id: tenantId,
        id: paymentId,
        subject_kind: request.subject.kind,
        subject_id: request.subject.id,
        customer_id: terms.customerId,
        gateway: request.gateway,
        method: request.method,
        capture: request.capture,
        description: terms.description,
        amount_minor: terms.amountMinor,
        currency: terms.currency,
        status: 'created',
        pay_by: terms.payBy,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) return toPaymentView(row);
    return (await existing(tx, tenantId, paymentId, request)) ?? (await otherPayment(tx, tenantId, request));
  });
}

/** The payer may act for as long as the booking is held, or that of the vehicle which is bought, also when that was extended after the payment had begun. */
export async function extendPayBy(db: Kysely<Database>, { tenantId, paymentId }: PaymentRef): Promise<PaymentView | Refusal> {
  await sql`
    UPDATE payments AS p SET pay_by = b.hold_expires_at, updated_at = now() FROM bookings AS b
    WHERE p.tenant_id = ${tenantId} AND p.id = ${paymentId} AND b.tenant_id = p.tenant_id
      AND b.id = CASE p.subject_kind WHEN 'booking' THEN p.subject_id WHEN 'purchase' THEN (SELECT booking_id FROM purchases WHERE purchases.tenant_id = p.tenant_id AND purchases.id = p.subject_id) END
      AND b.status = 'held' AND b.hold_expires_at > p.pay_by`.execute(db);
  const row = await selectPayment(db, tenantId, paymentId);
  return row === undefined ? unknownPayment(paymentId) : toPaymentView(row);
}

/** @returns why this cannot be paid like this, or nothing. */
export function refuseTerms(terms: Terms, request: Pick<PayRequest, 'amountMinor' | 'currency' | 'customerId' | 'gateway'>): Refusal | undefined {
  const { amountMinor = terms.amountMinor, currency = terms.currency, customerId = terms.customerId } = request;
  if (customerId !== terms.customerId) return { refused: 'not_the_holder', detail: 'It is held by another customer.' };
  if (amountMinor !== terms.amountMinor || currency !== terms.currency) {
    return { refused: 'amount_mismatch', detail: `To be paid: ${terms.amountMinor} ${terms.currency} in minor units; not ${amountMinor} ${currency}.` };
  }
  if (terms.amountMinor === 0) return { refused: 'nothing_to_pay', detail: 'It costs nothing. Confirm it instead.' };
  // https://www.paytmpayments.com/docs: every amount is in rupees.
  if (request.gateway === 'paytm' && terms.currency !== 'INR') return { refused: 'currency_not_supported', detail: `Paytm takes INR only, not ${terms.currency}.` };
  return undefined;
}

async function existing(db: Kysely<Database>, tenantId: string, paymentId: string, request: PayRequest): Promise<PaymentView | Refusal | undefined> {
  const row = await selectPayment(db, tenantId, paymentId);
  if (row === undefined) return undefined;
  const same = row.subject_kind === request.subject.kind && row.subject_id === request.subject.id && row.gateway === request.gateway;
  return same ? toPaymentView(row) : { refused: 'payment_id_reused', detail: `${paymentId} belongs to another request.` };
}

async function otherPayment(db: Kysely<Database>, tenantId: string, { subject }: PayRequest): Promise<Refusal> {
  const other = await selectLivePayment(db, tenantId, subject);
  if (other?.status === 'settled') return { refused: 'already_paid', detail: `Payment ${other.id} paid for it.` };
  return { refused: 'payment_in_progress', detail: `Payment ${other?.id ?? ''} is on its way; wait for it, or cancel it.` };
}
