/**
 * The rules of ndjson, and the records of a piece of it: one JSON object a line. The columns are the keys of the first
 * objects, in the order in which they appear. A key that is no column makes the record bad, for ignoring it would lose
 * what it holds; a missing one is an empty field, and so is null. What is nested becomes JSON text.
 */
import type { OnBadRecord, OnRecord } from './types.ts';

const objectsForHeader = 100;
const lineFeed = 10;
const carriageReturn = 13;

type JsonObject = Readonly<Record<string, unknown>>;

export function readNdjson(bytes: Buffer, header: readonly string[], firstLine: number, on: OnRecord, onBad: OnBadRecord): void {
  const columns = new Map(header.map((name, at) => [name, at]));
  eachLine(bytes, firstLine, (line, from, to) => {
    const text = bytes.toString('utf8', from, to);
    const object = parseObject(text);
    if (object === undefined) {
      onBad(line, text, 'This line is not a JSON object.', []);
      return;
    }
    const fields: string[] = header.map(() => '');
    let unknown: string | undefined;
    for (const key of Object.keys(object)) {
      const at = columns.get(key);
      if (at === undefined) {
        unknown ??= key;
        continue;
      }
      const field = fieldOf(object[key]);
      if (field === undefined) {
        onBad(line, text, `What is in ${JSON.stringify(key.slice(0, 100))} is nested too deeply.`, []);
        return;
      }
      fields[at] = field;
    }
    if (unknown === undefined) on(line, fields);
    else onBad(line, text, `The key ${JSON.stringify(unknown.slice(0, 100))} is in none of the first ${objectsForHeader} objects, so it is no column of this file.`, fields);
  });
}

/**
 * The keys of the first objects, as far as the sample has them.
 * @param complete whether the sample ends where the file ends; else its last line may be cut short and is not looked at.
 */
export function ndjsonHeader(sample: Buffer, complete: boolean): string[] {
  const keys = new Set<string>();
  let objects = 0;
  eachLine(sample, 1, (_line, from, to) => {
    if (objects === objectsForHeader || (to === sample.length && !complete)) return;
    const object = parseObject(sample.toString('utf8', from, to));
    if (object === undefined) return;
    objects += 1;
    for (const key of Object.keys(object)) keys.add(key);
  });
  return [...keys];
}

/** Lines end as in csv, and those without a byte are no records, as there. */
function eachLine(bytes: Buffer, firstLine: number, on: (line: number, from: number, to: number) => void): void {
  let from = 0;
  let line = firstLine;
  for (let at = 0; at <= bytes.length; at += 1) {
    const byte = at < bytes.length ? bytes[at] : lineFeed;
    if (byte !== lineFeed && byte !== carriageReturn) continue;
    if (at > from) on(line, from, at);
    if (byte === carriageReturn && bytes[at + 1] === lineFeed) at += 1;
    from = at + 1;
    line += 1;
  }
}

/** As many characters of a number may be more than a double can hold. */
const longNumber = /[\d.]{17}/;

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = longNumber.test(text) ? JSON.parse(text, numbersAsWritten) : JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A number that a double would change stays the text that it is. */
function numbersAsWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined || context.source.length < 17) return value;
  return context.source;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns nothing for what is nested so deeply that it cannot be written: reading goes deeper than writing does. */
function fieldOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
