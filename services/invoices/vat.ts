/** VAT out of gross prices, in whole minor units. */
import type { InvoiceLine } from './document.ts';

export interface VatRow {
  readonly rateBasisPoints: number;
  readonly netMinor: number;
  readonly vatMinor: number;
  readonly grossMinor: number;
}

type Taxed = Pick<InvoiceLine, 'vatRateBasisPoints' | 'totalMinor'>;

/**
 * One row a rate, the highest first. Rounded once a rate, half away from zero, so that a credit cancels its charge to
 * the unit; the net is what is left, so net and VAT always add up to the gross.
 *
 * @throws RangeError for an amount or rate that is no whole number or does not fit one.
 */
export function vatSummary(lines: readonly Taxed[]): VatRow[] {
  const grossByRate = new Map<number, number>();
  for (const { vatRateBasisPoints: rate, totalMinor } of lines) {
    if (!Number.isSafeInteger(rate) || rate < 0) throw new RangeError(`A VAT rate is in whole basis points, 0 or more; got ${rate}.`);
    grossByRate.set(rate, whole((grossByRate.get(rate) ?? 0) + whole(totalMinor)));
  }
  return [...grossByRate]
    .toSorted(([one], [other]) => other - one)
    .map(([rateBasisPoints, grossMinor]) => {
      const vatMinor = vatWithin(grossMinor, rateBasisPoints);
      return { rateBasisPoints, netMinor: grossMinor - vatMinor, vatMinor, grossMinor };
    });
}

/** @throws RangeError where {@link vatSummary} does. */
export function invoiceTotalMinor(lines: readonly Taxed[]): number {
  return lines.reduce((total, line) => whole(total + whole(line.totalMinor)), 0);
}

/** In bigint: an amount times 10,000 can pass the whole numbers that a double holds. */
function vatWithin(grossMinor: number, rateBasisPoints: number): number {
  const divisor = BigInt(10_000 + rateBasisPoints);
  const twice = BigInt(Math.abs(grossMinor)) * BigInt(rateBasisPoints) * 2n;
  const vat = Number((twice + divisor) / (divisor * 2n));
  return grossMinor < 0 && vat !== 0 ? -vat : vat;
}

function whole(amountMinor: number): number {
  if (!Number.isSafeInteger(amountMinor)) throw new RangeError(`An amount is a whole number of minor units; got ${amountMinor}.`);
  return amountMinor;
}
