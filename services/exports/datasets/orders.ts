/** Orders, one row each, with where they go and who carries them. */
import { created, is, moment, money, text, word, type Dataset } from './dataset.ts';

export const orders: Dataset<'orders'> = {
  title: 'Orders',
  from: 'orders AS o LEFT JOIN shipments AS s ON s.tenant_id = o.tenant_id AND s.order_id = o.id',
  tenant: 'o.tenant_id',
  columns: [
    word('id', 'o.id'),
    word('status', 'o.status'),
    word('step', 'o.step'),
    word('reason', 'o.reason'),
    text('customer_id', 'o.customer_id'),
    money('items', 'o.items_minor', 'o.currency'),
    money('shipping', 'o.shipping_minor', 'o.currency'),
    money('amount', 'o.amount_minor', 'o.currency'),
    word('currency', 'o.currency'),
    word('payment_id', 'o.payment_id'),
    word('gateway', 'o.gateway'),
    text('ship_to_name', "o.ship_to->>'name'"),
    text('ship_to_city', "o.ship_to->>'city'"),
    word('ship_to_country', "o.ship_to->>'country'"),
    text('carrier', 's.carrier'),
    text('tracking', 's.tracking'),
    moment('created_at', 'o.created_at'),
    moment('updated_at', 'o.updated_at'),
  ],
  filters: { status: is('o.status'), customerId: is('o.customer_id'), currency: is('o.currency'), ...created('o') },
  order: 'o.id',
};
