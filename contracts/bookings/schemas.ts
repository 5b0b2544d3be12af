/** Bookings on the wire: what callers send and get. */
import { z } from 'zod';
import { resourceKinds } from '../resources.ts';
import { amountMinor, currency, foreignId, moment, pageQuery, text } from '../values.ts';
import { bookingReasons, bookingStatuses } from './flow.ts';

/** The contact of a customer. It is kept in the database and never enters a workflow history. */
export const customerContact = z.strictObject({
  name: text(200).optional(),
  email: z.email().max(254).optional(),
  locale: z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 tag').max(35).optional(),
});
export type CustomerContact = z.infer<typeof customerContact>;

export const createBookingBody = z.strictObject({
  resourceId: foreignId,
  customerId: foreignId,
  from: moment.optional().describe('Rooms only: first night. A date means midnight UTC.'),
  to: moment.optional().describe('Rooms only: day of departure.'),
  quantity: z.int().min(1).max(1000).default(1).describe('Units: seats of an event, beds of a room.'),
  customer: customerContact.optional(),
});
/** What a caller sends, before defaults. */
export type CreateBooking = z.input<typeof createBookingBody>;

export const confirmBookingBody = z.strictObject({
  reference: text(100).optional().describe('What the desk wrote down for the payment. The booking id if absent.'),
});
export const rescheduleBookingBody = z.strictObject({ from: moment, to: moment });
export const emptyBody = z.strictObject({});

export const bookingView = z.object({
  id: z.string().describe('bkg_…, sortable by time.'),
  status: z.enum(bookingStatuses),
  reason: z.enum(bookingReasons).optional(),
  resourceId: foreignId,
  resourceName: z.string(),
  kind: z.enum(resourceKinds),
  customerId: foreignId,
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
