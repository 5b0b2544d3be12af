/** Notifications: what a customer was told. */
import { z } from 'zod';
import { foreignId, pageQuery } from './values.ts';

/** Who is told: the customer, the people who run the shop, or a seller on its marketplace. */
export const audiences = ['customer', 'administrators', 'seller'] as const;
export type Audience = (typeof audiences)[number];

export const notificationView = z.object({
  id: z.string(),
  audience: z.enum(audiences),
  customerId: z.string().describe("The customer or seller who is told; for the administrators, whom it is about."),
  template: z.string().describe('What it says, e.g. `booking_failed`.'),
  subjectId: z.string().describe('What it is about, e.g. a booking id.'),
  data: z.record(z.string(), z.unknown()).describe('What the template fills in.'),
  createdAt: z.string(),
});
export type NotificationView = z.infer<typeof notificationView>;

export const listNotificationsQuery = z.strictObject({ customerId: foreignId.optional(), audience: z.enum(audiences).optional(), ...pageQuery });
export type ListNotifications = z.infer<typeof listNotificationsQuery>;
