/** Row types of the tables, as kysely wants them. The migrations are the truth. */
import type { ColumnType, Generated } from 'kysely';
import type { BookingReason, BookingStatus } from '../../contracts/bookings/flow.ts';
import type { ResourceKind } from '../../contracts/resources.ts';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type GeneratedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;
type Json<Value> = ColumnType<Value, string, string>;

export interface Database {
  tenants: { id: string; name: string; created_at: GeneratedTimestamp };
  customers: { tenant_id: string; id: string; name: string | null; email: string | null; locale: string | null; updated_at: GeneratedTimestamp };
  resources: {
    tenant_id: string;
    id: string;
    kind: ResourceKind;
    name: string;
    price_minor: number;
    currency: string;
    capacity: number;
    attributes: Json<Record<string, string | number | boolean>>;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  bookings: {
    tenant_id: string;
    id: string;
    resource_id: string;
    customer_id: string;
    quantity: number;
    starts_at: Timestamp | null;
    ends_at: Timestamp | null;
    status: Exclude<BookingStatus, 'pending'>;
    reason: BookingReason | null;
    hold_expires_at: Timestamp | null;
    extended: Generated<boolean>;
    reference: string | null;
    amount_minor: number;
    currency: string;
    created_at: GeneratedTimestamp;
    updated_at: GeneratedTimestamp;
  };
  allocations: { tenant_id: string; resource_id: string; unit: number; period: string; booking_id: string };
  booking_log: { seq: Generated<number>; tenant_id: string; booking_id: string; event: string; detail: string | null; at: GeneratedTimestamp };
  notifications: { tenant_id: string; id: string; customer_id: string; template: string; subject_id: string; data: Json<Record<string, unknown>>; created_at: GeneratedTimestamp };
  availability: { tenant_id: string; resource_id: string; period: string; taken: number; refreshed_at: GeneratedTimestamp };
  availability_changes: { seq: Generated<number>; tenant_id: string; resource_id: string };
  idempotency_keys: {
    tenant_id: string;
    key: string;
    request_hash: string;
    booking_id: string | null;
    response_status: number | null;
    response_body: Json<unknown> | null;
    created_at: GeneratedTimestamp;
  };
}
