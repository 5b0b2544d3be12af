/** Cells of a worksheet. Each has its type: text is a string cell, which no program reads as a formula. */
import type { Column } from '../datasets/dataset.ts';

/** Places in the list of cell formats in {@link file://./parts.ts}. */
export const cellFormats = { plain: 0, header: 1, date: 2, moment: 3, money: 4 } as const;
/** Of amounts without digits after the point; as many after it as there are digits. */
export const moneyFormat = (digits: number): number => cellFormats.money + Math.min(digits, maxMoneyDigits);
export const maxMoneyDigits = 4;

// ECMA-376 part 1, 18.3.1.96 has no limit; Excel has this one, and calls a file that is over it damaged.
const maxTextLength = 32_767;
const dayMs = 86_400_000;
/** 1970-01-01 in days since the beginning of 1900, as spreadsheets count them. */
const epochDay = 25_569;
/** 1900-03-01. Before it spreadsheets disagree: Excel believes that there was a 29 February 1900. */
const firstSafeDay = 61;

// What XML 1.0 cannot hold, what it would change (a carriage return becomes a line feed), and what looks like the escape itself.
// oxlint-disable-next-line no-control-regex -- the point of the expression
const needsEscape = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_/;
// oxlint-disable-next-line no-control-regex -- the point of the expression
const unprintable = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/g;
const outerSpace = /^\s|\s$|[\n\t]|  /;

/** ECMA-376 part 1, 22.9.2.19 (ST_Xstring): a character that XML cannot hold is written `_xHHHH_`. */
function escaped(text: string): string {
  if (!needsEscape.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(unprintable, (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`);
}

function fitting(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, maxTextLength - 1).toWellFormed().replace(/\ufffd$/, '')}…`;
}

/** A, B, … Z, AA, … */
export function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}

/** Writes the cells of one column. @param at its name and the row's number: `C12`. */
export type CellWriter = (value: string, at: string) => string;

const textCell = (format: number): CellWriter => {
  const style = format === cellFormats.plain ? '' : ` s="${format}"`;
  return (value, at) => `<c r="${at}"${style} t="inlineStr"><is><t${outerSpace.test(value) ? ' xml:space="preserve"' : ''}>${escaped(fitting(value))}</t></is></c>`;
};

export const headerCell = textCell(cellFormats.header);
const plainText = textCell(cellFormats.plain);

const number = (value: number | string, at: string, format: number): string => `<c r="${at}" s="${format}"><v>${value}</v></c>`;

/** What is no day of the years that a spreadsheet knows, stays text. */
function timeCell(format: number, msOf: (value: string) => number): CellWriter {
  // Rows that were written together were written at the same time.
  let last = { value: '', day: 0 };
  return (value, at) => {
    if (value !== last.value) last = { value, day: msOf(value) / dayMs + epochDay };
    return value.charCodeAt(4) === hyphen && last.day >= firstSafeDay ? number(last.day, at, format) : plainText(value, at);
  };
}
const hyphen = 45;

export function cellWriter({ type }: Column): CellWriter {
  switch (type) {
    case 'text':
    case 'word':
      return plainText;
    case 'integer':
      return (value, at) => `<c r="${at}"><v>${value}</v></c>`;
    case 'money':
      return (value, at) => {
        const point = value.indexOf('.');
        return number(value, at, moneyFormat(point === -1 ? 0 : value.length - point - 1));
      };
    case 'date':
      return timeCell(cellFormats.date, (value) => Date.parse(`${value}T00:00:00Z`));
    case 'moment':
      return timeCell(cellFormats.moment, (value) => Date.parse(`${value.replace(' ', 'T')}Z`));
    case 'boolean':
      return (value, at) => `<c r="${at}" t="b"><v>${value === 'true' ? 1 : 0}</v></c>`;
  }
}

/** In characters, as spreadsheets measure columns. */
const widths = { integer: 10, money: 14, date: 12, moment: 20, boolean: 8 } as const;
const narrowest = 8;
const widest = 60;

/** @param values some of the column's: what comes later is cut off on the screen if it is longer, not in the file. */
export function columnWidth({ type, header }: Column, values: readonly (string | null)[]): number {
  const needed = type === 'text' || type === 'word' ? values.reduce((longest, value) => Math.max(longest, value?.length ?? 0), narrowest) : widths[type];
  return Math.min(Math.max(needed, header.length), widest) + 2;
}
