/** People who have an account. */
import type { ImportDataset } from './dataset.ts';
import { email, hundredths, id, pastDate, shortText } from './fields.ts';

export const users: ImportDataset = {
  name: 'users',
  description: 'People who have an account.',
  key: ['external_id'],
  columns: [
    { name: 'external_id', aliases: ['id', 'user id', 'external'], required: true, description: 'The own id of the shop, up to 64 characters. The key.', example: 'u-1001', schema: id },
    { name: 'email', aliases: ['mail', 'email address'], required: true, description: 'An e-mail address.', example: 'ada@example.com', schema: email },
    { name: 'first_name', aliases: ['given name', 'forename'], required: false, description: 'Up to 100 characters.', example: 'Ada', schema: shortText, repeats: true },
    { name: 'last_name', aliases: ['family name', 'surname'], required: false, description: 'Up to 100 characters.', example: 'Lovelace', schema: shortText, repeats: true },
    { name: 'city', aliases: ['town'], required: false, description: 'Up to 100 characters.', example: 'London', schema: shortText, repeats: true },
    { name: 'birth_date', aliases: ['birthday', 'date of birth', 'dob'], required: false, description: 'ISO 8601, from 1900 to today.', example: '1985-12-10', schema: pastDate, repeats: true },
    { name: 'credit', aliases: ['balance', 'credit balance'], required: false, description: 'Zero or more, with a point and at most two decimals. Kept in hundredths.', example: '12.50', schema: hundredths, repeats: true },
  ],
  table: 'users',
  targets: [
    { column: 'external_id', type: 'text', from: ['external_id'] },
    { column: 'email', type: 'text', from: ['email'] },
    { column: 'first_name', type: 'text', from: ['first_name'] },
    { column: 'last_name', type: 'text', from: ['last_name'] },
    { column: 'city', type: 'text', from: ['city'] },
    { column: 'birth_date', type: 'date', from: ['birth_date'] },
    { column: 'credit_minor', type: 'bigint', from: ['credit'] },
  ],
};
