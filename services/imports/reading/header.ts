/** The columns of a file: each has a name, no two have the same, and there are not too many. */
import { longestColumnName, mostColumns } from './limits.ts';
import { asItWas, isRejectsFile } from './rejects-file.ts';
import { FileProblem } from './types.ts';

/** @returns the names, trimmed, with line ends and runs of spaces within them as one space. */
export function csvHeader(fields: readonly string[], line: number): string[] {
  const names = fields.map((name) => name.replace(/\s+/gu, ' ').trim());
  const header = isRejectsFile(names) ? names.map(asItWas) : names;
  checkHeader(header, line);
  return header;
}

/** Capitals and spaces make no difference: `E-mail` and `e-mail ` are one column. */
export function checkHeader(header: readonly string[], line: number): void {
  if (header.length > mostColumns) throw new FileProblem('header_invalid', `There are ${header.length.toLocaleString('en')} columns; at most ${mostColumns} are read.`, line);
  const columns = new Map<string, number>();
  for (const [at, name] of header.entries()) {
    const column = at + 1;
    const same = name.normalize('NFC').toLowerCase().replace(/\s/gu, '');
    if (same === '') throw new FileProblem('header_invalid', `Column ${column} has no name.`, line);
    if (name.length > longestColumnName) throw new FileProblem('header_invalid', `The name of column ${column} is longer than ${longestColumnName} characters. Does the file begin with a header?`, line);
    const before = columns.get(same);
    if (before !== undefined) throw new FileProblem('header_invalid', `Columns ${before} and ${column} have the same name, ${JSON.stringify(name)}.`, line);
    columns.set(same, column);
  }
}
