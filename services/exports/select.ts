/**
 * The SELECT of an export. `COPY` takes no parameters, so the values stand in the text as literals, which the driver
 * quotes; everything else comes from the definitions of the datasets.
 */
import pg from 'pg';
import { currenciesOfOtherDigits } from '../../contracts/currency-digits.ts';
import type { ExportDataset } from '../../contracts/exports/flow.ts';
import type { Column, Dataset } from './datasets/dataset.ts';
import { datasets } from './datasets/index.ts';

/** Which rows. */
export interface Selection {
  readonly tenantId: string;
  readonly dataset: ExportDataset;
  readonly filters: Readonly<Record<string, string>>;
}

/** csv: as text that a spreadsheet takes for no formula. json: as values of JSON. cells: as text, for cells that have a type. */
export type Form = 'csv' | 'json' | 'cells';

export const selectCount = (selection: Selection): string => `SELECT count(*) ${fromAndWhere(datasets[selection.dataset], selection)}`;

export function selectRows(selection: Selection, form: Form): string {
  const dataset: Dataset = datasets[selection.dataset];
  const columns = dataset.columns.map((column) => `${expression(column, form)} AS ${pg.escapeIdentifier(column.header)}`);
  return `SELECT ${columns.join(', ')} ${fromAndWhere(dataset, selection)} ORDER BY ${dataset.order}`;
}

function fromAndWhere({ from, tenant, filters }: Dataset, { tenantId, filters: wanted }: Selection): string {
  const known = new Map<string, (value: string) => string>(Object.entries(filters));
  const conditions = Object.entries(wanted).map(([name, value]) => {
    const condition = known.get(name);
    if (condition === undefined) throw new RangeError(`There is no filter ${name}.`);
    return condition(pg.escapeLiteral(value));
  });
  return `FROM ${from} WHERE ${[`${tenant} = ${pg.escapeLiteral(tenantId)}`, ...conditions].join(' AND ')}`;
}

/**
 * A cell that begins so is a formula to a spreadsheet, or becomes one when its first line is cut off: tab, line feed,
 * carriage return, + - = @, and the last four in the full width of East Asian scripts. Source: OWASP, "CSV Injection".
 */
const signs = [9, 10, 13, 43, 45, 61, 64];
const lastSign = Math.max(...signs);
/** So much further on in Unicode are the ASCII characters in full width. */
const fullWidth = 0xfee0;
const beginsFormula = [...signs, ...[43, 45, 61, 64].map((sign) => sign + fullWidth)];

function expression({ type, sql, currency }: Column, form: Form): string {
  switch (type) {
    case 'text':
      // The first comparison is all that most texts cost: it lets through whatever begins with a letter of any script.
      return form === 'csv' ? `CASE WHEN ascii(${sql}) % ${fullWidth} > ${lastSign} THEN ${sql} WHEN ascii(${sql}) IN (${beginsFormula.join(', ')}) THEN '''' || (${sql}) ELSE ${sql} END` : sql;
    case 'money':
      return `(${sql}) * ${unit(currency)}`;
    case 'moment': {
      // Spreadsheets read a csv, and know this form of a time alone; it is also the only one that costs nothing.
      // An interval is added; a name would be looked up for each row.
      const utc = `(${sql} AT TIME ZONE INTERVAL '0')::timestamp(3)`;
      return form === 'json' ? `replace(${utc}::text, ' ', 'T') || 'Z'` : utc;
    }
    case 'boolean':
      return form === 'json' ? sql : `(${sql})::text`;
    case 'word':
    case 'integer':
    case 'date':
      return sql;
  }
}

/** A product has as many digits after the point as its factors, so the amount comes out with the digits of its currency. */
function unit(currency: string | undefined): string {
  if (currency === undefined) return '0.01';
  const cases = [...currenciesOfOtherDigits].map(([digits, codes]) => `WHEN ${currency} IN (${codes.map((code) => `'${code}'`).join(', ')}) THEN ${digits === 0 ? '1' : `0.${'1'.padStart(digits, '0')}`}`);
  return `CASE ${cases.join(' ')} ELSE 0.01 END`;
}
