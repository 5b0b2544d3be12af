/**
 * A carrier that needs nobody outside: prices by weight and zone from a table, labels numbered by ourselves. A shop
 * that ships with a real carrier has another implementation of {@link Carrier} in its place.
 */
import { createHash } from 'node:crypto';
import type { Refusal } from '../../contracts/failures.ts';
import type { Carrier, Label, Parcel, Quote } from './carrier.ts';

export interface RateTable {
  readonly carrier: string;
  /** Each up to and including its weight; heavier than the last is not taken. */
  readonly bands: readonly { readonly service: string; readonly upToGrams: number }[];
  /** In the order of the bands, in units of the price list. A country that no zone names is in `elsewhere`. */
  readonly zones: readonly { readonly countries: ReadonlySet<string>; readonly prices: readonly number[] }[];
  readonly elsewhere: readonly number[];
  /** Minor units of a currency for one unit of the price list: set by hand, so that no price moves by itself. */
  readonly minorPerUnit: Readonly<Record<string, number>>;
}

const europe = 'AD AL AT AX BA BE BG CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM UA VA';
const southAsia = 'BD BT IN LK MV NP';

export const standardRates: RateTable = {
  carrier: 'holdfast-post',
  bands: [
    { service: 'letter', upToGrams: 500 },
    { service: 'small-parcel', upToGrams: 2_000 },
    { service: 'parcel', upToGrams: 10_000 },
    { service: 'heavy-parcel', upToGrams: 31_500 },
  ],
  zones: [
    { countries: new Set(europe.split(' ')), prices: [390, 590, 990, 1_990] },
    { countries: new Set(southAsia.split(' ')), prices: [190, 290, 590, 1_190] },
  ],
  elsewhere: [890, 1_690, 3_990, 7_990],
  minorPerUnit: { EUR: 1, USD: 1, GBP: 1, CHF: 1, CZK: 25, PLN: 4, HUF: 400, INR: 90 },
};

export function createRateTableCarrier(table: RateTable = standardRates): Carrier {
  const quote = ({ weightGrams, to, currency }: Parcel): Quote | Refusal => {
    const perUnit = table.minorPerUnit[currency];
    if (perUnit === undefined) return refused(`There is no price for shipping in ${currency}.`);
    const index = table.bands.findIndex(({ upToGrams }) => weightGrams <= upToGrams);
    const prices = table.zones.find(({ countries }) => countries.has(to.country))?.prices ?? table.elsewhere;
    const [band, price] = [table.bands[index], prices[index]];
    if (band === undefined || price === undefined) return refused(`No carrier takes ${weightGrams} g at once.`);
    return { carrier: table.carrier, service: band.service, priceMinor: price * perUnit };
  };
  return {
    quote: (parcel) => Promise.resolve(quote(parcel)),
    label: (key, parcel) => {
      const price = quote(parcel);
      return Promise.resolve('refused' in price ? price : ({ ...price, tracking: trackingFor(key) } satisfies Label));
    },
    // Nobody but our own database knows of the label.
    voidLabel: () => Promise.resolve(),
  };
}

/** `HF`, 19 digits made from the key, and a check digit: whoever types it wrong is told so. */
export function trackingFor(key: string): string {
  const digits = (BigInt(`0x${createHash('sha256').update(key).digest('hex')}`) % 10n ** 19n).toString().padStart(19, '0');
  return `HF${digits}${luhnDigit(digits)}`;
}

/** ISO/IEC 7812-1, annex B. */
export function luhnDigit(digits: string): number {
  const sum = digits.split('').toReversed().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

const refused = (detail: string): Refusal => ({ refused: 'shipping_unavailable', detail });
