/** Notifications: what a customer was told. */
import { z } from 'zod';
import { foreignId, pageQuery } from './values.ts';

export const notificationView = z.object({
  id: z.string(),
  customerId: z.string(),
  template: z.string().describe('What it says, e.g. `booking_failed`.'),
  subjectId: z.string().describe('What it is about, e.g. a booking id.'),
  data: z.record(z.string(), z.unknown()).describe('What the template fills in.'),
  createdAt: z.string(),
});
export type NotificationView = z.infer<typeof notificationView>;

export const listNotificationsQuery = z.strictObject({ customerId: foreignId.optional(), ...pageQuery });
export type ListNotifications = z.infer<typeof listNotificationsQuery>;
