/** Row types of the tables, as kysely wants them. The migrations are the truth. */
import type { ColumnType, Generated } from 'kysely';
import type { BookingReason, BookingStatus } from '../../contracts/bookings/flow.ts';
import type { Audience } from '../../contracts/notifications.ts';
import type { ResourceKind } from '../../contracts/resources.ts';
import type { ShopProfile } from '../../contracts/shop.ts';
import type { GeneratedTimestamp, Json, Timestamp } from './schema/columns.ts';
import type { ExportTables } from './schema/exports.ts';
import type { FileTables } from './schema/files.ts';
import type { ImportTables, MaybeImported } from './schema/imports.ts';
import type { InvoiceTables } from './schema/invoices.ts';
import type { MarketplaceTables } from './schema/marketplace.ts';
import type { OrderTables } from './schema/orders.ts';
import type { PaymentTables } from './schema/payments.ts';
import type { ReconciliationTables } from './schema/reconciliation.ts';

export interface Database extends FileTables, PaymentTables, MarketplaceTables, OrderTables, InvoiceTables, ReconciliationTables, ImportTables, ExportTables {
  tenants: { id: string; name: string; fee_basis_points: Generated<number>; vat_basis_points: Generated<number>; logo_key: string | null; profile: ColumnType<Partial<ShopProfile>, string | undefined, string>; created_at: GeneratedTimestamp };
  customers: { tenant_id: string; id: string; name: string | null; email: string | null; locale: string | null; updated_at: GeneratedTimestamp };
  resources: MaybeImported & {
    tenant_id: string;
    id: string;
    kind: ResourceKind;
    name: string;
    price_minor: number;
    currency: string;
    capacity: number;
    attributes: Json<Record<string, string | number | boolean>>;
    owner_id: string | null;
    sold_at: Timestamp | null;
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
  notifications: { tenant_id: string; id: string; customer_id: string; template: string; subject_id: string; data: Json<Record<string, unknown>>; audience: Generated<Audience>; created_at: GeneratedTimestamp };
  availability: { tenant_id: string; resource_id: string; period: string; taken: number; refreshed_at: GeneratedTimestamp };
  availability_changes: { seq: Generated<number>; tenant_id: string; resource_id: string };
  idempotency_keys: {
    tenant_id: string;
    key: string;
    request_hash: string;
    new_id: string | null;
    response_status: number | null;
    response_body: Json<unknown> | null;
    created_at: GeneratedTimestamp;
  };
}
