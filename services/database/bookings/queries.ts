/** Reading bookings. Every query names its tenant. */
import { sql, type Kysely, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import type { HoldRequest } from '../../../contracts/bookings/flow.ts';
import type { BookingView, ListBookings } from '../../../contracts/bookings/schemas.ts';
import { unknownResource, type Refusal } from '../../../contracts/failures.ts';
import type { Page } from '../../../contracts/values.ts';
import { decodeCursor, toPage } from '../paging.ts';
import type { Database } from '../schema.ts';
import { toBookingView, type BookingRow, type ResourceRow } from './rows.ts';
import { periodOf, refuseRequest } from './rules.ts';

function bookingsWithResource(db: Kysely<Database>, tenantId: string): SelectQueryBuilder<Database, 'bookings' | 'resources', BookingRow> {
  return db
    .selectFrom('bookings')
    .innerJoin('resources', (join) => join.onRef('resources.tenant_id', '=', 'bookings.tenant_id').onRef('resources.id', '=', 'bookings.resource_id'))
    .where('bookings.tenant_id', '=', tenantId)
    .selectAll('bookings')
    .select(['resources.name as resource_name', 'resources.kind as kind']);
}

export async function selectBooking(db: Kysely<Database>, tenantId: string, bookingId: string, lock?: 'for update'): Promise<BookingRow | undefined> {
  const query = bookingsWithResource(db, tenantId).where('bookings.id', '=', bookingId);
  return await (lock === undefined ? query : query.forUpdate('bookings')).executeTakeFirst();
}

export async function findBooking(db: Kysely<Database>, tenantId: string, bookingId: string): Promise<BookingView | undefined> {
  const row = await selectBooking(db, tenantId, bookingId);
  return row === undefined ? undefined : toBookingView(row);
}

/** Newest first. The filter sees a hold past its time as released, like every other answer does. */
export async function listBookings(db: Kysely<Database>, tenantId: string, filter: ListBookings): Promise<Page<BookingView>> {
  let query = bookingsWithResource(db, tenantId).orderBy('bookings.id', 'desc').limit(filter.limit + 1);
  if (filter.resourceId !== undefined) query = query.where('bookings.resource_id', '=', filter.resourceId);
  if (filter.customerId !== undefined) query = query.where('bookings.customer_id', '=', filter.customerId);
  if (filter.status !== undefined) query = query.where(effectiveStatus, '=', filter.status);
  if (filter.cursor !== undefined) query = query.where('bookings.id', '<', decodeCursor(filter.cursor));
  return toPage(await query.execute(), filter.limit, (row) => row.id, toBookingView);
}

const effectiveStatus = sql<string>`CASE WHEN bookings.status = 'held' AND bookings.hold_expires_at <= now() THEN 'released' ELSE bookings.status END`;

/**
 * A look before a flow is started: what the database can already refuse costs one query and no workflow. A "yes" is no
 * promise; the hold itself decides under a lock.
 * @param ownId a booking that a lost first try of the same request may have made: it stands in nobody's way.
 */
export async function refuseEarly(db: Kysely<Database>, tenantId: string, request: HoldRequest, ownId = ''): Promise<Refusal | undefined> {
  // Dates that go backwards are no range to PostgreSQL; they are refused below, whatever is counted.
  const inOrder = request.from === undefined || request.to === undefined || request.from < request.to;
  const period = inOrder ? periodOf(request) : 'empty';
  // One statement: the guest waits for each round trip.
  const { rows } = await sql<Pick<ResourceRow, 'kind' | 'capacity' | 'name' | 'price_minor'> & { taken: number }>`
    SELECT kind, capacity, name, price_minor, (
      SELECT count(DISTINCT a.unit)::integer
      FROM allocations AS a JOIN bookings AS b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
      WHERE a.tenant_id = ${tenantId} AND a.resource_id = ${request.resourceId} AND a.period && ${period}::tstzrange
        AND a.booking_id <> ${ownId} AND NOT (b.status = 'held' AND b.hold_expires_at <= now())) AS taken
    FROM resources WHERE tenant_id = ${tenantId} AND id = ${request.resourceId}`.execute(db);
  const resource = rows[0];
  if (resource === undefined) return unknownResource(request.resourceId);
  const refusal = refuseRequest(resource, request, new Date());
  if (refusal !== undefined) return refusal;
  if (resource.capacity - resource.taken >= request.quantity) return undefined;
  return { refused: 'resource_unavailable', detail: `${resource.name} is taken${request.from === undefined ? '' : ' for these dates'}.` };
}

export async function writeLog(db: Kysely<Database>, tenantId: string, bookingId: string, event: string, detail: string): Promise<void> {
  await logEntry(tenantId, bookingId, event, detail).execute(db);
}

/** {@link writeLog}, for a statement of which it is a part. */
export const logEntry = (tenantId: string, bookingId: string, event: string, detail: string): RawBuilder<unknown> =>
  sql`INSERT INTO booking_log (tenant_id, booking_id, event, detail) VALUES (${tenantId}, ${bookingId}, ${event}, ${detail})`;
