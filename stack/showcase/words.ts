/** Amounts as they are read. */
import { minorDigits } from '../../contracts/currency-digits.ts';

/** `285,000.00 CZK`, from minor units. */
export function price(amountMinor: number, currency: string): string {
  return `${number(amountMinor, currency)} ${currency}`;
}

/** Without the currency, where it was said before. */
export function number(amountMinor: number, currency: string): string {
  const digits = minorDigits(currency);
  return (amountMinor / 10 ** digits).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
