/** Where records end, and so where a file can be cut: over bytes as they stream past, keeping nothing but positions. */
import { sheetDelimiter } from './csv.ts';
import { longestRecordBytes } from './limits.ts';
import { FileProblem, type Chunk } from './types.ts';

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;

/** What the next byte is part of. */
const atFieldStart = 0;
const inField = 1;
const inQuotes = 2;
/** The closing one, or the first of two that stand for one. */
const afterQuote = 3;
/** The record has ended, but a line feed may still belong to the line end. */
const afterReturn = 4;

export interface PlanOptions {
  /** Without it nothing is quoted and a record is a line. */
  readonly delimiter?: string | undefined;
  /** The first record is the header: in no chunk, and no row. */
  readonly header: boolean;
  /** Position and line of the first byte that will be pushed. */
  readonly position: number;
  readonly line: number;
  readonly chunkBytes: number;
}

export interface Planner {
  /** The line that the next byte is in. */
  line(): number;
  push(block: Buffer): void;
  end(): { readonly rows: number; readonly chunks: readonly Chunk[] };
}

/** Throws a {@link FileProblem} for a record that is too large and for a quote that is never closed. */
export function createPlanner({ delimiter, header, position, line: startLine, chunkBytes }: PlanOptions): Planner {
  const delimiterByte = delimiter === undefined ? -1 : delimiter.charCodeAt(0);
  const recordBegins = delimiter === undefined ? inField : atFieldStart;
  const linesInQuotes = delimiter === sheetDelimiter ? 0 : 1;
  const chunks: Chunk[] = [];
  let state = recordBegins;
  /** Of the first byte of the block at hand. */
  let blockStart = position;
  let line = startLine;
  let recordStart = position;
  let recordLine = startLine;
  let quoteLine = startLine;
  let returnInQuotes = false;
  /** Of the record that ended last: a line without a byte. */
  let endedEmpty = false;
  let headerAhead = header;
  let rows = 0;
  let chunkStart = position;
  let chunkLine = startLine;
  let chunkRows = 0;

  const refuseTooLarge = (): never => {
    throw new FileProblem('file_too_large', `The record that begins in line ${recordLine} is larger than 1 MiB.`, recordLine);
  };

  const cut = (to: number): void => {
    if (chunkRows > 0) chunks.push({ from: chunkStart, to, rows: chunkRows, firstLine: chunkLine });
    chunkStart = to;
    chunkLine = line;
    chunkRows = 0;
  };

  /** @param to where its line end begins. */
  const recordEnds = (to: number): void => {
    if (to > recordStart) {
      if (to - recordStart > longestRecordBytes) refuseTooLarge();
      if (!headerAhead) {
        rows += 1;
        chunkRows += 1;
      }
    }
    line += 1;
  };

  /** @param at behind the line end. */
  const recordBeginsAt = (at: number, wasEmpty: boolean): void => {
    recordStart = at;
    recordLine = line;
    if (headerAhead && !wasEmpty) {
      headerAhead = false;
      cut(at);
    } else if (at - chunkStart >= chunkBytes) {
      cut(at);
    }
  };

  return {
    line: () => line,
    push(block) {
      const length = block.length;
      let at = 0;
      while (at < length) {
        if (state === inField || state === atFieldStart) {
          if (state === atFieldStart && block[at] === quote) {
            state = inQuotes;
            quoteLine = line;
            returnInQuotes = false;
            at += 1;
            continue;
          }
          state = inField;
          let byte = 0;
          for (; at < length; at += 1) {
            byte = block[at] ?? 0;
            if (byte === delimiterByte || byte === lineFeed || byte === carriageReturn) break;
          }
          if (at === length) break;
          if (byte === delimiterByte) {
            state = atFieldStart;
          } else {
            const end = blockStart + at;
            endedEmpty = end === recordStart;
            recordEnds(end);
            state = byte === carriageReturn ? afterReturn : recordBegins;
            if (byte === lineFeed) recordBeginsAt(end + 1, endedEmpty);
          }
          at += 1;
        } else if (state === inQuotes) {
          for (; at < length; at += 1) {
            const byte = block[at];
            if (byte === quote) break;
            if (byte === carriageReturn || (byte === lineFeed && !returnInQuotes)) line += linesInQuotes;
            returnInQuotes = byte === carriageReturn;
          }
          if (at === length) break;
          state = afterQuote;
          at += 1;
        } else if (state === afterQuote) {
          const doubled = block[at] === quote;
          state = doubled ? inQuotes : inField;
          returnInQuotes = false;
          if (doubled) at += 1;
        } else {
          if (block[at] === lineFeed) at += 1;
          state = recordBegins;
          recordBeginsAt(blockStart + at, endedEmpty);
        }
      }
      blockStart += length;
      // An open quote is followed to its end, or to the end of the file: which of the two says what is wrong.
      if (blockStart - recordStart > longestRecordBytes && (state === inField || state === atFieldStart)) refuseTooLarge();
    },
    end() {
      if (state === inQuotes) {
        throw new FileProblem('file_unreadable', `The quote that opens in line ${quoteLine} is never closed. Close it, or double it ("") if it is part of the text.`, quoteLine);
      }
      if (state !== afterReturn) {
        endedEmpty = blockStart === recordStart;
        if (!endedEmpty) recordEnds(blockStart);
      }
      recordBeginsAt(blockStart, endedEmpty);
      cut(blockStart);
      return { rows, chunks };
    },
  };
}
