/** Records as csv, written so that `csv.ts` reads the same fields again. */

/** @returns one record with its line end. An empty single field is quoted: a line without a byte would be no record. */
export function csvLine(fields: readonly string[], delimiter = ','): string {
  if (fields.length === 1 && fields[0] === '') return '""\r\n';
  let line = '';
  for (const [at, field] of fields.entries()) line += (at === 0 ? '' : delimiter) + quoted(field, delimiter);
  return `${line}\r\n`;
}

/** A space at either end is quoted for the sake of other programs that trim. */
function quoted(field: string, delimiter: string): string {
  const plain = !field.includes(delimiter) && !/["\r\n]|^\s|\s$/.test(field);
  return plain ? field : `"${field.replaceAll('"', '""')}"`;
}
