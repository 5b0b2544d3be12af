/** Bookings. A hold past its time counts as released even if nobody has written so yet, as in every other answer. */
import { boolean, created, integer, is, moment, money, text, word, type Dataset } from './dataset.ts';

const overdue = "b.status = 'held' AND b.hold_expires_at <= now()";
const status = `CASE WHEN ${overdue} THEN 'released' ELSE b.status END`;

export const bookings: Dataset<'bookings'> = {
  title: 'Bookings',
  from: 'bookings AS b LEFT JOIN resources AS r ON r.tenant_id = b.tenant_id AND r.id = b.resource_id',
  tenant: 'b.tenant_id',
  columns: [
    word('id', 'b.id'),
    word('status', status),
    word('reason', `CASE WHEN ${overdue} THEN 'expired' ELSE b.reason END`),
    text('resource_id', 'b.resource_id'),
    word('kind', 'r.kind'),
    text('resource_name', 'r.name'),
    text('customer_id', 'b.customer_id'),
    integer('quantity', 'b.quantity'),
    moment('starts_at', 'b.starts_at'),
    moment('ends_at', 'b.ends_at'),
    money('amount', 'b.amount_minor', 'b.currency'),
    word('currency', 'b.currency'),
    text('reference', 'b.reference'),
    boolean('extended', 'b.extended'),
    moment('created_at', 'b.created_at'),
    moment('updated_at', 'b.updated_at'),
  ],
  filters: { status: is(status), resourceId: is('b.resource_id'), kind: is('r.kind'), customerId: is('b.customer_id'), ...created('b') },
  order: 'b.id',
};
