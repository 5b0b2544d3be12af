/**
 * How many digits after the point an amount has: ISO 4217, "List one", column "Minor unit"
 * (https://www.six-group.com/en/products-services/financial-information/data-standards.html).
 *
 * Not what Intl says: it follows how prices are written in a country, which gives the forint none of its two.
 */
const others: ReadonlyMap<string, number> = new Map([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map((currency) => [currency, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((currency) => [currency, 3] as const),
  ...['CLF', 'UYW'].map((currency) => [currency, 4] as const),
]);

/** @param currency a code of ISO 4217. */
export const minorDigits = (currency: string): number => others.get(currency) ?? 2;

/** Those that have not two, by how many they have. */
export const currenciesOfOtherDigits: ReadonlyMap<number, readonly string[]> = new Map([...Map.groupBy(others, ([, digits]) => digits)].map(([digits, found]) => [digits, found.map(([currency]) => currency)]));
