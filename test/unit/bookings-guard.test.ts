import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sql } from 'kysely';
import { newBookingId } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { holdBooking, rescheduleBooking } from '../../services/database/bookings/hold.ts';
import { confirmBooking, extendBooking, releaseBooking } from '../../services/database/bookings/transitions.ts';
import type { Databases } from '../../services/database/connection.ts';
import { createResource, createTenant, openTestDatabase, someCar, someConcert, someRoom } from '../support/database.ts';

const tenantId = 'guard';
const dayMs = 24 * 60 * 60 * 1000;
const firstDay = Date.UTC(2034, 0, 1);
const heldUntil = new Date(Date.now() + 60 * 60_000);
const kinds = ['room', 'dormitory', 'event', 'vehicle'] as const;
const capacities = { room: 1, dormitory: 3, event: 4, vehicle: 1 } as const;
type Kind = (typeof kinds)[number];

let databases: Databases;
beforeAll(async () => {
  databases = await openTestDatabase();
  await createTenant(databases, tenantId);
});
afterAll(async () => await databases.close());

// A step names a booking by its place among those made so far, so that every sequence means something.
const nights = fc.record({ from: fc.integer({ min: 0, max: 3 }), stay: fc.integer({ min: 1, max: 3 }) });
type Nights = { from: number; stay: number };
// Mostly what fits, so that the units fill up and get in each other's way.
const quantity = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) });
const target = fc.nat(11);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hold' as const), what: fc.constantFrom(...kinds, 'room', 'dormitory'), quantity, nights }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), target }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('confirm' as const), target, reference: fc.constantFrom('a', 'b') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('extend' as const), target }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('reschedule' as const), target, nights }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What the database should do, in a few lines: units are numbered, and a unit is never taken twice at one time. */
interface Entry {
  readonly id: string;
  readonly what: Kind;
  readonly quantity: number;
  nights: Nights;
  status: 'held' | 'confirmed' | 'released';
  reason?: string;
  reference?: string;
  extended: boolean;
  units: number[];
}

const hasDates = (what: Kind): boolean => what === 'room' || what === 'dormitory';
const overlaps = (what: Kind, one: Nights, other: Nights): boolean => !hasDates(what) || (one.from < other.from + other.stay && other.from < one.from + one.stay);

class Model {
  readonly entries: Entry[] = [];

  #take(what: Kind, quantity: number, wanted: Nights, self?: Entry): number[] | undefined {
    const taken = new Set(this.entries.filter((entry) => entry !== self && entry.what === what && overlaps(what, entry.nights, wanted)).flatMap(({ units }) => units));
    const free = Array.from({ length: capacities[what] }, (_, unit) => unit).filter((unit) => !taken.has(unit));
    return free.length < quantity ? undefined : free.slice(0, quantity);
  }

  hold(id: string, what: Kind, quantity: number, wanted: Nights): string {
    if (quantity > capacities[what]) return 'quantity_over_capacity';
    const units = this.#take(what, quantity, wanted);
    if (units === undefined) return 'resource_unavailable';
    this.entries.push({ id, what, quantity, nights: wanted, status: 'held', extended: false, units });
    return 'held';
  }

  release(entry: Entry, reason: string, heldOnly: boolean): string {
    if (entry.status === 'held' || (entry.status === 'confirmed' && !heldOnly)) Object.assign(entry, { status: 'released', reason, units: [] });
    return entry.status;
  }

  confirm(entry: Entry, reference: string): string {
    if (entry.status === 'confirmed' && entry.reference === reference) return 'confirmed';
    if (entry.status !== 'held') return entry.reason === 'expired' ? 'hold_expired' : 'booking_not_held';
    Object.assign(entry, { status: 'confirmed', reference });
    return 'confirmed';
  }

  extend(entry: Entry): string {
    if (entry.status !== 'held') return entry.reason === 'expired' ? 'hold_expired' : 'booking_not_held';
    if (entry.extended) return 'already_extended';
    entry.extended = true;
    return 'held';
  }

  reschedule(entry: Entry, wanted: Nights): string {
    if (!hasDates(entry.what)) return 'not_reschedulable';
    if (entry.status === 'released') return 'booking_closed';
    const units = this.#take(entry.what, entry.quantity, wanted, entry);
    if (units === undefined) return 'resource_unavailable';
    Object.assign(entry, { nights: wanted, units });
    return entry.status;
  }
}

const datesOf = ({ from, stay }: Nights) => ({ from: new Date(firstDay + from * dayMs).toISOString(), to: new Date(firstDay + (from + stay) * dayMs).toISOString() });

type Resources = Record<Kind, string>;
async function resources(): Promise<Resources> {
  const [room, dormitory, event, vehicle] = await Promise.all([someRoom, { ...someRoom, capacity: capacities.dormitory }, { ...someConcert, capacity: capacities.event }, someCar].map(async (body) => await createResource(databases, tenantId, body)));
  return { room: room ?? '', dormitory: dormitory ?? '', event: event ?? '', vehicle: vehicle ?? '' };
}

/** Each extension asks for another end, so that a second one is no repeat of the first. */
let extensions = 0;

/** @returns what the model expects and what the database did. */
async function run(model: Model, ids: Resources, wish: Step): Promise<{ expected: string; seen: string } | undefined> {
  const db = databases.write;
  const said = (outcome: Awaited<ReturnType<typeof holdBooking>>): string => (isRefusal(outcome) ? outcome.refused : outcome.status);
  if (wish.do === 'hold') {
    const id = newBookingId();
    const request = { resourceId: ids[wish.what], customerId: 'guest', quantity: wish.quantity, ...(hasDates(wish.what) && datesOf(wish.nights)) };
    return { expected: model.hold(id, wish.what, wish.quantity, wish.nights), seen: said(await holdBooking(db, { tenantId, bookingId: id, request, heldUntil })) };
  }
  const entry = model.entries[wish.target % Math.max(model.entries.length, 1)];
  if (entry === undefined) return undefined;
  switch (wish.do) {
    case 'cancel':
      return { expected: model.release(entry, 'cancelled', false), seen: said(await releaseBooking(db, tenantId, entry.id, 'cancelled', 'held-or-confirmed')) };
    case 'expire':
      return { expected: model.release(entry, 'expired', true), seen: said(await releaseBooking(db, tenantId, entry.id, 'expired', 'held-only')) };
    case 'confirm':
      return { expected: model.confirm(entry, wish.reference), seen: said(await confirmBooking(db, tenantId, entry.id, wish.reference)) };
    case 'extend':
      extensions += 1;
      return { expected: model.extend(entry), seen: said(await extendBooking(db, tenantId, entry.id, new Date(heldUntil.getTime() + extensions))) };
    case 'reschedule':
      return { expected: model.reschedule(entry, wish.nights), seen: said(await rescheduleBooking(db, tenantId, entry.id, datesOf(wish.nights))) };
  }
}

interface Taken {
  booking_id: string;
  unit: number;
  first: number | null;
  last: number | null;
}
async function takenUnits(ids: Resources): Promise<Taken[]> {
  const { rows } = await sql<Taken>`
    SELECT booking_id, unit, extract(epoch FROM lower(period))::bigint AS first, extract(epoch FROM upper(period))::bigint AS last
    FROM allocations WHERE tenant_id = ${tenantId} AND resource_id = ANY(${Object.values(ids)}::text[])`.execute(databases.write);
  return rows;
}

const inOrder = (rows: readonly Taken[]): string[] => rows.map((row) => [row.booking_id, row.unit, row.first, row.last].join(' ')).toSorted();

test('whatever is done in whatever order, the database decides as a simple model does, and holds exactly the units that the model holds', async () => {
  const steps: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40, size: 'max' }), async (wishes) => {
      const ids = await resources();
      const model = new Model();
      for (const wish of wishes) {
        const outcome = await run(model, ids, wish);
        if (outcome === undefined) continue;
        expect(outcome.seen).toBe(outcome.expected);
        steps[`${wish.do} ${outcome.seen}`] = (steps[`${wish.do} ${outcome.seen}`] ?? 0) + 1;
      }
      const expected = model.entries.flatMap((entry) =>
        entry.units.map((unit): Taken => {
          const { from, to } = datesOf(entry.nights);
          return { booking_id: entry.id, unit, first: hasDates(entry.what) ? Date.parse(from) / 1000 : null, last: hasDates(entry.what) ? Date.parse(to) / 1000 : null };
        }),
      );
      expect(inOrder(await takenUnits(ids))).toEqual(inOrder(expected));
    }),
    { numRuns: 100 },
  );
  // The sequences did come by what they are there for.
  for (const outcome of ['hold held', 'hold resource_unavailable', 'hold quantity_over_capacity', 'reschedule held', 'reschedule resource_unavailable', 'reschedule booking_closed', 'reschedule not_reschedulable', 'confirm confirmed', 'confirm booking_not_held', 'cancel released', 'extend held', 'extend already_extended']) {
    expect(Object.keys(steps)).toContain(outcome);
  }
}, 300_000);

test('the constraint refuses an overlap that the code would write, and a unit of nobody', async () => {
  const { room } = await resources();
  const held = await holdBooking(databases.write, { tenantId, bookingId: newBookingId(), request: { resourceId: room, customerId: 'guest', quantity: 1, ...datesOf({ from: 0, stay: 3 }) }, heldUntil });
  const id = isRefusal(held) ? '' : held.id;
  const take = async (unit: number, from: number, bookingId = id): Promise<unknown> => {
    const { from: first, to: last } = datesOf({ from, stay: 2 });
    return await databases.write
      .insertInto('allocations')
      .values({ tenant_id: tenantId, resource_id: room, unit, period: `[${first},${last})`, booking_id: bookingId })
      .execute()
      .catch((error: unknown) => (error as { constraint?: string }).constraint);
  };
  expect(await take(0, 2)).toBe('allocations_never_overlap');
  expect(await take(0, 5, 'bkg_of_nobody')).toMatch(/fkey/);
  // Touching is no overlap, and another unit is another bed.
  expect(await take(0, 3)).not.toBe('allocations_never_overlap');
  expect(await take(1, 2)).not.toBe('allocations_never_overlap');
});

test('a hold past its time makes way for the next guest, whoever forgot to release it', async () => {
  const { vehicle } = await resources();
  const request = { resourceId: vehicle, customerId: 'guest', quantity: 1 };
  const overdue = newBookingId();
  const next = newBookingId();
  expect(await holdBooking(databases.write, { tenantId, bookingId: overdue, request, heldUntil: new Date(Date.now() - 1_000) })).toMatchObject({ id: overdue });
  expect(await holdBooking(databases.write, { tenantId, bookingId: next, request, heldUntil })).toMatchObject({ id: next, status: 'held' });
  expect(await confirmBooking(databases.write, tenantId, overdue, 'late')).toMatchObject({ refused: 'hold_expired' });
  expect(await extendBooking(databases.write, tenantId, overdue, heldUntil)).toMatchObject({ refused: 'hold_expired' });
});

test('holds that start at the same moment share out exactly the units that there are', async () => {
  const ids = await resources();
  const wishes = Array.from({ length: 24 }, (_, n) => ({ what: kinds[n % 4] ?? 'room', id: newBookingId() }));
  const outcomes = await Promise.all(
    wishes.map(async ({ what, id }) => {
      const request = { resourceId: ids[what], customerId: 'guest', quantity: 1, ...(hasDates(what) && datesOf({ from: 0, stay: 2 })) };
      const outcome = await holdBooking(databases.write, { tenantId, bookingId: id, request, heldUntil });
      return { what, seen: isRefusal(outcome) ? outcome.refused : outcome.status };
    }),
  );
  const count = (what: Kind, seen: string): number => outcomes.filter((outcome) => outcome.what === what && outcome.seen === seen).length;
  for (const what of kinds) expect([what, count(what, 'held'), count(what, 'resource_unavailable')]).toEqual([what, capacities[what], 6 - capacities[what]]);
});
