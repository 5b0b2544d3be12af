/** The lines of an invoice as a table over as many pages as it takes. */
import type { InvoiceLine } from './document.ts';
import type { Formats } from './format.ts';
import { labels } from './labels.ts';
import { contentWidth, continuedTop, faintRuleColor, heightOf, lineHeight, page, ruleColor, styles, type Sheet } from './sheet.ts';
import type { Line } from '../pdf/typesetter.ts';

interface Row {
  readonly description: readonly Line[];
  /** Quantity, unit price, VAT and amount. */
  readonly figures: readonly Line[];
}

interface Column {
  readonly heading: Line;
  readonly right: number;
}

const rowPadding = 5;
const columnGap = 16;
/** A row is kept whole up to this height; a longer one may go over several pages. */
const tallestWholeRow = 160;
const bodyHeight = page.bottom - continuedTop;

/** @param followedBy height of what must not be alone on a page: the last line goes with it. */
export async function drawLines(sheet: Sheet, lines: readonly InvoiceLine[], formats: Formats, note: string, followedBy: number): Promise<void> {
  const headings = await Promise.all([labels.quantity, labels.unitPrice, labels.vat, labels.amount].map(async (text) => await sheet.line(text, styles.label)));
  const figures = await Promise.all(lines.map(async (line) => await figuresOf(sheet, line, formats)));
  const widths = headings.map((heading, at) => figures.reduce((widest, row) => Math.max(widest, row[at]?.width ?? 0), heading.width));
  const columns = headings.map((heading, at): Column => ({ heading, right: page.right - widths.slice(at + 1).reduce((before, width) => before + width + columnGap, 0) }));
  const descriptionWidth = contentWidth - widths.reduce((before, width) => before + width + columnGap, 0);

  const caption = await sheet.line(note, styles.soft);
  const description = await sheet.line(labels.description, styles.label);
  sheet.draw(caption, page.left, sheet.y);
  sheet.y += lineHeight(styles.soft) + 8;
  drawHeading(sheet, description, columns);

  if (lines.length === 0) {
    sheet.draw(await sheet.line(labels.noLines, styles.soft), page.left, sheet.y + rowPadding);
    sheet.y += lineHeight(styles.soft) + 2 * rowPadding;
  }
  for (const [at, line] of lines.entries()) {
    const row: Row = { description: await sheet.lines(line.description, styles.plain, descriptionWidth), figures: figures[at] ?? [] };
    const height = Math.max(heightOf(row.description), lineHeight(styles.plain)) + 2 * rowPadding;
    const together = at === lines.length - 1 && height + followedBy <= bodyHeight - 30 ? height + followedBy : height;
    const needed = height <= tallestWholeRow ? together : 3 * lineHeight(styles.plain) + rowPadding;
    if (sheet.makeRoom(needed)) drawHeading(sheet, description, columns);
    drawRow(sheet, row, columns, () => { drawHeading(sheet, description, columns); });
  }
}

async function figuresOf(sheet: Sheet, line: InvoiceLine, formats: Formats): Promise<Line[]> {
  const texts = [formats.quantity(line.quantity), formats.amount(line.unitPriceMinor), formats.rate(line.vatRateBasisPoints), formats.amount(line.totalMinor)];
  return await Promise.all(texts.map(async (text) => await sheet.line(text, styles.plain)));
}

function drawHeading(sheet: Sheet, description: Line, columns: readonly Column[]): void {
  sheet.draw(description, page.left, sheet.y);
  for (const { heading, right } of columns) sheet.drawRight(heading, right, sheet.y);
  sheet.y += lineHeight(styles.label) + 4;
  sheet.rule(sheet.y, page.left, page.right, ruleColor, 0.75);
}

function drawRow(sheet: Sheet, { description, figures }: Row, columns: readonly Column[], repeatHeading: () => void): void {
  sheet.y += rowPadding;
  for (const [at, { right }] of columns.entries()) {
    const figure = figures[at];
    if (figure !== undefined) sheet.drawRight(figure, right, sheet.y);
  }
  for (const line of description) {
    if (sheet.makeRoom(lineHeight(line.style) + rowPadding)) {
      repeatHeading();
      sheet.y += rowPadding;
    }
    sheet.draw(line, page.left, sheet.y);
    sheet.y += lineHeight(line.style);
  }
  if (description.length === 0) sheet.y += lineHeight(styles.plain);
  sheet.y += rowPadding;
  sheet.rule(sheet.y, page.left, page.right, faintRuleColor, 0.5);
}
