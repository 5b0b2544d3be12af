/**
 * Writing down what a gateway said. Whoever asked (the flow, a repeat of a step, a notification's look-up), the row is
 * locked, and a state that was true earlier never overwrites a later one.
 */
import { sql, type Kysely, type Transaction, type Updateable } from 'kysely';
import { unknownPayment, type Refusal } from '../../../contracts/failures.ts';
import type { PaymentFailureCode } from '../../../contracts/payments/flow.ts';
import type { PaymentView } from '../../../contracts/payments/schemas.ts';
import type { ChargeState } from '../../payments/gateway.ts';
import { releaseBookingIn } from '../bookings/transitions.ts';
import { markWebhooksProcessed } from '../inbound-webhooks.ts';
import { capturePosting } from '../ledger.ts';
import { writeNotices } from '../notices.ts';
import type { Database } from '../schema.ts';
import { together, type Changes } from '../together.ts';
import type { PaymentRef } from './begin.ts';
import { selectPayment, toLedgerPayment, toPaymentView, type PaymentRow } from './rows.ts';

/** What is not decided yet. */
const undecided = ['created', 'authorised', 'unknown', 'reconciling'] as const satisfies readonly PaymentView['status'][];
const isUndecided = ({ status }: PaymentRow): boolean => undecided.some((one) => one === status);

/**
 * @param askedAt what the gateway told after this is not covered by the answer; absent when it had never heard of the payment before, so that
 * nothing it told can be waiting. @returns the payment as it stands after it; `amount_mismatch` when the gateway speaks of other money than ours.
 */
export async function recordCharge(db: Kysely<Database>, ref: PaymentRef, state: ChargeState, askedAt?: Date): Promise<PaymentView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectPayment(tx, ref.tenantId, ref.paymentId, 'for update');
    if (row === undefined) return unknownPayment(ref.paymentId);
    if (isAnother(row, state)) return toPaymentView(row);
    const refusal = 'amountMinor' in state ? await refuseOtherMoney(tx, row, state) : undefined;
    const recorded = refusal ?? toPaymentView(await apply(tx, row, state));
    if (askedAt !== undefined) await markWebhooksProcessed(tx, ref.tenantId, ref.paymentId, 'refused' in recorded ? recorded.refused : recorded.status, askedAt);
    return recorded;
  });
}

/**
 * A step that was given up may still have been running, and have made the payment at the gateway once more. What the
 * payer was sent to is the one that counts, and nobody can pay the other; money that was taken counts in any case.
 */
const isAnother = ({ gateway_ref: known }: PaymentRow, state: ChargeState): boolean =>
  known !== null && state.state !== 'captured' && 'gatewayRef' in state && state.gatewayRef !== undefined && state.gatewayRef !== known;

async function apply(tx: Transaction<Database>, row: PaymentRow, state: ChargeState): Promise<PaymentRow> {
  switch (state.state) {
    case 'open': {
      if (!isUndecided(row) || row.status === 'authorised') return row;
      // Nothing happens between two looks of a payer who takes his time.
      const redirectUrl = state.redirectUrl ?? row.redirect_url;
      const processing = state.processing ?? false;
      if (row.status === 'created' && row.gateway_ref === state.gatewayRef && row.redirect_url === redirectUrl && row.processing === processing) return row;
      return await update(tx, row, { status: 'created', gateway_ref: state.gatewayRef, redirect_url: redirectUrl, processing, gateway_answer: JSON.stringify(state.answer) });
    }
    case 'authorised':
      if (!isUndecided(row)) return row;
      return await update(tx, row, { status: 'authorised', gateway_ref: state.gatewayRef, processing: false, gateway_answer: JSON.stringify(state.answer) });
    case 'captured': {
      // A payment that had failed, for want of a payer say, may be paid late all the same.
      if (!isUndecided(row) && row.status !== 'failed') return row;
      const captured = {
        status: 'captured',
        captured_minor: state.capturedMinor,
        late: row.status === 'failed',
        gateway_ref: state.gatewayRef,
        processing: false,
        gateway_answer: JSON.stringify(state.answer),
        failure_code: null,
        failure_message: null,
        gateway_code: null,
      } as const;
      return await update(tx, row, captured, capturePosting(toLedgerPayment(row), state.capturedMinor));
    }
    case 'failed':
      if (!isUndecided(row)) return row;
      return await fail(tx, row, state.decline.code, state.decline.message, {
        gateway_code: state.decline.gatewayCode,
        gateway_answer: JSON.stringify(state.answer),
        ...(state.gatewayRef !== undefined && { gateway_ref: state.gatewayRef }),
      });
    case 'absent':
      return row;
  }
}

/** Ends a payment by which nothing was taken. Does nothing to one that is decided. */
export async function failPayment(db: Kysely<Database>, ref: PaymentRef, code: PaymentFailureCode, message: string): Promise<PaymentView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectPayment(tx, ref.tenantId, ref.paymentId, 'for update');
    if (row === undefined) return unknownPayment(ref.paymentId);
    return toPaymentView(isUndecided(row) ? await fail(tx, row, code, message, {}) : row);
  });
}

/** `unknown`: sent, not answered. `reconciling`: being asked about. `created`: it is certain that nothing was sent. */
export async function markUndecided(db: Kysely<Database>, ref: PaymentRef, status: 'created' | 'unknown' | 'reconciling'): Promise<PaymentView | Refusal> {
  return await db.transaction().execute(async (tx) => {
    const row = await selectPayment(tx, ref.tenantId, ref.paymentId, 'for update');
    if (row === undefined) return unknownPayment(ref.paymentId);
    const from = status === 'created' ? ['unknown', 'reconciling'] : ['created', 'unknown', 'authorised'];
    return toPaymentView(from.includes(row.status) ? await update(tx, row, { status }) : row);
  });
}

/**
 * A6: the reservation is released, and the customer and the administrators are told, in the same transaction. A
 * purchase and an order do that themselves. Whoever cancels a payment may go on to pay in another way, so then the
 * booking stays held.
 */
async function fail(tx: Transaction<Database>, row: PaymentRow, code: PaymentFailureCode, message: string, more: Columns): Promise<PaymentRow> {
  const failed = await update(tx, row, { status: 'failed', failure_code: code, failure_message: message.slice(0, 500), processing: false, ...more });
  if (row.subject_kind !== 'booking' || code === 'cancelled') return failed;
  await releaseBookingIn(tx, row.tenant_id, row.subject_id, 'payment_failed', 'held-only');
  const notice = { recipientId: row.customer_id, template: 'payment_failed', subjectId: row.id, data: { bookingId: row.subject_id, reason: code } };
  await writeNotices(tx, row.tenant_id, [{ ...notice, audience: 'customer' }, { ...notice, audience: 'administrators' }]);
  return failed;
}

/** The gateway's id is kept, so that people find it there; nothing else is believed. */
async function refuseOtherMoney(tx: Transaction<Database>, row: PaymentRow, state: { amountMinor: number; currency: string; gatewayRef: string; capturedMinor?: number }): Promise<Refusal | undefined> {
  const captured = state.capturedMinor ?? row.amount_minor;
  if (state.amountMinor === row.amount_minor && state.currency === row.currency && captured === row.amount_minor) return undefined;
  if (row.status === 'created' || row.status === 'unknown') await update(tx, row, { status: 'reconciling', gateway_ref: row.gateway_ref ?? state.gatewayRef });
  return { refused: 'amount_mismatch', detail: `${row.gateway} speaks of ${captured} ${state.currency} (of ${state.amountMinor}), ordered were ${row.amount_minor} ${row.currency}.` };
}

/** What a step may change of a payment. */
type Columns = Omit<Updateable<Database['payments']>, 'tenant_id' | 'id' | 'updated_at'>;

async function update(tx: Transaction<Database>, row: PaymentRow, columns: Columns, besides: Changes = {}): Promise<PaymentRow> {
  return await together(tx, besides)
    .updateTable('payments')
    .set({ ...columns, updated_at: sql`now()` })
    .where('tenant_id', '=', row.tenant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
