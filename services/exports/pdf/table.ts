/** Draws a table row by row, with a head and a foot on each page. */
import { drawLine, heightOf, lineHeight } from '../../pdf/draw.ts';
import type { Line, Style, Typesetter } from '../../pdf/typesetter.ts';
import type { Column } from '../datasets/dataset.ts';
import type { Row } from '../rows.ts';
import { margin, type Layout } from './layout.ts';
import { isFigure, shown } from './shown.ts';

const ink = '#111827';
const soft = '#6b7280';
const rule = '#e5e7eb';
const headGround = '#f3f4f6';
const padding = 2.5;
/** What is longer is cut off with an ellipsis: one cell must not fill a page. */
const mostLines = 6;
const footHeight = 26;

export interface Table {
  row(values: Row): Promise<void>;
}

export async function drawTable(pdf: PDFKit.PDFDocument, typesetter: Typesetter, layout: Layout, columns: readonly Column[], { title, caption }: { title: string; caption: string }): Promise<Table> {
  const { page, fontSize } = layout;
  const plain: Style = { weight: 'regular', size: fontSize, color: ink };
  const strong: Style = { ...plain, weight: 'bold' };
  const faint: Style = { ...plain, color: soft };
  const right = page.width - margin;
  const bottom = page.height - margin - footHeight;
  const heads = await Promise.all(columns.map(async ({ header }, at) => await typesetter.lines(header, strong, layout.columns[at]?.width ?? 0, mostLines)));
  let top = 0;

  function drawCells(cells: readonly (readonly Line[])[]): void {
    for (const [at, lines] of cells.entries()) {
      const place = layout.columns[at];
      const column = columns[at];
      if (place === undefined || column === undefined) continue;
      let y = top + padding;
      for (const line of lines) {
        drawLine(pdf, line, isFigure(column) ? place.left + place.width - line.width : place.left, y);
        y += lineHeight(line.style);
      }
    }
    top += tallest(cells) + 2 * padding;
  }

  const tallest = (cells: readonly (readonly Line[])[]): number => Math.max(lineHeight(plain), ...cells.map(heightOf));

  function drawHead(): void {
    pdf.rect(margin - 4, top, right - margin + 8, tallest(heads) + 2 * padding).fill(headGround);
    drawCells(heads);
  }

  let pages = 0;
  const name = await typesetter.line(`${title} · ${caption}`, faint);

  async function beginPage(): Promise<void> {
    // A page is written out when the next one begins, so that they do not pile up.
    pdf.addPage();
    pages += 1;
    const foot = page.height - margin - lineHeight(faint);
    if (name.width < right - margin - 100) drawLine(pdf, name, margin, foot);
    const number = await typesetter.line(`Page ${pages}`, faint);
    drawLine(pdf, number, right - number.width, foot);
    top = margin;
  }

  await beginPage();
  drawLine(pdf, await typesetter.line(title, { weight: 'bold', size: 15, color: ink }), margin, top);
  top += 22;
  for (const line of await typesetter.lines(caption, faint, right - margin, 2)) {
    drawLine(pdf, line, margin, top);
    top += lineHeight(faint);
  }
  top += 8;
  drawHead();

  return {
    async row(values) {
      const cells: Line[][] = [];
      for (const [at, column] of columns.entries()) {
        const value = values[at];
        cells.push(value == null || value === '' ? [] : await typesetter.lines(shown(column, value), plain, layout.columns[at]?.width ?? 0, mostLines));
      }
      if (top + tallest(cells) + 2 * padding > bottom) {
        await beginPage();
        drawHead();
      }
      drawCells(cells);
      pdf.moveTo(margin - 4, top).lineTo(right + 4, top).lineWidth(0.4).strokeColor(rule).stroke();
    },
  };
}
