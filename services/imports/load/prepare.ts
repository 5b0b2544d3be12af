/** The bytes of a chunk as rows that COPY takes, and the rows that are refused. */
import { readRecords } from '../reading/index.ts';
import { columnsOfKeys, copyText, type Plan } from './plan.ts';
import type { Chunk } from './chunk-row.ts';
import { createText, type Room } from './room.ts';

/** The place of a row in its import is its file's number times this, and its line: a later file is after an earlier one. */
const linesOfFile = 10_000_000_000;
export const lineOf = (position: number): number => position % linesOfFile;

export interface Reject {
  readonly line: number;
  readonly reason: string;
  /** Its text if it could not be cut into fields. */
  readonly fields: readonly string[] | string;
}

export interface Prepared {
  /** How many are good, and of how many keys. */
  readonly rows: number;
  readonly keys: number;
  /** Some of the keys, one list for each column of them. */
  readonly sample: readonly (readonly string[])[];
  /** All rows as COPY reads them. */
  readonly text: Buffer;
  /** The last row of each key, in the order of the keys: chunks with the same keys then wait for each other, and not for ever. */
  readonly last: () => Buffer;
  readonly rejects: readonly Reject[];
}

/** The tenant and the place of each row come on top of what is in the file. */
const growth = 1.5;
const sampleEvery = 100;

/** What is known of the chunks of a file. Many are sorted by key: then no key is there twice, and none has to be remembered. */
export interface Habit {
  sorted: boolean;
}

export function prepare(plan: Plan, chunk: Chunk, bytes: Buffer, room: Room, habit: Habit): Prepared {
  return (habit.sorted ? prepareSorted(plan, chunk, bytes, room) : undefined) ?? prepareAny(plan, chunk, bytes, room, habit);
}

/** @returns nothing if a key does not come after the one before it. */
function prepareSorted(plan: Plan, chunk: Chunk, bytes: Buffer, room: Room): Prepared | undefined {
  const text = createText(room, bytes.length * growth);
  const sample: string[] = [];
  let rows = 0;
  let before = '';
  let sorted = true;
  const rejects = eachRow(plan, chunk, bytes, (key, row) => {
    sorted &&= before < key;
    if (!sorted) return;
    before = key;
    if (rows % sampleEvery === 0) sample.push(key);
    rows += 1;
    text.add(row);
  });
  return sorted ? { rows, keys: rows, sample: columnsOfKeys(sample, plan.dataset.key.length), text: text.all(), last: text.all, rejects } : undefined;
}

function prepareAny(plan: Plan, chunk: Chunk, bytes: Buffer, room: Room, habit: Habit): Prepared {
  const text = createText(room, bytes.length * growth);
  const ends: number[] = [];
  const lastOf = new Map<string, number>();
  const rejects = eachRow(plan, chunk, bytes, (key, row) => {
    lastOf.set(key, ends.length);
    ends.push(text.add(row));
  });
  habit.sorted = false;
  const keys = [...lastOf.keys()].toSorted();
  return {
    rows: ends.length,
    keys: keys.length,
    sample: columnsOfKeys(keys.filter((_, at) => at % sampleEvery === 0), plan.dataset.key.length),
    text: text.all(),
    last: () => Buffer.concat(keys.map((key) => lastOf.get(key) ?? 0).map((row) => text.all().subarray(ends[row - 1] ?? 0, ends[row]))),
    rejects,
  };
}

function eachRow(plan: Plan, chunk: Chunk, bytes: Buffer, on: (key: string, row: string) => void): Reject[] {
  const rejects: Reject[] = [];
  const tenantAndImport = `${copyText(chunk.tenantId)}\t${chunk.importNo}\t`;
  readRecords(
    bytes,
    chunk,
    (line, fields) => {
      const row = plan.read(fields);
      if (typeof row === 'string') rejects.push({ line, reason: row, fields });
      else on(row.key, `${row.copy}${tenantAndImport}${positionText(chunk.fileNo, line)}\n`);
    },
    (line, raw, reason, fields) => rejects.push({ line, reason, fields: fields.length > 0 ? fields : raw }),
  );
  return rejects;
}

/** The place in digits, without a number that is too large to be written fast. */
function positionText(fileNo: number, line: number): string {
  const digits = String(line);
  return fileNo + zeros.slice(digits.length) + digits;
}
const zeros = '0'.repeat(Math.log10(linesOfFile));

/** The fields of some lines, read once more: rows that the database refused are rare. */
export function fieldsOf(chunk: Chunk, bytes: Buffer, lines: { has(line: number): boolean }): Map<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  readRecords(bytes, chunk, (line, fields) => void (lines.has(line) && found.set(line, fields)), () => undefined);
  return found;
}
