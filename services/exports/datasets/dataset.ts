/** What a dataset is: where its rows are, which columns they have and in which order they come. */
import type { FilterName } from '../../../contracts/exports/filters.ts';
import type { ExportDataset } from '../../../contracts/exports/flow.ts';

/** text: strangers wrote it. word: it was made here (an id, a state, a code), so it never begins like a formula. */
export type ColumnType = 'text' | 'word' | 'integer' | 'money' | 'date' | 'moment' | 'boolean';

export interface Column {
  readonly header: string;
  readonly type: ColumnType;
  /** Of money: the minor units. */
  readonly sql: string;
  /** Of money: an SQL expression for its currency; two digits after the point if there is none. */
  readonly currency?: string;
}

export interface Dataset<Name extends ExportDataset = ExportDataset> {
  /** What a person calls it. */
  readonly title: string;
  readonly from: string;
  /** Whose row it is: compared with the tenant in every query. */
  readonly tenant: string;
  readonly columns: readonly Column[];
  /** A condition for each filter. The value is an SQL literal. */
  readonly filters: Readonly<Record<FilterName<Name>, (value: string) => string>>;
  /** Unique within a tenant, so that the same rows always come in the same order. */
  readonly order: string;
}

const column = (type: ColumnType) => (header: string, sql: string = header): Column => ({ header, type, sql });
export const text = column('text');
export const word = column('word');
export const integer = column('integer');
export const date = column('date');
export const moment = column('moment');
export const boolean = column('boolean');
export const money = (header: string, sql: string, currency?: string): Column => ({ header, type: 'money', sql, ...(currency !== undefined && { currency }) });

export const is = (expression: string) => (value: string): string => `${expression} = ${value}`;

export const created = (table: string) => ({
  createdFrom: (value: string) => `${table}.created_at >= ${value}::timestamptz`,
  createdTo: (value: string) => `${table}.created_at < ${value}::timestamptz`,
});
