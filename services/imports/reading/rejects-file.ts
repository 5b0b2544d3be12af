/**
 * The csv of rejected rows, which people open in a spreadsheet, correct, and send again. What strangers wrote there must not
 * run as a formula, and must come back as it was sent: a text that begins like a formula gets an apostrophe in front, and
 * the reading takes just that one away. Such a file is known by its first two columns.
 */

/** Ours, before the columns of the file. The import that reads them again leaves them out. */
export const rejectColumns: readonly string[] = ['_line', '_reason'];

export const isRejectsFile = (header: readonly string[]): boolean => rejectColumns.every((name, at) => header[at] === name);

/** As in a csv that is exported (services/exports/select.ts): the last four are + - = @ in full width. */
const begins = String.raw`[\t\n\r+\-=@\uff0b\uff0d\uff1d\uff20]`;
/** With apostrophes that it had already: only if those get one more, too, is what one is taken from always what one was given to. */
const likeFormula = new RegExp(`^'*${begins}`);
const marked = new RegExp(`^'+${begins}`);

export const asText = (field: string): string => (likeFormula.test(field) ? `'${field}` : field);
export const asItWas = (field: string): string => (marked.test(field) ? field.slice(1) : field);
