/** Who goes to which event. */
import { created, is, moment, text, type Dataset } from './dataset.ts';

export const attendees: Dataset<'attendees'> = {
  title: 'Attendees',
  from: 'attendees AS a LEFT JOIN resources AS e ON e.tenant_id = a.tenant_id AND e.id = a.event_id',
  tenant: 'a.tenant_id',
  columns: [
    text('event_id', 'a.event_id'),
    text('event_name', 'e.name'),
    text('external_id', 'a.external_id'),
    text('first_name', 'a.first_name'),
    text('last_name', 'a.last_name'),
    text('email', 'a.email'),
    text('ticket', 'a.ticket'),
    moment('created_at', 'a.created_at'),
    moment('updated_at', 'a.updated_at'),
  ],
  filters: { eventId: is('a.event_id'), ticket: is('a.ticket'), ...created('a') },
  order: 'a.event_id, a.external_id',
};
