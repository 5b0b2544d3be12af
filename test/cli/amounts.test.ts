import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAmount } from '../../cli/amounts.ts';
import { money } from '../../cli/text.ts';
import { minorDigits } from '../../contracts/currency-digits.ts';

/** What is said instead of an amount. */
function complaint(typed: string, currency: string, minor = false): string {
  try {
    return `no complaint: ${parseAmount(typed, currency, { minor })}`;
  } catch (error) {
    const { message, exitCode } = error as { message: string; exitCode: number };
    return `${exitCode}: ${message}`;
  }
}

describe('an amount as it is typed', () => {
  test('has the digits of its currency', () => {
    expect([parseAmount('5.00', 'EUR'), parseAmount('5', 'EUR'), parseAmount('5.1', 'EUR'), parseAmount('5', 'JPY'), parseAmount('1.234', 'KWD')]).toEqual([500, 500, 510, 5, 1_234]);
    expect(parseAmount('500', 'EUR', { minor: true })).toBe(500);
  });

  test('is what a person reads of it, whatever the currency', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000_000 }), fc.constantFrom('EUR', 'CZK', 'INR', 'JPY', 'KWD'), (amountMinor, currency) => {
        const shown = money(amountMinor, currency).replace(`${currency} `, '').replaceAll(',', '');
        expect(shown.split('.')[1]?.length ?? 0).toBe(minorDigits(currency));
        expect(parseAmount(shown, currency)).toBe(amountMinor);
      }),
    );
  });

  test.each([
    ['5.001', 'EUR', /^2: EUR has 2 digits after the point; 5\.001 has 3\.$/],
    ['5.0', 'JPY', /^2: JPY has no digits after the point/],
    ['5,00', 'EUR', /^2: 5,00 is no amount\.$/],
    ['-5.00', 'EUR', /^2: -5\.00 is no amount\.$/],
    ['1e3', 'EUR', /^2: 1e3 is no amount\.$/],
    ['', 'EUR', /^2: .*is no amount\.$/],
    ['0.00', 'EUR', /^2: 0\.00 is too little\.$/],
    ['10000000000.01', 'EUR', /^2: 10000000000\.01 is too much\.$/],
  ])('%s %s is never rounded or guessed', (typed, currency, what) => {
    expect(complaint(typed, currency)).toMatch(what);
  });

  test('of minor units has no point', () => {
    expect(complaint('5.00', 'EUR', true)).toMatch(/^2: 5\.00 is no whole number of minor units\.$/);
  });
});
