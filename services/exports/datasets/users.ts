/** People, with the columns by which they are imported, too. */
import { created, date, is, moment, money, text, type Dataset } from './dataset.ts';

export const users: Dataset<'users'> = {
  title: 'Users',
  from: 'users AS u',
  tenant: 'u.tenant_id',
  columns: [
    text('external_id', 'u.external_id'),
    text('email', 'u.email'),
    text('first_name', 'u.first_name'),
    text('last_name', 'u.last_name'),
    text('city', 'u.city'),
    date('birth_date', 'u.birth_date'),
    money('credit', 'u.credit_minor'),
    moment('created_at', 'u.created_at'),
    moment('updated_at', 'u.updated_at'),
  ],
  filters: { city: is('u.city'), updatedFrom: (value) => `u.updated_at >= ${value}::timestamptz`, ...created('u') },
  order: 'u.external_id',
};
