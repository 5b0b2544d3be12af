/** Schemas of single fields, from the text in a file to a value, and what is said of one that is wrong. */
import { z } from 'zod';
import { minorDigits } from '../../../contracts/currency-digits.ts';
import { foreignId, maxAmountMinor, text } from '../../../contracts/values.ts';

export { currency } from '../../../contracts/values.ts';

/** An id of the shop's own, as everywhere. */
export const id = foreignId;
export const shortText = text(100);
export const name = text(200);

/** RFC 5321, 4.5.3.1: a path has at most 256 octets, two of them its brackets. Letters outside ASCII are not taken. */
export const email = z.string().trim().max(254, { abort: true }).regex(z.regexes.email, 'is no e-mail address');

const dayMs = 86_400_000;

/** A day that has begun somewhere on earth. */
export const pastDate = z
  .string()
  .trim()
  .regex(z.regexes.date, 'is no date like 1990-12-31')
  .refine((day) => day >= '1900-01-01', 'is before 1900')
  .refine((day) => Date.parse(day) <= Date.now() + dayMs, 'is in the future');

/** Digits and a point, so that nothing is ever rounded. Ten digits before the point stay below `maxAmountMinor`. */
const decimal = (places: number, message: string) => z.string().trim().regex(new RegExp(`^\\d{1,10}(?:\\.\\d{1,${places}})?$`), message);

/** The decimal without its point, which has `places` digits behind it or fewer. */
function shifted(digits: string, places: number): number {
  const point = digits.indexOf('.');
  if (point === -1) return Number(digits) * 10 ** places;
  return Number(digits.slice(0, point) + digits.slice(point + 1).padEnd(places, '0'));
}

const amountMessage = 'is no amount like 12.50, zero or more';

/** An amount in hundredths that has no currency. */
export const hundredths = decimal(2, amountMessage).transform((digits) => shifted(digits, 2));

/** An amount whose currency is in another column: see {@link minorAmount}. */
export const amount = decimal(4, amountMessage);

/** @returns minor units, or what is wrong with such an amount in that currency. */
export function minorAmount(digits: string, currency: string): number | string {
  const places = minorDigits(currency);
  const exact = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  if ((exact.split('.')[1]?.length ?? 0) > places) return `has more decimals than there are in ${currency}`;
  const minor = shifted(exact, places);
  return minor <= maxAmountMinor ? minor : 'is more than can be kept';
}

export const wholeNumber = z.string().trim().regex(/^\d{1,15}$/, 'is no whole number').transform(Number);

/** A percentage with two decimals, in hundredths of a per cent. */
export const percentage = decimal(2, 'is no percentage like 7.7')
  .refine((digits) => Number(digits) <= 100, 'is more than 100')
  .transform((digits) => shifted(digits, 2));

/** What goes behind `<column>: `. */
export function problemOf({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return 'is wrong';
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'string' ? `is longer than ${issue.maximum} characters` : `is more than ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'string' ? 'is missing' : `is less than ${issue.minimum}`;
    case 'invalid_value':
      return `is none of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}
