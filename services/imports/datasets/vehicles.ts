/** Vehicles that can be booked: resources of that kind. */
import { z } from 'zod';
import type { ImportDataset, Row } from './dataset.ts';
import { id, name, shortText, wholeNumber } from './fields.ts';
import { priceColumns, priceTargets } from './price.ts';

const attributes = ['make', 'model', 'year', 'mileage'] as const;

/** Null stands for an empty field, which takes the attribute away; a column that the file lacks is not named. */
const attributesOf = (row: Row, mapped: ReadonlySet<string>): string =>
  JSON.stringify(Object.fromEntries(attributes.filter((attribute) => mapped.has(attribute)).map((attribute) => [attribute, row[attribute] ?? null])));

// The first one was patented in 1886; the models of a year are sold in the year before.
const year = wholeNumber.pipe(z.int().min(1886).refine((value) => value <= new Date().getUTCFullYear() + 1, 'is in the future'));

export const vehicles: ImportDataset = {
  name: 'vehicles',
  description: 'Vehicles for sale; the same as `PUT /v1/resources/{id}` with the kind `vehicle`.',
  key: ['id'],
  columns: [
    { name: 'id', aliases: ['vehicle id', 'external id', 'resource id'], required: true, description: 'The own id of the shop, up to 64 characters. The key.', example: 'v-2041', schema: id },
    { name: 'name', aliases: ['title'], required: true, description: 'Up to 200 characters.', example: 'Škoda Octavia Combi', schema: name },
    ...priceColumns('Of the vehicle.', '18900.00'),
    { name: 'make', aliases: ['manufacturer', 'brand'], required: false, description: 'Up to 100 characters.', example: 'Škoda', schema: shortText, repeats: true },
    { name: 'model', aliases: [], required: false, description: 'Up to 100 characters.', example: 'Octavia', schema: shortText, repeats: true },
    { name: 'year', aliases: ['model year', 'year of manufacture'], required: false, description: 'From 1886 to the next year.', example: '2022', schema: year, repeats: true },
    { name: 'mileage', aliases: ['odometer', 'kilometres', 'kilometers', 'km'], required: false, description: 'In kilometres, without decimals.', example: '41200', schema: wholeNumber.pipe(z.int().max(10_000_000)) },
  ],
  table: 'resources',
  targets: [
    { column: 'id', type: 'text', from: ['id'] },
    { column: 'name', type: 'text', from: ['name'] },
    ...priceTargets,
    {
      column: 'attributes',
      type: 'jsonb',
      from: attributes,
      value: attributesOf,
      onInsert: (staged) => `jsonb_strip_nulls(${staged})`,
      onUpdate: (staged, stored) => `jsonb_strip_nulls(${stored} || ${staged})`,
    },
  ],
  constants: { kind: 'vehicle', capacity: 1 },
  checks: [
    { column: 'id', problem: 'belongs to a room or an event', where: `EXISTS (SELECT FROM resources AS r WHERE r.tenant_id = $1 AND r.id = s.id AND r.kind <> 'vehicle')` },
    { column: 'id', problem: 'belongs to a vehicle that has been sold', where: 'EXISTS (SELECT FROM resources AS r WHERE r.tenant_id = $1 AND r.id = s.id AND r.sold_at IS NOT NULL)' },
  ],
};
