/** A dataset and the columns of a file, made ready to read a million rows: schemas per column, and the text that COPY takes. */
import type { Column, ImportDataset, RowProblem, Target, Value } from '../datasets/dataset.ts';
import { problemOf } from '../datasets/fields.ts';

export interface ReadRow {
  /** As one string. */
  readonly key: string;
  /** What is in its columns but for the tenant and the import, as COPY reads it, each with the delimiter behind it. */
  readonly copy: string;
}

export interface Plan {
  readonly dataset: ImportDataset;
  /** Those that the file fills. */
  readonly targets: readonly Target[];
  readonly mapped: ReadonlySet<string>;
  /** @returns a row that is good until the next one is read, or what is wrong with it. */
  read(fields: readonly string[]): ReadRow | string;
}

/** What a field came to: as a value and as COPY reads it. */
interface Field {
  readonly value: Value | undefined;
  readonly copy: string;
  readonly problem: string | undefined;
}

const nothing = String.raw`\N`;
const empty: Field = { value: undefined, copy: nothing, problem: undefined };
const wrong = (problem: string): Field => ({ value: undefined, copy: nothing, problem });
const missing = wrong('is missing');

// https://www.postgresql.org/docs/18/sql-copy.html, "Text Format".
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
export const copyText = (value: string): string => (/[\\\n\r\t]/.test(value) ? value.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? '') : value);
const copyOf = (value: Value | null | undefined): string => (value === null || value === undefined ? nothing : typeof value === 'number' ? String(value) : copyText(value));

/** No field can contain it: control characters are refused. */
const between = '\n';

/** One list for each column of the key. */
export const columnsOfKeys = (keys: readonly string[], columns: number): string[][] => Array.from({ length: columns }, (_, at) => keys.map((key) => key.split(between)[at] ?? ''));

/** @param columns column of the dataset to its place among the fields. */
export function createPlan(dataset: ImportDataset, columns: Readonly<Record<string, number>>): Plan {
  const mapped = new Set(Object.keys(columns));
  const targets = dataset.targets.filter(({ from }) => from.some((column) => mapped.has(column)));
  const read = dataset.columns.filter(({ name }) => mapped.has(name)).map((column) => ({ name: column.name, place: columns[column.name] ?? -1, read: createReader(column) }));
  const placeOf = new Map(read.map(({ name }, at) => [name, at]));
  const keys = dataset.key.map((name) => placeOf.get(name) ?? -1);
  const [onlyKey = -1] = keys;
  const writers = targets.map((target) => ({ target, at: target.value === undefined ? (placeOf.get(target.from[0] ?? '') ?? -1) : -1 }));
  const constants = Object.values(dataset.constants ?? {}).map((value) => `${copyOf(value)}\t`).join('');
  const composed = targets.some(({ value }) => value !== undefined);

  // One for all rows: a million of each would only be thrown away.
  const found: Field[] = read.map(() => empty);
  const row = { key: '', copy: '' };

  return {
    dataset,
    targets,
    mapped,
    read(fields) {
      let problems = '';
      let at = 0;
      for (const column of read) {
        const field = column.read(fields[column.place] ?? '');
        if (field.problem !== undefined) problems += `${problems === '' ? '' : '; '}${column.name}: ${field.problem}`;
        found[at] = field;
        at += 1;
      }
      if (problems !== '') return problems;

      const values = composed ? Object.fromEntries(read.map(({ name }, at) => [name, found[at]?.value])) : {};
      let copy = '';
      for (const { target, at } of writers) {
        if (target.value === undefined) {
          copy += `${found[at]?.copy ?? nothing}\t`;
          continue;
        }
        const value = target.value(values, mapped);
        if (isProblem(value)) return `${value.column}: ${value.problem}`;
        copy += `${copyOf(value)}\t`;
      }
      row.copy = copy + constants;
      row.key = keys.length === 1 ? String(found[onlyKey]?.value) : keys.map((at) => found[at]?.value).join(between);
      return row;
    },
  };
}

const isProblem = (value: Value | null | RowProblem): value is RowProblem => typeof value === 'object' && value !== null;
// Enough for cities and days, and little to keep. Where it helps less often than not, the schema is asked each time.
const mostRemembered = 4_000;
const trialFields = 2_000;

function createReader(column: Column): (raw: string) => Field {
  const none = column.required ? missing : empty;
  const ask = (raw: string): Field => {
    if (raw === '') return none;
    const result = column.schema.safeParse(raw);
    if (result.success) return { value: result.data, copy: copyOf(result.data), problem: undefined };
    return raw.trim() === '' ? none : wrong(problemOf(result.error));
  };
  if (column.repeats !== true) return ask;

  const known = new Map<string, Field>();
  let asked = 0;
  let useful = true;
  return (raw) => {
    if (!useful) return ask(raw);
    asked += 1;
    if (asked === trialFields) useful = known.size < trialFields / 2;
    const before = known.get(raw);
    if (before !== undefined) return before;
    // A copy would not be what was sent: half a character becomes another one, which nobody refuses.
    if (known.size === mostRemembered || !raw.isWellFormed()) return ask(raw);
    // A copy: a piece of a string keeps the whole string, here the chunk, in memory.
    const own = Buffer.from(raw).toString();
    const { value, copy, problem } = ask(own);
    const field = { value, copy, problem };
    known.set(own, field);
    return field;
  };
}
