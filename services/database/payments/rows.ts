/** From rows to views, and to what a gateway has to know. */
import type { Kysely, Selectable } from 'kysely';
import type { Subject } from '../../../contracts/payments/flow.ts';
import type { PaymentView, RefundView } from '../../../contracts/payments/schemas.ts';
import type { LedgerPayment } from '../ledger.ts';
import type { Database } from '../schema.ts';

export type PaymentRow = Selectable<Database['payments']>;
export type RefundRow = Selectable<Database['refunds']>;

export function toPaymentView(row: PaymentRow): PaymentView {
  return {
    id: row.id,
    status: row.status,
    subject: { kind: row.subject_kind, id: row.subject_id },
    customerId: row.customer_id,
    gateway: row.gateway,
    amount: row.amount_minor,
    currency: row.currency,
    captured: row.captured_minor,
    refunded: row.refunded_minor,
    // Once it is decided, the page has nothing to show.
    ...(row.status === 'created' && row.redirect_url !== null && { redirectUrl: row.redirect_url }),
    payBy: row.pay_by.toISOString(),
    processing: row.processing,
    ...(row.failure_code !== null && { failure: { code: row.failure_code, ...(row.gateway_code !== null && { gatewayCode: row.gateway_code }), message: row.failure_message ?? '' } }),
    ...(row.gateway_ref !== null && { gatewayRef: row.gateway_ref }),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toRefundView(row: RefundRow, currency: string): RefundView {
  return {
    id: row.id,
    paymentId: row.payment_id,
    status: row.status,
    amount: row.amount_minor,
    currency,
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.failure !== null && { failure: row.failure }),
    createdAt: row.created_at.toISOString(),
  };
}

export const toLedgerPayment = (row: PaymentRow): LedgerPayment => ({ tenantId: row.tenant_id, paymentId: row.id, gateway: row.gateway, currency: row.currency });

export async function selectPayment(db: Kysely<Database>, tenantId: string, paymentId: string, lock?: 'for update'): Promise<PaymentRow | undefined> {
  const query = db.selectFrom('payments').selectAll().where('tenant_id', '=', tenantId).where('id', '=', paymentId);
  return await (lock === undefined ? query : query.forUpdate()).executeTakeFirst();
}

/** The payment that has been taken for something, or may still be: neither failed nor given back. */
export async function selectLivePayment(db: Kysely<Database>, tenantId: string, { kind, id }: Subject): Promise<Pick<PaymentRow, 'id' | 'status'> | undefined> {
  return await db
    .selectFrom('payments')
    .select(['id', 'status'])
    .where('tenant_id', '=', tenantId)
    .where('subject_kind', '=', kind)
    .where('subject_id', '=', id)
    .where('status', 'not in', ['failed', 'refunded'])
    .executeTakeFirst();
}
