/** Taking units: for a new booking, for a failed one that is tried again, and for a room that moves to other dates. */
import { sql, type Kysely, type Transaction } from 'kysely';
import { standsFor, type BookingReason, type HoldRequest } from '../../../contracts/bookings/flow.ts';
import type { BookingView } from '../../../contracts/bookings/schemas.ts';
import { unknownBooking, unknownResource, type Refusal } from '../../../contracts/failures.ts';
import { allOrNothing } from '../all-or-nothing.ts';
import type { Database } from '../schema.ts';
import { selectLivePayment } from '../payments/rows.ts';
import { selectBooking, writeLog } from './queries.ts';
import { toBookingView, type BookingRow, type ResourceRow } from './rows.ts';
import { amountOf, periodOf, refuseRequest, type Dates } from './rules.ts';

export interface HoldCommand {
  readonly tenantId: string;
  readonly bookingId: string;
  readonly request: HoldRequest;
  readonly heldUntil: Date;
  /** Whether a failed booking is tried again. A late attempt of the run that gave up must not do so: nobody would watch it. */
  readonly revive?: boolean;
}

type Unmade = Omit<HoldCommand, 'heldUntil' | 'revive'>;

/**
 * Holds the units, or says why not. Idempotent: a booking that exists is answered as it stands, so a retried or
 * repeated call never takes a second unit.
 */
export async function holdBooking(db: Kysely<Database>, command: HoldCommand): Promise<BookingView | Refusal> {
  const { tenantId, bookingId, request, heldUntil } = command;
  return await allOrNothing(db, async (tx) => {
    const resource = await lockResource(tx, tenantId, request.resourceId);
    if (resource === undefined) return unknownResource(request.resourceId);
    const refusal = refuseRequest(resource, request, new Date());
    const row = refusal === undefined ? await writeBooking(tx, resource, command, { status: 'held', reason: null, hold_expires_at: heldUntil }, command.revive ?? false) : undefined;
    if (row === undefined) {
      const existing = await selectBooking(tx, tenantId, bookingId);
      if (existing === undefined) return refusal ?? unknownBooking(bookingId);
      const booking = toBookingView(existing);
      return standsFor(booking, request) ? booking : { refused: 'booking_id_reused', detail: `${bookingId} belongs to another request.` };
    }
    return (await takeUnits(tx, resource, bookingId, request.quantity, request)) ?? toBookingView(row);
  });
}

/**
 * Writes down a booking that was never made: `failed`, so that it stays listed (D4), or `released` because it was
 * cancelled before it was decided. If an attempt did get through after all (its answer was lost), that booking is
 * returned as it is and nothing is written.
 */
export async function recordUnmadeBooking(db: Kysely<Database>, command: Unmade, status: 'failed' | 'released', reason: BookingReason): Promise<BookingView | Refusal> {
  const { tenantId, bookingId, request } = command;
  return await allOrNothing(db, async (tx) => {
    const resource = await lockResource(tx, tenantId, request.resourceId);
    if (resource === undefined) return unknownResource(request.resourceId);
    await writeBooking(tx, resource, command, { status, reason, hold_expires_at: null }, true);
    const row = await selectBooking(tx, tenantId, bookingId);
    return row === undefined ? unknownBooking(bookingId) : toBookingView(row);
  });
}

/** Moves a room to other dates: the old nights are given back and the new ones taken in one transaction, or nothing changes. */
export async function rescheduleBooking(db: Kysely<Database>, tenantId: string, bookingId: string, dates: Required<Dates>): Promise<BookingView | Refusal> {
  return await allOrNothing(db, async (tx) => {
    const found = await selectBooking(tx, tenantId, bookingId);
    if (found === undefined) return unknownBooking(bookingId);
    const resource = await lockResource(tx, tenantId, found.resource_id);
    // Read again under its own lock: a step that timed out may still be ending it.
    const booking = await selectBooking(tx, tenantId, bookingId, 'for update');
    if (resource === undefined || booking === undefined) return unknownBooking(bookingId);
    if (booking.kind !== 'room') return { refused: 'not_reschedulable', detail: `Only a room has dates; this is of kind ${booking.kind}.` };
    const status = toBookingView(booking).status;
    if (status !== 'held' && status !== 'confirmed') return { refused: 'booking_closed', detail: `The booking is ${status}.` };
    const paying = status === 'held' ? await selectLivePayment(tx, tenantId, { kind: 'booking', id: bookingId }) : undefined;
    if (paying !== undefined) return { refused: 'payment_in_progress', detail: `Payment ${paying.id} is for the old dates; wait for it, or cancel it.` };

    const request = { quantity: booking.quantity, ...dates };
    const wrongDates = refuseRequest(resource, request, new Date());
    if (wrongDates !== undefined) return wrongDates;
    await tx.deleteFrom('allocations').where('tenant_id', '=', tenantId).where('booking_id', '=', bookingId).execute();
    const taken = await takeUnits(tx, resource, bookingId, booking.quantity, dates);
    if (taken !== undefined) return taken;

    const row = await tx
      .updateTable('bookings')
      .set({ starts_at: dates.from, ends_at: dates.to, amount_minor: amountOf(resource, request), currency: resource.currency, updated_at: new Date() })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', bookingId)
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeLog(tx, tenantId, bookingId, 'rescheduled', `${dates.from} to ${dates.to}`);
    return toBookingView({ ...row, resource_name: resource.name, kind: resource.kind });
  });
}

/** The row lock that serialises the bookings of one resource (A1). */
async function lockResource(tx: Transaction<Database>, tenantId: string, resourceId: string): Promise<ResourceRow | undefined> {
  return await tx.selectFrom('resources').selectAll().where('tenant_id', '=', tenantId).where('id', '=', resourceId).forUpdate().executeTakeFirst();
}

async function takeUnits(tx: Transaction<Database>, resource: ResourceRow, bookingId: string, quantity: number, dates: Dates): Promise<Refusal | undefined> {
  const period = periodOf(dates);
  const missing = quantity - (await takeFreeUnits(tx, resource, bookingId, quantity, period));
  if (missing === 0) return undefined;
  await releaseOverdueHolds(tx, resource, period);
  if ((await takeFreeUnits(tx, resource, bookingId, missing, period)) === missing) return undefined;
  return { refused: 'resource_unavailable', detail: `${resource.name} is taken${dates.from === undefined ? '' : ' for these dates'}.` };
}

/**
 * Takes the units of a booking that had been released, if they are free. The resource and the booking must be locked.
 * @returns why not, or nothing.
 */
export async function retakeUnits(tx: Transaction<Database>, booking: BookingRow): Promise<Refusal | undefined> {
  const resource = await lockResource(tx, booking.tenant_id, booking.resource_id);
  if (resource === undefined) return unknownResource(booking.resource_id);
  const dates = booking.starts_at === null || booking.ends_at === null ? {} : { from: booking.starts_at.toISOString(), to: booking.ends_at.toISOString() };
  return await takeUnits(tx, resource, booking.id, booking.quantity, dates);
}

/** The lowest free units first: this keeps a room's beds from being fragmented over time. @returns how many it took. */
async function takeFreeUnits(tx: Transaction<Database>, resource: ResourceRow, bookingId: string, quantity: number, period: string): Promise<number> {
  const { numAffectedRows } = await sql`
    INSERT INTO allocations (tenant_id, resource_id, unit, period, booking_id)
    SELECT ${resource.tenant_id}, ${resource.id}, unit, ${period}::tstzrange, ${bookingId}
    FROM generate_series(0, ${resource.capacity}::integer - 1) AS unit
    WHERE NOT EXISTS (
      SELECT FROM allocations AS other
      WHERE other.tenant_id = ${resource.tenant_id} AND other.resource_id = ${resource.id}
        AND other.unit = unit.unit AND other.period && ${period}::tstzrange)
    ORDER BY unit LIMIT ${quantity}`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

/** A hold whose time is over stands in nobody's way, even if the worker that should have released it was down. */
async function releaseOverdueHolds(tx: Transaction<Database>, resource: ResourceRow, period: string): Promise<void> {
  await sql`
    WITH overdue AS (
      UPDATE bookings SET status = 'released', reason = 'expired', hold_expires_at = NULL, updated_at = now()
      WHERE tenant_id = ${resource.tenant_id} AND status = 'held' AND hold_expires_at <= now() AND id IN (
        SELECT booking_id FROM allocations
        WHERE tenant_id = ${resource.tenant_id} AND resource_id = ${resource.id} AND period && ${period}::tstzrange)
      RETURNING tenant_id, id
    ), logged AS (
      INSERT INTO booking_log (tenant_id, booking_id, event, detail) SELECT tenant_id, id, 'released', 'expired' FROM overdue
    )
    DELETE FROM allocations USING overdue WHERE allocations.tenant_id = overdue.tenant_id AND allocations.booking_id = overdue.id`.execute(tx);
}

/**
 * Writes a new booking, or a failed one anew, and its log line, in one round trip.
 * @returns nothing when the booking exists and has not failed, or was another wish: then nothing was written.
 */
async function writeBooking(
  tx: Transaction<Database>,
  resource: ResourceRow,
  { tenantId, bookingId, request }: Unmade,
  state: { status: 'held' | 'failed' | 'released'; reason: BookingReason | null; hold_expires_at: Date | null },
  revive: boolean,
): Promise<BookingRow | undefined> {
  const detail = state.reason ?? `until ${state.hold_expires_at?.toISOString() ?? ''}`;
  const row = await tx
    .with('written', (cte) =>
      cte
        .insertInto('bookings')
        .values({
          tenant_id: tenantId,
          id: bookingId,
          resource_id: resource.id,
          customer_id: request.customerId,
          quantity: request.quantity,
          starts_at: request.from ?? null,
          ends_at: request.to ?? null,
          amount_minor: amountOf(resource, request),
          currency: resource.currency,
          ...state,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant_id', 'id'])
            .doUpdateSet({ ...state, amount_minor: sql<number>`excluded.amount_minor`, currency: sql<string>`excluded.currency`, updated_at: new Date() })
            .where('bookings.status', '=', 'failed')
            .where(sql<boolean>`${revive}`)
            .where(sameWish),
        )
        .returningAll(),
    )
    .with('logged', (cte) =>
      cte
        .insertInto('booking_log')
        .columns(['tenant_id', 'booking_id', 'event', 'detail'])
        .expression((from) => from.selectFrom('written').select(['tenant_id', 'id', 'status', sql<string>`${detail}::text`.as('detail')])),
    )
    .selectFrom('written')
    .selectAll()
    .executeTakeFirst();
  return row === undefined ? undefined : { ...row, resource_name: resource.name, kind: resource.kind };
}

/** A failed row may only be written anew for what it stands for. */
const sameWish = sql<boolean>`(bookings.resource_id, bookings.customer_id, bookings.quantity, bookings.starts_at, bookings.ends_at)
  IS NOT DISTINCT FROM (excluded.resource_id, excluded.customer_id, excluded.quantity, excluded.starts_at, excluded.ends_at)`;
