/** The records of one chunk. */
import { eachCsvRecord, type CsvFlaw } from './csv.ts';
import { readNdjson } from './ndjson.ts';
import { asItWas, isRejectsFile } from './rejects-file.ts';
import type { OnBadRecord, OnRecord, ReadRecords } from './types.ts';

/**
 * @param bytes whole records of valid UTF-8, as a chunk of an {@link Inspection} names them.
 * Nothing is thrown for what the file holds: a record is good, or it is bad and says why.
 */
export function readRecords(bytes: Buffer, { format, delimiter = ',', header, firstLine }: ReadRecords, on: OnRecord, onBad: OnBadRecord): void {
  if (format === 'ndjson') {
    readNdjson(bytes, header, firstLine, on, onBad);
    return;
  }
  const columns = header.length;
  const isOurs = isRejectsFile(header);
  eachCsvRecord(bytes, delimiter, firstLine, (line, read, from, to, flaw) => {
    const fields = isOurs ? read.map(asItWas) : read;
    if (flaw === undefined && fields.length === columns) on(line, fields);
    else onBad(line, bytes.toString('utf8', from, to), flaw === undefined ? countReason(fields.length, columns) : flawReason(flaw, header), fields);
  });
}

function countReason(found: number, expected: number): string {
  return `The record has ${found} ${found === 1 ? 'field' : 'fields'}, but the header has ${expected}. A field with a delimiter or a line break in it must be quoted.`;
}

function flawReason({ kind, column }: CsvFlaw, header: readonly string[]): string {
  const name = header[column - 1];
  const where = name === undefined ? `field ${column}` : `${JSON.stringify(name)} (field ${column})`;
  return kind === 'unclosed_quote' ? `The quote that opens ${where} is never closed.` : `In ${where} something follows the closing quote. A quote within quotes must be doubled.`;
}
