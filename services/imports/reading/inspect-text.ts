/** Looks at a text as it streams past: how its records are written, its columns, its chunks, and whether it is sound. */
import { eachCsvRecord, sheetDelimiter } from './csv.ts';
import { checkDelimiter, findDelimiter, readSeparatorLine } from './delimiter.ts';
import { createUtf8Check } from './encoding.ts';
import { checkHeader, csvHeader } from './header.ts';
import { longestRecordBytes } from './limits.ts';
import { ndjsonHeader } from './ndjson.ts';
import { createPlanner, type Planner } from './plan.ts';
import { FileProblem, type Encoding, type Inspection } from './types.ts';

/** A whole record fits in, whatever else is in front of it in a socket's worth of bytes. */
const sampleBytes = longestRecordBytes + 64 * 1024;
const objectLine = /^\{\s*["}]/;
const jsonDocument = /^\[\s*[[{\]]|^\{\s*$/;

export interface InspectTextOptions {
  /** Of the first byte that will be pushed, in the file that chunks are read from. */
  readonly position: number;
  readonly delimiter: string | undefined;
  /** The copy of a workbook: nothing about it has to be found out. */
  readonly isSheet: boolean;
  readonly chunkBytes: number;
}

export type InspectedText = Pick<Inspection, 'format' | 'header' | 'rows' | 'chunks'> & { readonly delimiter?: string };

export interface TextInspector {
  /** @throws FileProblem */
  push(block: Buffer): void;
  /** What to throw if the text behind what was pushed is no text. */
  damaged(encoding: Encoding): FileProblem;
  /** @throws FileProblem */
  end(): InspectedText;
}

type Layout = Pick<InspectedText, 'format' | 'header' | 'delimiter'>;

export function createTextInspector({ position, delimiter: declared, isSheet, chunkBytes }: InspectTextOptions): TextInspector {
  const utf8 = createUtf8Check();
  const held: Buffer[] = [];
  let heldBytes = 0;
  let found: { readonly layout: Layout; readonly planner: Planner } | undefined;

  const plan = (layout: Pick<Layout, 'format' | 'delimiter'>, skippedBytes = 0): Planner =>
    createPlanner({
      ...(layout.format === 'csv' && { delimiter: layout.delimiter }),
      header: layout.format === 'csv',
      position: position + skippedBytes,
      line: skippedBytes === 0 ? 1 : 2,
      chunkBytes,
    });

  const scan = (block: Buffer, planner: Planner): void => {
    const zero = block.indexOf(0);
    const wrong = utf8.push(block);
    if (zero === -1 && wrong === -1) {
      planner.push(block);
      return;
    }
    // Up to there the planner counts the lines.
    const zeroFirst = zero !== -1 && (wrong === -1 || zero < wrong);
    planner.push(block.subarray(0, zeroFirst ? zero : wrong));
    throw zeroFirst ? zeroByte(planner.line()) : notValid('utf-8', planner.line());
  };

  const begin = (complete: boolean): { readonly layout: Layout; readonly planner: Planner } => {
    const sample = Buffer.concat(held.splice(0));
    // First of all, whether it is text: what is said about anything else would be beside the point.
    if (sample.includes(0) || createUtf8Check().push(sample) !== -1) scan(sample, plan({ format: 'ndjson' }));
    const { layout, skippedBytes } = isSheet ? { layout: csvLayout(sample, sheetDelimiter, 1, complete), skippedBytes: 0 } : layoutOf(sample, declared, complete);
    const planner = plan(layout, skippedBytes);
    scan(sample.subarray(skippedBytes), planner);
    return { layout, planner };
  };

  return {
    push(block) {
      if (found !== undefined) {
        scan(block, found.planner);
        return;
      }
      held.push(block);
      heldBytes += block.length;
      if (heldBytes >= sampleBytes) found = begin(false);
    },
    damaged(encoding) {
      const planner = found?.planner ?? plan({ format: 'ndjson' });
      for (const block of held) planner.push(block);
      return notValid(encoding, planner.line());
    },
    end() {
      const { layout, planner } = (found ??= begin(true));
      if (!utf8.end()) throw notValid('utf-8', planner.line());
      const { rows, chunks } = planner.end();
      if (rows === 0) throw new FileProblem('file_empty', layout.header.length === 0 ? 'The file is empty.' : 'The file has a header, but no row below it.');
      if (layout.header.length === 0) throw new FileProblem('header_invalid', 'No column was found in the first MiB of the file.', 1);
      return { ...layout, rows, chunks };
    },
  };
}

function layoutOf(sample: Buffer, declared: string | undefined, complete: boolean): { layout: Layout; skippedBytes: number } {
  const start = sample.toString('utf8').trimStart();
  const firstLine = start.slice(0, start.search(/[\r\n]|$/));
  if (objectLine.test(firstLine)) {
    const header = ndjsonHeader(sample, complete);
    checkHeader(header, 1);
    return { layout: { format: 'ndjson', header }, skippedBytes: 0 };
  }
  if (jsonDocument.test(firstLine) || jsonDocument.test(start)) {
    throw new FileProblem('file_unreadable', 'This is one JSON document. Write one object a line, without commas between them and without brackets around them (ndjson).');
  }
  const separator = readSeparatorLine(sample);
  const text = sample.subarray(separator.bytes);
  const delimiter = declared === undefined ? (separator.delimiter ?? findDelimiter(text, complete)) : checkDelimiter(declared);
  return { layout: csvLayout(text, delimiter, separator.bytes === 0 ? 1 : 2, complete), skippedBytes: separator.bytes };
}

/** The columns are missing if the first record does not end in the sample: then it is too large, or a quote is open, which the planner tells. */
function csvLayout(text: Buffer, delimiter: string, firstLine: number, complete: boolean): Layout {
  let header: string[] = [];
  eachCsvRecord(text, delimiter, firstLine, (line, fields, _from, to, flaw) => {
    if (flaw?.kind === 'unclosed_quote' || (to === text.length && !complete)) return;
    if (flaw !== undefined) throw new FileProblem('header_invalid', `Something follows the closing quote in the name of column ${flaw.column}.`, line);
    header = csvHeader(fields, line);
  }, 1);
  return { format: 'csv', delimiter, header };
}

function zeroByte(line: number): FileProblem {
  return new FileProblem('file_unreadable', `There is a zero byte in line ${line}, so this is no text, or it is damaged. Save the file as UTF-8, or name its encoding.`, line);
}

function notValid(encoding: Encoding, line: number): FileProblem {
  return new FileProblem('file_unreadable', `Line ${line} is not valid ${encoding}. Save the file as UTF-8, or name the encoding that it has (for example windows-1252).`, line);
}
