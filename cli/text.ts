/** Text for a terminal: made harmless, measured, aligned, coloured where that is wanted. */
import { styleText } from 'node:util';
import { minorDigits } from '../contracts/currency-digits.ts';

// Control characters (C0, DEL, C1), line separators, and the marks that turn the direction of text around: a name that
// holds them could move the cursor, recolour the screen or disguise what stands there.
// oxlint-disable-next-line no-control-regex -- the point of the expression
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const wide = /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u;
const graphemes = new Intl.Segmenter();

/** Takes out what a terminal would obey instead of show. For every text that came from outside, on one line. */
export function safe(text: string): string {
  return text.replace(unsafe, '');
}

/** JSON that is harmless on a terminal, too: what {@link safe} removes is escaped here, so nothing is lost. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unsafe, (mark) => (mark === '\n' ? mark : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** Columns that the text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(width - widthOf(text), 0));
}

/** Shortened to that many columns, with an ellipsis. */
export function fitted(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let out = '';
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(out + segment) > width - 1) break;
    out += segment;
  }
  return `${out}…`;
}

export type Style = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Coloured only where the stream is a terminal that shows colour; NO_COLOR is respected. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** `CZK 1,249,000.00` */
export function money(amountMinor: number, currency: string): string {
  try {
    const digits = minorDigits(currency);
    const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code', minimumFractionDigits: digits, maximumFractionDigits: digits });
    return format.format(amountMinor / 10 ** digits).replaceAll('\u00a0', ' ');
  } catch {
    return `${amountMinor} ${safe(currency)} (minor units)`;
  }
}

/** `2027-05-01 14:03 UTC`; a midnight is a date. */
export function when(iso: string | undefined): string {
  if (iso === undefined) return '';
  return iso.slice(11, 19) === '00:00:00' ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `14:03 UTC`, for what happens today. */
export const clock = (iso: string): string => `${iso.slice(11, 16)} UTC`;

/** `2:05` */
export const clockOf = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

/** `318 ms`, `10.4 s` */
export const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly right?: boolean;
  /** Never shortened: an id is there to be copied. */
  readonly whole?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

const widestCell = 40;

/** An aligned table with one line a row. Cells are made harmless here. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map(({ text, whole }) => (whole === true ? safe(text(row)) : fitted(safe(text(row)), widestCell))));
  const widths = columns.map((column, at) => Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[at] ?? ''))));
  const line = (texts: readonly string[], paint: (text: string, at: number) => string): string =>
    columns
      .map(({ right }, at) => {
        const text = texts[at] ?? '';
        const gap = ' '.repeat(Math.max((widths[at] ?? 0) - widthOf(text), 0));
        return right === true ? gap + paint(text, at) : paint(text, at) + gap;
      })
      .join('  ')
      .trimEnd();
  const head = line(columns.map((column) => column.title), (text) => styled('dim', text));
  const body = rows.map((row, index) =>
    line(cells[index] ?? [], (text, at) => {
      const style = columns[at]?.style?.(row);
      return style === undefined ? text : styled(style, text);
    }),
  );
  return [head, ...body].join('\n');
}
