/** Payments, and what became of the money. */
import { boolean, created, is, moment, money, text, word, type Dataset } from './dataset.ts';

export const payments: Dataset<'payments'> = {
  title: 'Payments',
  from: 'payments AS p',
  tenant: 'p.tenant_id',
  columns: [
    word('id', 'p.id'),
    word('status', 'p.status'),
    word('subject_kind', 'p.subject_kind'),
    text('subject_id', 'p.subject_id'),
    text('customer_id', 'p.customer_id'),
    text('description', 'p.description'),
    word('gateway', 'p.gateway'),
    text('method', 'p.method'),
    text('gateway_ref', 'p.gateway_ref'),
    money('amount', 'p.amount_minor', 'p.currency'),
    money('captured', 'p.captured_minor', 'p.currency'),
    money('refunded', 'p.refunded_minor', 'p.currency'),
    word('currency', 'p.currency'),
    word('failure_code', 'p.failure_code'),
    boolean('late', 'p.late'),
    moment('created_at', 'p.created_at'),
    moment('updated_at', 'p.updated_at'),
  ],
  filters: { status: is('p.status'), gateway: is('p.gateway'), customerId: is('p.customer_id'), subjectId: is('p.subject_id'), currency: is('p.currency'), ...created('p') },
  order: 'p.id',
};
