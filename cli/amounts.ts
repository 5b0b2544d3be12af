/** Amounts as a person types them: major units with a point, `5.00`, or minor units with `--minor`. */
import { minorDigits } from '../contracts/currency-digits.ts';
import { maxAmountMinor } from '../contracts/values.ts';
import { CliError } from './errors.ts';
import { money } from './text.ts';

const wrong = (what: string, remedy: string): CliError => new CliError(what, remedy, { code: 'usage', exitCode: 2 });

/**
 * @returns minor units.
 * @throws {CliError} for what is no amount of that currency: it is never rounded.
 */
export function parseAmount(typed: string, currency: string, { minor = false }: { minor?: boolean | undefined } = {}): number {
  const digits = minor ? 0 : minorDigits(currency);
  const [, whole = '', fraction = ''] = /^(\d{1,13})(?:\.(\d+))?$/.exec(typed.trim()) ?? [];
  if (whole === '') throw wrong(`${typed} is no amount.`, minor ? 'Write a whole number of minor units, e.g. 500.' : `Write it with a point and without a sign, e.g. ${plain(500, currency)}.`);
  if (fraction.length > digits) {
    throw wrong(minor ? `${typed} is no whole number of minor units.` : `${currency} has ${digits === 0 ? 'no digits' : `${digits} digits`} after the point; ${typed} has ${fraction.length}.`, `Write e.g. ${minor ? '500' : plain(500, currency)}.`);
  }
  const amountMinor = Number(whole + fraction.padEnd(digits, '0'));
  if (amountMinor < 1 || amountMinor > maxAmountMinor) throw wrong(`${typed} is too ${amountMinor < 1 ? 'little' : 'much'}.`, `An amount is from ${money(1, currency)} to ${money(maxAmountMinor, currency)}.`);
  return amountMinor;
}

const plain = (amountMinor: number, currency: string): string => (amountMinor / 10 ** minorDigits(currency)).toFixed(minorDigits(currency));
