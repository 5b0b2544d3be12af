import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accounts } from '../../services/database/ledger.ts';
import { priceLine, sharesOf, type Sale } from '../../services/database/purchases/shares.ts';

const price = fc.integer({ min: 0, max: 1_000_000_000_000 });
const quantity = fc.integer({ min: 1, max: 1_000 });
const basisPoints = fc.integer({ min: 0, max: 10_000 });

/** Few sellers, so that some have several lines. */
const lines = fc.array(fc.record({ seller_id: fc.constantFrom('s-1', 's-2', 's-3', 'fees'), unit: price, count: quantity }), { minLength: 1, maxLength: 100 });

const salesOf = (wanted: readonly { seller_id: string; unit: number; count: number }[], fee: number): Sale[] => wanted.map(({ seller_id, unit, count }) => ({ seller_id, ...priceLine(unit, count, fee) }));
const sum = (numbers: readonly number[]): bigint => numbers.reduce((total, number) => total + BigInt(number), 0n);

describe('the shares of a sale', () => {
  test('are together what was paid, to the last minor unit, whatever the fee', () => {
    fc.assert(
      fc.property(lines, basisPoints, (wanted, fee) => {
        const payable = wanted.filter((_, index) => sum(wanted.slice(0, index + 1).map(({ unit, count }) => unit * count)) <= 1_000_000_000_000n);
        const sales = salesOf(payable, fee);
        const paid = payable.reduce((total, { unit, count }) => total + BigInt(unit) * BigInt(count), 0n);
        expect(sum(sharesOf(sales).map(({ amountMinor }) => amountMinor))).toBe(paid);
      }),
    );
  });

  test('are never negative, and each seller gets what his lines cost without their fees', () => {
    fc.assert(
      fc.property(lines, basisPoints, (wanted, fee) => {
        const sales = salesOf(wanted.slice(0, 5), fee);
        const shares = sharesOf(sales);
        for (const { amountMinor } of shares) expect(amountMinor).toBeGreaterThanOrEqual(0);
        for (const sellerId of new Set(sales.map(({ seller_id }) => seller_id))) {
          const own = sales.filter(({ seller_id }) => seller_id === sellerId);
          const earned = sum(own.map(({ amount_minor }) => amount_minor)) - sum(own.map(({ fee_minor }) => fee_minor));
          expect(sum(shares.filter(({ account }) => account === accounts.seller(sellerId)).map(({ amountMinor }) => amountMinor))).toBe(earned);
        }
      }),
    );
  });

  test('name each account once, so that a seller called like an account of the shop gets nothing of it', () => {
    fc.assert(
      fc.property(lines, basisPoints, (wanted, fee) => {
        const named = sharesOf(salesOf(wanted, fee)).map(({ account }) => account);
        expect(new Set(named).size).toBe(named.length);
      }),
    );
  });
});

describe('the fee of a line', () => {
  test('is rounded half up, once for the line and not for each piece', () => {
    expect(priceLine(5, 1, 1_000)).toEqual({ amount_minor: 5, fee_minor: 1 });
    expect(priceLine(4, 1, 1_000)).toEqual({ amount_minor: 4, fee_minor: 0 });
    expect(priceLine(5, 3, 1_000)).toEqual({ amount_minor: 15, fee_minor: 2 });
  });

  test('is nothing at 0 and everything at 10,000 basis points', () => {
    fc.assert(
      fc.property(price, quantity, (unit, count) => {
        expect(priceLine(unit, count, 0).fee_minor).toBe(0);
        const { amount_minor, fee_minor } = priceLine(unit, count, 10_000);
        expect(fee_minor).toBe(amount_minor);
      }),
    );
  });
});
