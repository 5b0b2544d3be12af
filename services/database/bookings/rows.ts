/** From rows to views. */
import type { Selectable } from 'kysely';
import type { BookingView } from '../../../contracts/bookings/schemas.ts';
import type { ResourceKind } from '../../../contracts/resources.ts';
import type { Database } from '../schema.ts';

export type ResourceRow = Selectable<Database['resources']>;
export type BookingRow = Selectable<Database['bookings']> & { resource_name: string; kind: ResourceKind };

/** A hold past its time counts as released even if nobody has written so yet (A2: whatever happened to the processes). */
export function toBookingView(row: BookingRow, now = new Date()): BookingView {
  const overdue = row.status === 'held' && row.hold_expires_at !== null && row.hold_expires_at <= now;
  const status = overdue ? 'released' : row.status;
  const reason = overdue ? 'expired' : row.reason;
  return {
    id: row.id,
    status,
    ...(reason !== null && { reason }),
    resourceId: row.resource_id,
    resourceName: row.resource_name,
    kind: row.kind,
    customerId: row.customer_id,
    quantity: row.quantity,
    ...(row.starts_at !== null && { from: row.starts_at.toISOString() }),
    ...(row.ends_at !== null && { to: row.ends_at.toISOString() }),
    ...(status === 'held' && row.hold_expires_at !== null && { expiresAt: row.hold_expires_at.toISOString() }),
    extended: row.extended,
    ...(row.reference !== null && { reference: row.reference }),
    amount: row.amount_minor,
    currency: row.currency,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
