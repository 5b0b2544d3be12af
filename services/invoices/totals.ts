/** The sums under the lines: VAT by rate, the total, and how it was paid. */
import type { InvoiceDocument } from './document.ts';
import type { Formats } from './format.ts';
import { labels } from './labels.ts';
import { contentWidth, heightOf, lineHeight, page, ruleColor, styles, type Sheet } from './sheet.ts';
import { inItsOwnOrder } from '../pdf/text.ts';
import type { Line } from '../pdf/typesetter.ts';
import { invoiceTotalMinor, vatSummary } from './vat.ts';

interface Totals {
  /** Heading, one row a rate, and the sums if there are several: each with rate, net, VAT and gross. */
  readonly rows: readonly (readonly Line[])[];
  readonly total: readonly [label: Line, amount: Line];
  readonly paid: readonly Line[];
  readonly width: number;
  readonly columnWidths: readonly number[];
  readonly height: number;
}

const gap = 20;
const rowGap = 3;
const above = 18;
const aboveTotal = 14;
const narrowest = 270;
const narrowestNote = 120;

export async function prepareTotals(sheet: Sheet, document: InvoiceDocument, formats: Formats): Promise<Totals> {
  const summary = vatSummary(document.lines);
  const totalMinor = invoiceTotalMinor(document.lines);
  const texts = summary.map(({ rateBasisPoints, netMinor, vatMinor, grossMinor }) => [formats.rate(rateBasisPoints), formats.amount(netMinor), formats.amount(vatMinor), formats.amount(grossMinor)]);
  if (summary.length > 1) {
    const netMinor = summary.reduce((total, row) => total + row.netMinor, 0);
    texts.push([labels.allRates, formats.amount(netMinor), formats.amount(totalMinor - netMinor), formats.amount(totalMinor)]);
  }
  const heading = await Promise.all([labels.rate, labels.net, labels.vat, labels.gross].map(async (text) => await sheet.line(text, styles.label)));
  const rows = [heading, ...(await Promise.all(texts.map(async (row) => await Promise.all(row.map(async (text) => await sheet.line(text, styles.plain))))))];
  const total = [await sheet.line(labels.total, styles.total), await sheet.line(formats.money(totalMinor), styles.total)] as const;

  const natural = heading.map((_, at) => rows.reduce((widest, row) => Math.max(widest, row[at]?.width ?? 0), 0));
  const needed = Math.max(natural.reduce((sum, width) => sum + width + gap, -gap), total[0].width + gap + total[1].width);
  const width = Math.min(contentWidth, Math.max(narrowest, needed));
  const spare = Math.max(0, width - natural.reduce((sum, column) => sum + column, 0)) / (natural.length - 1);
  const columnWidths = natural.map((column, at) => (at === 0 ? column : column + spare));

  const paid = document.paid === undefined ? [] : await sheet.lines(labels.paid(document.paid.method, inItsOwnOrder(formats.date(document.paid.date))), styles.strong, noteWidth(width), 6);
  const table = rows.length * (lineHeight(styles.plain) + rowGap) + aboveTotal + lineHeight(styles.total) + rowGap;
  const height = above + (isBeside(width) ? Math.max(table, heightOf(paid)) : table + heightOf(paid) + gap);
  return { rows, total, paid, width, columnWidths, height };
}

/** Together on one page, unless there are more VAT rates than a page has lines. */
export function drawTotals(sheet: Sheet, totals: Totals): void {
  sheet.makeRoom(totals.height);
  sheet.y += above;
  const left = page.right - totals.width;
  if (isBeside(totals.width)) sheet.drawLines(totals.paid, page.left, sheet.y);

  for (const row of totals.rows) {
    sheet.makeRoom(3 * lineHeight(styles.total));
    let right = left;
    for (const [at, line] of row.entries()) {
      right += totals.columnWidths[at] ?? 0;
      if (at === 0) sheet.draw(line, left, sheet.y);
      else sheet.drawRight(line, right, sheet.y);
    }
    sheet.y += lineHeight(styles.plain) + rowGap;
  }
  sheet.rule(sheet.y + aboveTotal / 2 - 1, left, page.right, ruleColor, 0.75);
  sheet.y += aboveTotal;
  sheet.draw(totals.total[0], left, sheet.y);
  sheet.drawRight(totals.total[1], page.right, sheet.y);
  sheet.y += lineHeight(styles.total) + rowGap;
  if (!isBeside(totals.width)) sheet.y = sheet.drawLines(totals.paid, page.left, sheet.y + gap);
}

function isBeside(width: number): boolean {
  return contentWidth - width - gap >= narrowestNote;
}

function noteWidth(width: number): number {
  return isBeside(width) ? contentWidth - width - gap : contentWidth;
}
