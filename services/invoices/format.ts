/** Numbers, money and dates as the invoice's locale writes them. */
import { minorDigits } from '../../contracts/currency-digits.ts';

export interface Formats {
  /** With the currency's sign: `€1,234.50`. */
  money(amountMinor: number): string;
  /** Without it, for columns: `1,234.50`. */
  amount(amountMinor: number): string;
  quantity(value: number): string;
  rate(basisPoints: number): string;
  /** @param date `YYYY-MM-DD` */
  date(date: string): string;
}

/** @throws RangeError for a locale or currency that is malformed; a well-formed unknown one is written in a plain way. */
export function createFormats(locale: string, currency: string): Formats {
  const digits = minorDigits(currency);
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency, ...fraction });
  const amount = new Intl.NumberFormat(locale, fraction);
  const quantity = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const rate = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
  // An invoice is dated by the civil calendar, also where the locale's own default is another.
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', calendar: 'gregory', timeZone: 'UTC' });
  return {
    money: (amountMinor) => money.format(decimal(amountMinor, digits)),
    amount: (amountMinor) => amount.format(decimal(amountMinor, digits)),
    quantity: (value) => quantity.format(value),
    rate: (basisPoints) => rate.format(basisPoints / 10_000),
    date: (text) => date.format(midnight(text)),
  };
}

/** @throws RangeError for anything but a date that exists. */
export function midnight(date: string): Date {
  const found = new Date(`${date}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(found.getTime()) || !found.toISOString().startsWith(date)) throw new RangeError(`Not a date (YYYY-MM-DD): ${date}`);
  return found;
}

/** As text (`-1234E-2`), which Intl takes digit by digit: dividing by 100 would lose cents of the largest amounts. */
function decimal(amountMinor: number, digits: number): `${number}` {
  const text = `${amountMinor}E-${digits}`;
  if (!Number.isSafeInteger(amountMinor) || !isNumeric(text)) throw new RangeError(`An amount is a whole number of minor units; got ${amountMinor}.`);
  return text;
}

function isNumeric(text: string): text is `${number}` {
  return Number.isFinite(Number(text));
}
