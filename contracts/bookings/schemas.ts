/** Bookings on the wire: what callers send and get. */
import { z } from 'zod';
import { resourceKinds } from '../resources.ts';
import { amountMinor, currency, foreignId, moment, pageQuery, text } from '../values.ts';
import { bookingReasons, bookingStatuses } from './flow.ts';

/** The contact of a customer. It is kept in the database and never enters a workflow history. */
export const customerContact = z.strictObject({
  name: text(200).optional().meta({ example: 'Ada Lovelace' }),
  email: z.email().max(254).optional().meta({ example: 'ada@example.org' }),
  locale: z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 tag').max(35).optional().meta({ example: 'en-GB' }),
});
export type CustomerContact = z.infer<typeof customerContact>;

export const createBookingBody = z.strictObject({
  resourceId: foreignId.meta({ example: 'room-harbour' }),
  customerId: foreignId.meta({ example: 'c-1001' }),
  from: moment.optional().meta({ description: 'Rooms only: first night. A date means midnight UTC.', example: '2031-05-01' }),
  to: moment.optional().meta({ description: 'Rooms only: day of departure.', example: '2031-05-04' }),
  quantity: z.int().min(1).max(1000).default(1).meta({ description: 'Units: seats of an event, beds of a room.', example: 1 }),
  customer: customerContact.optional(),
});
/** What a caller sends, before defaults. */
export type CreateBooking = z.input<typeof createBookingBody>;

export const confirmBookingBody = z.strictObject({
  reference: text(100).optional().meta({ description: 'What the desk wrote down for the payment. The booking id if absent.', example: 'till 4, receipt 12' }),
});
export const rescheduleBookingBody = z.strictObject({ from: moment.meta({ example: '2031-06-01' }), to: moment.meta({ example: '2031-06-03' }) });
export const emptyBody = z.strictObject({});

export const bookingView = z.object({
  id: z.string().describe('bkg_…, sortable by time.'),
  status: z.enum(bookingStatuses),
  reason: z.enum(bookingReasons).optional(),
  // What is answered is not checked like what is asked: a rule that gets stricter must not hide older rows.
  resourceId: z.string(),
  resourceName: z.string(),
  kind: z.enum(resourceKinds),
  customerId: z.string(),
  quantity: z.int(),
  from: z.string().optional(),
  to: z.string().optional(),
  expiresAt: z.string().optional().describe('When the hold ends by itself. Present while held.'),
  extended: z.boolean(),
  reference: z.string().optional(),
  amount: amountMinor.describe('Minor units, for the whole booking.'),
  currency,
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type BookingView = z.infer<typeof bookingView>;

/** A booking that is not in the database: not decided yet, or refused. */
export const unmadeBooking = z.object({ id: z.string(), status: z.enum(['pending', 'failed']), reason: z.enum(bookingReasons).optional() });
export type UnmadeBooking = z.infer<typeof unmadeBooking>;

export const listBookingsQuery = z.strictObject({
  resourceId: foreignId.optional(),
  customerId: foreignId.optional(),
  status: z.enum(bookingStatuses).optional(),
  ...pageQuery,
});
export type ListBookings = z.infer<typeof listBookingsQuery>;
