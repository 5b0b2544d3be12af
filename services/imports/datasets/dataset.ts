/**
 * What a dataset that can be imported is made of. One file each; all the rest (which header is which column, COPY, merge,
 * counts, rejects, example files) follows from it.
 */
import type { z } from 'zod';

/** As zod hands it on and as PostgreSQL reads it. Numbers are whole: what has decimals is text, or minor units. */
export type Value = string | number;

export interface Column {
  readonly name: string;
  /** Other headers that mean it. Case, spaces, `_`, `-`, `.` and accents make no difference. */
  readonly aliases: readonly string[];
  /** The file must have the column, and each row a value in it. */
  readonly required: boolean;
  readonly description: string;
  readonly example: string;
  /** From the field as it is in the file. It is not asked about an empty field: that is no value. */
  readonly schema: z.ZodType<Value, string>;
  /** The same values come again and again, so it pays to remember what the schema made of one. */
  readonly repeats?: boolean;
}

/** The values of one row. Absent: the field is empty, or the file has no such column. */
export type Row = Readonly<Record<string, Value | undefined>>;

/** What is wrong with a row that no column shows by itself. */
export interface RowProblem {
  readonly column: string;
  readonly problem: string;
}

/** A column of the table and how it is filled. */
export interface Target {
  readonly column: string;
  readonly type: 'text' | 'bigint' | 'integer' | 'date' | 'jsonb';
  /** Columns of the dataset. If the file has none of them, what is stored stays. */
  readonly from: readonly string[];
  /** Unless it is the value of the one column. Null: nothing. @param mapped the columns that the file has. */
  readonly value?: (row: Row, mapped: ReadonlySet<string>) => Value | null | RowProblem;
  /** SQL, unless it is just the value. @param staged the row to load. @param stored the row that is there. */
  readonly onInsert?: (staged: string) => string;
  readonly onUpdate?: (staged: string, stored: string) => string;
}

/** Rows that the database refuses, whoever else is right about them. */
export interface Check {
  readonly column: string;
  readonly problem: string;
  /** SQL that is true for a row to be refused. `s` is the row, `$1` the tenant. */
  readonly where: string;
  /** Only asked if the file does not have this column. */
  readonly without?: string;
}

export interface ImportDataset {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly Column[];
  /** The required columns that say which record a row is about. Columns of the table have the same names. */
  readonly key: readonly string[];
  readonly table: string;
  readonly targets: readonly Target[];
  /** What else a new row has. */
  readonly constants?: Readonly<Record<string, Value>>;
  /** What else an update sets: column to SQL. */
  readonly alsoOnUpdate?: (staged: string, stored: string) => Readonly<Record<string, string>>;
  readonly checks?: readonly Check[];
}
