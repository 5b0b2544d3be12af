import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shareOf, split } from '../../services/database/money.ts';

const total = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const weights = fc.array(fc.integer({ min: 0, max: 1_000_000_000_000 }), { minLength: 1, maxLength: 20 }).filter((all) => all.some((weight) => weight > 0));
const sum = (numbers: readonly number[]): bigint => numbers.reduce((all, number) => all + BigInt(number), 0n);

describe('a total that is split', () => {
  test('is all there afterwards, in parts of which none is negative', () => {
    fc.assert(
      fc.property(total, weights, (whole, by) => {
        const parts = split(whole, by);
        expect(sum(parts)).toBe(BigInt(whole));
        for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('gives each within one minor unit of its fair share, and nothing to who has no weight', () => {
    fc.assert(
      fc.property(total, weights, (whole, by) => {
        const all = sum(by);
        split(whole, by).forEach((part, index) => {
          // |part − whole · weight / all| < 1, without a fraction.
          const off = BigInt(part) * all - BigInt(whole) * BigInt(by[index] ?? 0);
          expect(off < 0n ? -off : off).toBeLessThan(all);
          if (by[index] === 0) expect(part).toBe(0);
        });
      }),
    );
  });

  test('in steps takes at most one minor unit of rounding back, and ends at the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 6 }), (by, steps) => {
        const whole = by.reduce((all, weight) => all + weight, 0);
        let given = 0;
        let before = split(0, by);
        for (const step of [...steps, whole]) {
          given = Math.min(given + step, whole);
          const after = split(given, by);
          after.forEach((part, index) => expect(part).toBeGreaterThanOrEqual((before[index] ?? 0) - 1));
          before = after;
        }
        expect(before).toEqual(by);
      }),
    );
  });

  test('needs something to split by', () => {
    expect(split(0, [0, 0])).toEqual([0, 0]);
    expect(split(0, [])).toEqual([]);
    expect(() => split(1, [0])).toThrow('nothing to split by');
    expect(() => split(1, [])).toThrow('nothing to split by');
  });
});

describe('a share of an amount', () => {
  test('is rounded half up, exactly, and never more than the amount', () => {
    expect([shareOf(1, 5_000), shareOf(1, 4_999), shareOf(199, 1_000), shareOf(1_000_000_000_000, 10_000)]).toEqual([1, 0, 20, 1_000_000_000_000]);
    fc.assert(
      fc.property(total, fc.integer({ min: 0, max: 10_000 }), (amount, basisPoints) => {
        const share = shareOf(amount, basisPoints);
        expect(share).toBeLessThanOrEqual(amount);
        const off = 10_000n * BigInt(share) - BigInt(amount) * BigInt(basisPoints);
        expect(off > -5_000n || off === -4_999n).toBe(true);
        expect(off).toBeLessThanOrEqual(5_000n);
      }),
    );
  });
});
