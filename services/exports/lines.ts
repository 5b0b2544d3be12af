/** Formats that PostgreSQL writes by itself: csv and ndjson. What it sends goes through as it is. */
import type { FormatWriter, WriterInput } from './format.ts';
import { selectRows } from './select.ts';

const lineFeed = 10;
const byteOrderMark = Buffer.from('\ufeff');

/** RFC 4180 with a header, in UTF-8; nothing is an empty field, an empty text is `""`. */
export const writeCsv: FormatWriter = async function* ({ bom, ...input }) {
  if (bom) yield byteOrderMark;
  yield* copied(input, selectRows(input.selection, 'csv'), 'FORMAT csv, HEADER', 1);
};

/**
 * One JSON object a line. `COPY` would escape every backslash once more, but in its csv format it changes a field only
 * for a quote or a delimiter, and these two characters never stand in JSON as they are.
 */
export const writeNdjson: FormatWriter = async function* (input) {
  yield* copied(input, `SELECT row_to_json(one) FROM (${selectRows(input.selection, 'json')}) AS one`, String.raw`FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'`, 0);
};

async function* copied({ snapshot, total, onRows }: Omit<WriterInput, 'bom'>, select: string, options: string, headerLines: number): AsyncGenerator<Uint8Array, void> {
  let lines = -headerLines;
  for await (const chunk of snapshot.copy(select, options)) {
    yield chunk;
    // A line feed within a field counts as well; it is only to show how far it is.
    lines += lineFeedsIn(chunk);
    onRows(Math.min(Math.max(lines, 0), total));
  }
  onRows(total);
}

function lineFeedsIn(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}
