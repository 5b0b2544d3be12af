import { expect, test } from '@jest/globals';
import { currenciesOfOtherDigits, minorDigits } from '../../contracts/currency-digits.ts';
import { createFormats } from '../../services/invoices/format.ts';

test.each([['EUR', 2], ['HUF', 2], ['IDR', 2], ['COP', 2], ['PKR', 2], ['JPY', 0], ['ISK', 0], ['UGX', 0], ['KWD', 3], ['CLF', 4]])('%s has %i digits after the point', (currency, digits) => {
  expect(minorDigits(currency)).toBe(digits);
});

test('the currencies that have not two are listed by how many they have', () => {
  expect(new Set(currenciesOfOtherDigits.keys())).toEqual(new Set([0, 3, 4]));
  for (const [digits, currencies] of currenciesOfOtherDigits) for (const currency of currencies) expect(minorDigits(currency)).toBe(digits);
});

test('an invoice writes the minor units of a forint, whatever is customary', () => {
  expect(createFormats('en', 'HUF').money(1_234_550).replaceAll(/\s/gu, ' ')).toBe('HUF 12,345.50');
});
