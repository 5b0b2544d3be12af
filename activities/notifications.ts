/** Telling people. Today a notification is a record that the shop's own application shows. */
import type { Databases } from '../services/database/connection.ts';
import { named } from './failures.ts';

export interface BookingNotice {
  readonly tenantId: string;
  readonly customerId: string;
  readonly bookingId: string;
  readonly template: 'booking_failed';
  readonly data: Readonly<Record<string, string>>;
}

export function createNotificationActivities({ databases: { write } }: { databases: Databases }) {
  return {
    /** The id is made from what is told, so a repeated call never tells twice. */
    async notifyCustomer(notice: BookingNotice, dedupeKey: string): Promise<void> {
      await named(() =>
        write
          .insertInto('notifications')
          .values({
            tenant_id: notice.tenantId,
            id: `ntf_${notice.template}:${notice.bookingId}:${dedupeKey}`,
            customer_id: notice.customerId,
            template: notice.template,
            subject_id: notice.bookingId,
            data: JSON.stringify(notice.data),
          })
          .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
          .execute(),
      );
    },
  };
}

export type NotificationActivities = ReturnType<typeof createNotificationActivities>;
