/** Words and numbers for people, the same in every flow's story. */

import { minorDigits } from '../contracts/currency-digits.ts';

/** Making one takes longer than anything else that a story does. Remembered for all flows: what is in it depends on nothing else. */
const formats = new Map<string, Intl.NumberFormat>();

/** `1,234.50 EUR`, from minor units. */
export function price(amountMinor: number, currency: string): string {
  const digits = minorDigits(currency);
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code', minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(currency, format);
  return format.format(amountMinor / 10 ** digits);
}

export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const numbers = new Intl.NumberFormat('en');

/** `1,234` */
export const amount = (count: number): string => numbers.format(count);
