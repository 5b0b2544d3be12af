/** How a table is spread over the paper: its size, its letters and the widths of its columns, from a look at all its rows. */
import type { EastAsian } from '../../pdf/fonts.ts';
import { eastAsianOrder } from '../../pdf/east-asian.ts';
import type { Column } from '../datasets/dataset.ts';
import type { Row } from '../rows.ts';
import { shown } from './shown.ts';

export interface Layout {
  readonly page: { readonly width: number; readonly height: number };
  readonly fontSize: number;
  readonly columns: readonly { readonly left: number; readonly width: number }[];
  readonly eastAsian: readonly EastAsian[];
}

export const margin = 34;
export const columnGap = 8;
/** ISO 216, across, in points. What has more columns gets the larger sheet; printed on the smaller it is still legible. */
const small = { page: { width: 841.89, height: 595.28 }, fontSize: 7.5, mostColumns: 11 };
const large = { page: { width: 1190.55, height: 841.89 }, fontSize: 8, mostColumns: Number.POSITIVE_INFINITY };

/** In ems, near enough to divide the paper by: what does not fit is broken into lines. */
const emsOfLetter = 0.58;
const wideLetter = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;
const widestInEms = 34;

function emsOf(text: string): number {
  const wide = text.match(wideLetter)?.length ?? 0;
  return (text.length - wide) * emsOfLetter + wide;
}

/** Decides when it has seen every row. */
export async function layOut(columns: readonly Column[], batches: AsyncIterable<readonly Row[]>): Promise<Layout> {
  const { page, fontSize } = columns.length <= small.mostColumns ? small : large;
  const ems = columns.map(({ header }) => emsOf(header) * 1.08);
  let samples = '';
  for await (const rows of batches) {
    for (const row of rows) {
      for (const [at, column] of columns.entries()) {
        const value = row[at];
        if (value == null || value === '') continue;
        ems[at] = Math.max(ems[at] ?? 0, emsOf(shown(column, value)));
        if (samples.length < longestSample && /[\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}]/u.test(value)) samples += value;
      }
    }
  }
  const available = page.width - 2 * margin - columnGap * (columns.length - 1);
  const widths = shared(ems.map((width) => Math.min(width, widestInEms) * fontSize), available);
  let left = margin;
  const placed = widths.map((width) => {
    const column = { left, width };
    left += width + columnGap;
    return column;
  });
  return { page, fontSize, columns: placed, eastAsian: eastAsianOrder([samples], 'en') };
}

const longestSample = 1_000;

/** Everybody gets what he wants if there is enough; otherwise the widest give way until there is. */
export function shared(wanted: readonly number[], available: number): readonly number[] {
  let left = available;
  let most = Number.POSITIVE_INFINITY;
  const ascending = wanted.toSorted((a, b) => a - b);
  for (const [at, width] of ascending.entries()) {
    const share = left / (ascending.length - at);
    if (width > share) {
      most = share;
      break;
    }
    left -= width;
  }
  return wanted.map((width) => Math.min(width, most));
}
