/** Which character stands between the fields, found by looking at the first records. */
import { eachCsvRecord } from './csv.ts';
import { delimiters, FileProblem, type Delimiter } from './types.ts';

/** Enough to outvote a stray delimiter in some field, and cheap. */
const recordsLookedAt = 50;

/** Spreadsheets begin a file with this line to say it themselves. */
const separatorLine = /^(?:"sep=(.)"|sep=(.))(?:\r\n|\r|\n)/i;

/** @returns how many bytes the line takes (0 without it), and what it names. */
export function readSeparatorLine(sample: Buffer): { readonly bytes: number; readonly delimiter?: Delimiter } {
  const found = separatorLine.exec(sample.toString('latin1', 0, 16));
  if (found === null) return { bytes: 0 };
  return { bytes: found[0].length, delimiter: checkDelimiter(found[1] ?? found[2] ?? '') };
}

/** @throws FileProblem if it is none that is read here. */
export function checkDelimiter(delimiter: string): Delimiter {
  const known = delimiters.find((one) => one === delimiter);
  if (known === undefined) throw new FileProblem('file_unreadable', 'Fields can be separated by a comma, a semicolon, a tab or a vertical bar, by nothing else.');
  return known;
}

/**
 * That by which most records have as many fields as the first one, of several such the one with the most fields. A comma
 * if none separates anything: the file has a single column.
 * @param complete whether the sample ends where the file ends; else its last record may be cut short and is not counted.
 */
export function findDelimiter(sample: Buffer, complete: boolean): Delimiter {
  let best: Delimiter = ',';
  let bestShare = 0;
  let bestColumns = 1;
  for (const delimiter of delimiters) {
    const counts: number[] = [];
    eachCsvRecord(sample, delimiter, 1, (_line, fields, _from, to) => {
      if (complete || to < sample.length) counts.push(fields.length);
    }, recordsLookedAt);
    const columns = counts[0] ?? 1;
    if (columns < 2) continue;
    const share = counts.filter((count) => count === columns).length / counts.length;
    if (share > bestShare || (share === bestShare && columns > bestColumns)) {
      best = delimiter;
      bestShare = share;
      bestColumns = columns;
    }
  }
  return best;
}
