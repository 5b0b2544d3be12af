/** A price in two columns of the file, in minor units in the table: how many decimals it has is the currency's own. */
import type { Column, Row, RowProblem, Target } from './dataset.ts';
import { amount, currency, minorAmount } from './fields.ts';

export const priceColumns = (description: string, example: string): readonly Column[] => [
  { name: 'price', aliases: ['amount', 'unit price'], required: true, description: `${description} With a point, and no more decimals than the currency has.`, example, schema: amount, repeats: true },
  { name: 'currency', aliases: ['currency code'], required: true, description: 'ISO 4217, in capitals.', example: 'EUR', schema: currency, repeats: true },
];

const inMinorUnits = (row: Row): number | RowProblem => {
  const minor = minorAmount(String(row['price']), String(row['currency']));
  return typeof minor === 'number' ? minor : { column: 'price', problem: minor };
};

export const priceTargets: readonly Target[] = [
  { column: 'price_minor', type: 'bigint', from: ['price', 'currency'], value: inMinorUnits },
  { column: 'currency', type: 'text', from: ['currency'] },
];
