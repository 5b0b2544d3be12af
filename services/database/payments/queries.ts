/** Reading payments and refunds. Every query names its tenant. */
import { sql, type Kysely } from 'kysely';
import type { ListPayments, ListRefunds, PaymentView, RefundView } from '../../../contracts/payments/schemas.ts';
import type { Page } from '../../../contracts/values.ts';
import type { Charge } from '../../payments/gateway.ts';
import { anotherCursor, decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import { refundsOf, selectRefund } from './refunds.ts';
import { selectPayment, toPaymentView, toRefundView, type PaymentRow } from './rows.ts';

export async function findPayment(db: Kysely<Database>, tenantId: string, paymentId: string): Promise<PaymentView | undefined> {
  const row = await selectPayment(db, tenantId, paymentId);
  return row === undefined ? undefined : toPaymentView(row);
}

/** Newest first. */
export async function listPayments(db: Kysely<Database>, tenantId: string, filter: ListPayments): Promise<Page<PaymentView>> {
  let query = db.selectFrom('payments').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(filter.limit + 1);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.gateway !== undefined) query = query.where('gateway', '=', filter.gateway);
  if (filter.customerId !== undefined) query = query.where('customer_id', '=', filter.customerId);
  if (filter.subjectId !== undefined) query = query.where('subject_id', '=', filter.subjectId);
  if (filter.cursor !== undefined) query = query.where('id', '<', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toPaymentView);
}

/** Oldest first. */
export async function listRefunds(db: Kysely<Database>, tenantId: string, payment: PaymentView, filter: ListRefunds): Promise<Page<RefundView>> {
  let query = refundsOf(db, tenantId, payment.id).limit(filter.limit + 1);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.cursor !== undefined) {
    const last = await selectRefund(db, tenantId, decodeCursor(filter.cursor));
    if (last?.payment_id !== payment.id) throw anotherCursor();
    // Another row's own time: a cursor that had it would have lost its microseconds.
    query = query.where(sql<boolean>`(created_at, id) > (SELECT created_at, id FROM refunds WHERE tenant_id = ${tenantId} AND id = ${last.id})`);
  }
  return toPage(
    await query.execute(),
    filter.limit,
    ({ id }) => id,
    (row) => toRefundView(row, payment.currency),
  );
}

export function toCharge(row: PaymentRow): Charge {
  return {
    tenantId: row.tenant_id,
    paymentId: row.id,
    amountMinor: row.amount_minor,
    currency: row.currency,
    method: row.method,
    capture: row.capture,
    customerId: row.customer_id,
    description: row.description,
    createdAt: row.created_at,
    ...(row.gateway_ref !== null && { gatewayRef: row.gateway_ref }),
  };
}
