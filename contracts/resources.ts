/** Resources: what can be booked. */
import { z } from 'zod';
import { amountMinor, currency, moment, pageQuery, text } from './values.ts';

export const resourceKinds = ['vehicle', 'room', 'event'] as const;
export type ResourceKind = (typeof resourceKinds)[number];

export const putResourceBody = z
  .strictObject({
    kind: z.enum(resourceKinds).describe('vehicle: one owner, sold in the end. room: a date range. event: a number of seats.'),
    name: text(200).meta({ example: 'Room 12' }),
    price: amountMinor.meta({ description: 'Minor units: per vehicle, per room and night, per seat.', example: 9000 }),
    currency: currency.meta({ example: 'EUR' }),
    capacity: z.int().min(1).max(100_000).optional().describe('Units: beds of a room (1 if absent), seats of an event (required). A vehicle has 1.'),
    attributes: z.record(text(64), z.union([text(500), z.number(), z.boolean()])).optional().describe('Anything else the shop wants to keep with it.'),
  })
  .superRefine((body, context) => {
    if (body.kind === 'event' && body.capacity === undefined) {
      context.addIssue({ code: 'custom', path: ['capacity'], message: 'an event needs its number of seats' });
    }
    if (body.kind === 'vehicle' && body.capacity !== undefined && body.capacity !== 1) {
      context.addIssue({ code: 'custom', path: ['capacity'], message: 'a vehicle has exactly 1' });
    }
  });
export type PutResource = z.infer<typeof putResourceBody>;

export const resourceView = z.object({
  id: z.string(),
  kind: z.enum(resourceKinds),
  name: z.string(),
  price: z.number(),
  currency: z.string(),
  capacity: z.number(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  ownerId: z.string().optional().describe('The customer who bought the vehicle.'),
  soldAt: z.string().optional(),
  available: z.number().optional().describe('Units that were free for the dates asked for when the cache was last refreshed. The booking itself decides.'),
});
export type ResourceView = z.infer<typeof resourceView>;

export const listResourcesQuery = z
  .strictObject({
    kind: z.enum(resourceKinds).optional(),
    from: moment.optional(),
    to: moment.optional(),
    available: z.enum(['true', 'false']).optional().describe('true: only those with at least one free unit.'),
    ...pageQuery,
  })
  .refine((query) => (query.from === undefined) === (query.to === undefined), { path: ['to'], message: '`from` and `to` go together' });
export type ListResources = z.infer<typeof listResourcesQuery>;
