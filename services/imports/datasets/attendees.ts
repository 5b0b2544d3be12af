/** Who comes to an event. */
import type { ImportDataset } from './dataset.ts';
import { email, id, shortText } from './fields.ts';

export const attendees: ImportDataset = {
  name: 'attendees',
  description: 'Who comes to which event.',
  key: ['event_id', 'external_id'],
  columns: [
    { name: 'event_id', aliases: ['event'], required: true, description: 'The resource of the kind `event`. Part of the key.', example: 'concert-2031', schema: id, repeats: true },
    { name: 'external_id', aliases: ['id', 'attendee id', 'external'], required: true, description: 'The own id of the shop, up to 64 characters. Part of the key.', example: 'a-77', schema: id },
    { name: 'first_name', aliases: ['given name', 'forename'], required: false, description: 'Up to 100 characters.', example: 'Grace', schema: shortText, repeats: true },
    { name: 'last_name', aliases: ['family name', 'surname'], required: false, description: 'Up to 100 characters.', example: 'Hopper', schema: shortText, repeats: true },
    { name: 'email', aliases: ['mail', 'email address'], required: false, description: 'An e-mail address.', example: 'grace@example.com', schema: email },
    { name: 'ticket', aliases: ['ticket type', 'category'], required: false, description: 'What kind of ticket, up to 100 characters.', example: 'Balcony', schema: shortText, repeats: true },
  ],
  table: 'attendees',
  targets: [
    { column: 'event_id', type: 'text', from: ['event_id'] },
    { column: 'external_id', type: 'text', from: ['external_id'] },
    { column: 'first_name', type: 'text', from: ['first_name'] },
    { column: 'last_name', type: 'text', from: ['last_name'] },
    { column: 'email', type: 'text', from: ['email'] },
    { column: 'ticket', type: 'text', from: ['ticket'] },
  ],
  checks: [{ column: 'event_id', problem: 'there is no such event', where: `NOT EXISTS (SELECT FROM resources AS r WHERE r.tenant_id = $1 AND r.id = s.event_id AND r.kind = 'event')` }],
};
