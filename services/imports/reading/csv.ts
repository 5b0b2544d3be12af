/**
 * The rules of csv, and the records of a piece of it. RFC 4180, and where that is silent or files break it:
 *
 * - A line ends with LF, CRLF or CR; the last one may lack it. A line without a byte is no record, but it counts as a line.
 * - A quote opens a field only as its very first byte; anywhere else it stands for itself. Within, `""` is one quote, and
 *   delimiters and line ends stand for themselves.
 * - Behind the closing quote, spaces are dropped. Anything else there makes the record bad: nobody can say what was meant.
 *   The field ends at the next delimiter or line end, whatever quotes are in between.
 * - Spaces belong to the field, as the RFC has it. There are no comments and no backslash escapes.
 * - A record has as many fields as the header. More or fewer make it bad; it is never filled up or cut.
 *
 * `plan.ts` finds the ends of records by the same rules without looking into the fields; a test holds the two together.
 */
const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;
const space = 32;

/**
 * A workbook's copy has it between the fields. There a line is a row of the sheet, so line ends within a field do not
 * count, and what people read in an error is the number that their spreadsheet shows.
 */
export const sheetDelimiter = '\u001f';

export interface CsvFlaw {
  readonly kind: 'text_after_quote' | 'unclosed_quote';
  /** From 1. */
  readonly column: number;
  /** Where that field begins. */
  readonly line: number;
}

/** @param from the bytes of the record, without its line end, are from `from` up to `to`. */
export type OnCsvRecord = (line: number, fields: string[], from: number, to: number, flaw: CsvFlaw | undefined) => void;

/** So short a string is freed as soon as nobody has a field of it any more; one of a megabyte would wait for the large clean-up. */
const windowBytes = 256 * 1024;
/** Most records are shorter; the fields of a longer one may be cut out of the bytes. */
const reserveBytes = 4 * 1024;

/**
 * Byte by byte over valid UTF-8. Fields are cut out of a Latin-1 string of the bytes at hand, in which an index is the same
 * as in the bytes; only those with other characters than ASCII are decoded by themselves. Measured in
 * docs/decisions/010-reading-files.md.
 * @returns where it stopped: behind the last record, or behind as many records as were wanted.
 */
export function eachCsvRecord(bytes: Buffer, delimiter: string, firstLine: number, on: OnCsvRecord, mostRecords = Infinity): number {
  const length = bytes.length;
  let text = '';
  let textFrom = 0;
  let textTo = 0;
  const cut = (from: number, to: number, bits: number): string => {
    if (bits > 127) return bytes.toString('utf8', from, to);
    return to <= textTo ? text.slice(from - textFrom, to - textFrom) : bytes.toString('latin1', from, to);
  };
  const delimiterByte = delimiter.charCodeAt(0);
  const linesInQuotes = delimiter === sheetDelimiter ? 0 : 1;
  let at = 0;
  let line = firstLine;
  let records = 0;

  while (at < length && records < mostRecords) {
    const first = bytes[at];
    if (first === lineFeed || first === carriageReturn) {
      at += first === carriageReturn && at + 1 < length && bytes[at + 1] === lineFeed ? 2 : 1;
      line += 1;
      continue;
    }
    const from = at;
    if (from + reserveBytes > textTo && textTo < length) {
      textFrom = from;
      textTo = Math.min(length, from + windowBytes);
      text = bytes.toString('latin1', textFrom, textTo);
    }
    const recordLine = line;
    const fields: string[] = [];
    let flaw: CsvFlaw | undefined;
    for (;;) {
      // All bytes of the field or-ed together: below 128 it is ASCII.
      let bits = 0;
      if (at < length && bytes[at] === quote) {
        const fieldLine = line;
        const start = (at += 1);
        let doubled = false;
        let closed = false;
        for (; at < length; at += 1) {
          const byte = bytes[at] ?? 0;
          if (byte === quote) {
            if (at + 1 < length && bytes[at + 1] === quote) {
              doubled = true;
              at += 1;
              continue;
            }
            closed = true;
            break;
          }
          if (byte === lineFeed || (byte === carriageReturn && bytes[at + 1] !== lineFeed)) line += linesInQuotes;
          bits |= byte;
        }
        const field = cut(start, at, bits);
        fields.push(doubled ? field.replaceAll('""', '"') : field);
        if (!closed) flaw = { kind: 'unclosed_quote', column: fields.length, line: fieldLine };
        for (at += 1; at < length; at += 1) {
          const byte = bytes[at];
          if (byte === delimiterByte || byte === lineFeed || byte === carriageReturn) break;
          if (byte !== space) flaw ??= { kind: 'text_after_quote', column: fields.length, line: fieldLine };
        }
        at = Math.min(at, length);
      } else {
        const start = at;
        for (; at < length; at += 1) {
          const byte = bytes[at] ?? 0;
          if (byte === delimiterByte || byte === lineFeed || byte === carriageReturn) break;
          bits |= byte;
        }
        fields.push(cut(start, at, bits));
      }
      if (at >= length || bytes[at] !== delimiterByte) break;
      at += 1;
    }
    const to = at;
    if (at < length) {
      at += bytes[at] === carriageReturn && at + 1 < length && bytes[at + 1] === lineFeed ? 2 : 1;
      line += 1;
    }
    records += 1;
    on(recordLine, fields, from, to, flaw);
  }
  return at;
}
