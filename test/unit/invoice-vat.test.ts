import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFormats, midnight } from '../../services/invoices/format.ts';
import { invoiceTotalMinor, vatSummary } from '../../services/invoices/vat.ts';

const lines = fc.array(fc.record({ vatRateBasisPoints: fc.oneof(fc.constantFrom(0, 500, 700, 1900, 2000), fc.nat(100_000)), totalMinor: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1e12, max: 1e12 })) }), { maxLength: 50 });

describe('a VAT summary', () => {
  test('takes VAT out of gross prices once a rate, the highest rate first', () => {
    expect(vatSummary([{ vatRateBasisPoints: 700, totalMinor: 107 }, { vatRateBasisPoints: 2000, totalMinor: 1000 }, { vatRateBasisPoints: 2000, totalMinor: 999 }])).toEqual([
      { rateBasisPoints: 2000, netMinor: 1666, vatMinor: 333, grossMinor: 1999 },
      { rateBasisPoints: 700, netMinor: 100, vatMinor: 7, grossMinor: 107 },
    ]);
  });

  test('adds up: net and VAT to gross in each row, the rows to the total, all in whole units', () => {
    fc.assert(
      fc.property(lines, (lines) => {
        const rows = vatSummary(lines);
        for (const row of rows) {
          expect(row.netMinor + row.vatMinor).toBe(row.grossMinor);
          expect([row.netMinor, row.vatMinor, row.grossMinor].every(Number.isSafeInteger)).toBe(true);
        }
        expect(rows.reduce((sum, row) => sum + row.grossMinor, 0)).toBe(invoiceTotalMinor(lines));
        expect(new Set(rows.map((row) => row.rateBasisPoints)).size).toBe(rows.length);
      }),
    );
  });

  test('is the exact VAT to half a unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9e15, max: 9e15 }), fc.nat(100_000), (totalMinor, vatRateBasisPoints) => {
        const [row] = vatSummary([{ totalMinor, vatRateBasisPoints }]);
        const divisor = BigInt(10_000 + vatRateBasisPoints);
        const off = BigInt(row?.vatMinor ?? 0) * divisor - BigInt(totalMinor) * BigInt(vatRateBasisPoints);
        expect((off < 0n ? -off : off) * 2n <= divisor).toBe(true);
      }),
    );
  });

  test('of a credit is that of the charge with the sign changed', () => {
    fc.assert(
      fc.property(lines, (lines) => {
        const credit = vatSummary(lines.map((line) => ({ ...line, totalMinor: -line.totalMinor })));
        const vat = vatSummary(lines).map((row) => row.vatMinor);
        expect(credit.map((row) => row.vatMinor + 0)).toEqual(vat.map((amount) => (amount === 0 ? 0 : -amount)));
      }),
    );
  });

  test('is empty without lines', () => {
    expect(vatSummary([])).toEqual([]);
    expect(invoiceTotalMinor([])).toBe(0);
  });

  test.each([[0.5, 2000], [Number.NaN, 2000], [2 ** 53, 2000], [100, -1], [100, 0.5], [100, Number.POSITIVE_INFINITY]])('of %d at %d basis points is refused', (totalMinor, vatRateBasisPoints) => {
    expect(() => vatSummary([{ totalMinor, vatRateBasisPoints }])).toThrow(RangeError);
  });

  test('refuses a sum that is no longer exact', () => {
    const huge = { totalMinor: Number.MAX_SAFE_INTEGER, vatRateBasisPoints: 0 };
    expect(() => vatSummary([huge, huge])).toThrow(RangeError);
    expect(() => invoiceTotalMinor([huge, huge])).toThrow(RangeError);
  });
});

describe('formats', () => {
  test.each([
    ['en-IE', 'EUR', 123_456, '€1,234.56', '1,234.56'],
    ['en-US', 'JPY', 123_456, '¥123,456', '123,456'],
    ['en-US', 'KWD', -5, '-KWD 0.005', '-0.005'],
    ['de-DE', 'EUR', 1e12, '10.000.000.000,00 €', '10.000.000.000,00'],
    ['en-US', 'USD', Number.MAX_SAFE_INTEGER, '$90,071,992,547,409.91', '90,071,992,547,409.91'],
  ])('of %s write %s to the last unit', (locale, currency, minor, money, amount) => {
    const formats = createFormats(locale, currency);
    expect(formats.money(minor).replaceAll(/\s/g, ' ')).toBe(money);
    expect(formats.amount(minor)).toBe(amount);
  });

  test('write rates, quantities and dates', () => {
    const formats = createFormats('de-DE', 'EUR');
    expect(formats.rate(1950).replaceAll(/\s/g, ' ')).toBe('19,5 %');
    expect(formats.quantity(1.5)).toBe('1,5');
    expect(formats.date('2025-05-03')).toBe('3. Mai 2025');
    expect(createFormats('th-TH', 'THB').date('2025-05-03')).toContain('2025');
  });

  test.each(['2025-02-30', '2025-5-3', '', 'yesterday', '2025-05-03T00:00:00Z'])('refuse the date %j', (date) => {
    expect(() => midnight(date)).toThrow(RangeError);
  });
});
