import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maxNights } from '../../contracts/bookings/flow.ts';
import { amountOf, periodOf, refuseRequest } from '../../services/database/bookings/rules.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = new Date('2030-01-01T12:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

const dates = fc
  .record({ from: fc.integer({ min: Date.UTC(2020), max: Date.UTC(2060) }), stayMs: fc.integer({ min: 1, max: maxNights * dayMs }) })
  .map(({ from, stayMs }) => ({ from: iso(from), to: iso(from + stayMs) }));
const price = fc.integer({ min: 0, max: 20_000_000 });
const quantity = fc.integer({ min: 1, max: 500 });

describe('the amount of a booking', () => {
  test('is a whole number of minor units, never negative, and exact', () => {
    fc.assert(
      fc.property(price, quantity, dates, (price_minor, count, stay) => {
        const amount = amountOf({ price_minor }, { quantity: count, ...stay });
        expect(Number.isSafeInteger(amount)).toBe(true);
        expect(amount).toBeGreaterThanOrEqual(0);
        const nights = Math.ceil((Date.parse(stay.to) - Date.parse(stay.from)) / dayMs);
        expect(BigInt(amount)).toBe(BigInt(price_minor) * BigInt(count) * BigInt(nights));
      }),
    );
  });

  test('of two bookings together is that of both, by units and by nights', () => {
    fc.assert(
      fc.property(price, quantity, quantity, fc.integer({ min: 1, max: 180 }), fc.integer({ min: 1, max: 180 }), (price_minor, one, other, firstNights, moreNights) => {
        const from = Date.UTC(2031, 2, 27);
        const [middle, to] = [from + firstNights * dayMs, from + (firstNights + moreNights) * dayMs];
        const stay = (begin: number, end: number, count: number): number => amountOf({ price_minor }, { quantity: count, from: iso(begin), to: iso(end) });
        expect(stay(from, to, one) + stay(from, to, other)).toBe(stay(from, to, one + other));
        expect(stay(from, middle, one) + stay(middle, to, one)).toBe(stay(from, to, one));
      }),
    );
  });

  test('counts a part of a night as a night, and no night less than one', () => {
    const ofStay = (ms: number): number => amountOf({ price_minor: 100 }, { quantity: 1, from: iso(0), to: iso(ms) });
    expect([1, dayMs - 1, dayMs, dayMs + 1, 2 * dayMs].map(ofStay)).toEqual([100, 100, 100, 200, 200]);
  });

  test('of what has no dates is the price of each unit', () => {
    fc.assert(fc.property(price, quantity, (price_minor, count) => expect(amountOf({ price_minor }, { quantity: count })).toBe(price_minor * count)));
  });
});

describe('a request is refused', () => {
  const room = { kind: 'room', capacity: 3, price_minor: 1 } as const;
  const code = (resource: { kind: 'room' | 'vehicle' | 'event'; capacity: number }, request: { quantity: number; from?: string; to?: string }): string | undefined => refuseRequest({ price_minor: 1, ...resource }, request, now)?.refused;

  test('for its dates exactly when the end is not after the start, lies in the past, or is more than a year away', () => {
    const near = fc.integer({ min: now.getTime() - 30 * dayMs, max: now.getTime() + 500 * dayMs });
    fc.assert(
      fc.property(near, near, (from, to) => {
        const wrong = to <= from || to <= now.getTime() || to - from > maxNights * dayMs;
        expect(code(room, { quantity: 1, from: iso(from), to: iso(to) })).toBe(wrong ? 'invalid_dates' : undefined);
      }),
    );
  });

  test('never for a start in the past alone: a guest may come today', () => {
    expect(code(room, { quantity: 1, from: iso(now.getTime() - dayMs), to: iso(now.getTime() + 1) })).toBeUndefined();
  });

  test('at the edges: a stay of no time, of the longest, and of a moment more', () => {
    const from = now.getTime() + dayMs;
    expect([0, 1, maxNights * dayMs, maxNights * dayMs + 1].map((ms) => code(room, { quantity: 1, from: iso(from), to: iso(from + ms) }))).toEqual(['invalid_dates', undefined, undefined, 'invalid_dates']);
  });

  test('for a room without both dates, and for anything else with one', () => {
    const some = { from: '2031-05-01T00:00:00.000Z', to: '2031-05-02T00:00:00.000Z' };
    const incomplete = [{}, { from: some.from }, { to: some.to }];
    expect(incomplete.map((given) => code(room, { quantity: 1, ...given }))).toEqual(['invalid_dates', 'invalid_dates', 'invalid_dates']);
    for (const kind of ['vehicle', 'event'] as const) {
      expect([{}, ...incomplete.slice(1), some].map((given) => code({ kind, capacity: 9 }, { quantity: 1, ...given }))).toEqual([undefined, 'invalid_dates', 'invalid_dates', 'invalid_dates']);
    }
  });

  test('for its quantity exactly when there are fewer units in all', () => {
    fc.assert(fc.property(quantity, quantity, (capacity, wanted) => expect(code({ kind: 'event', capacity }, { quantity: wanted })).toBe(wanted > capacity ? 'quantity_over_capacity' : undefined)));
  });
});

test('the period of an allocation ends before its last moment, and is for all time without dates', () => {
  expect(periodOf({ from: 'a', to: 'b' })).toBe('[a,b)');
  expect(periodOf({})).toBe('[,)');
});
