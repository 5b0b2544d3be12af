/** The paper: A4, its margins, its ink, and where the next thing goes. */
import { drawLine, heightOf, lineHeight } from '../pdf/draw.ts';
import type { Line, Style, Typesetter } from '../pdf/typesetter.ts';

export { heightOf, lineHeight };

export const page = { width: 595.28, height: 841.89, left: 48, right: 547.28, top: 48, bottom: 782 } as const;
export const contentWidth = page.right - page.left;
/** Below the short header of a page after the first. */
export const continuedTop = 88;

const ink = '#111827';
const soft = '#6b7280';
export const ruleColor = '#d1d5db';
export const faintRuleColor = '#e5e7eb';
export const groundColor = '#374151';

export const styles = {
  title: { weight: 'bold', size: 22, color: ink },
  name: { weight: 'bold', size: 13, color: ink },
  strong: { weight: 'bold', size: 9, color: ink },
  total: { weight: 'bold', size: 12, color: ink },
  plain: { weight: 'regular', size: 9, color: ink },
  soft: { weight: 'regular', size: 8, color: soft },
  label: { weight: 'bold', size: 7.5, color: soft },
} as const satisfies Record<string, Style>;

export interface Sheet extends Typesetter {
  readonly pdf: PDFKit.PDFDocument;
  /** Where the next thing begins. */
  y: number;
  newPage(): void;
  /** @returns whether a new page was begun because `height` is not left on this one. */
  makeRoom(height: number): boolean;
  draw(line: Line, x: number, top: number): void;
  /** Ends at `right`. */
  drawRight(line: Line, right: number, top: number): void;
  /** @returns where it ends. */
  drawLines(lines: readonly Line[], x: number, top: number): number;
  rule(y: number, from: number, to: number, color: string, thickness: number): void;
}

export function createSheet(pdf: PDFKit.PDFDocument, typesetter: Typesetter): Sheet {
  const sheet: Sheet = {
    ...typesetter,
    pdf,
    y: page.top,
    newPage() {
      pdf.addPage();
      sheet.y = page.top;
    },
    makeRoom(height) {
      if (sheet.y + height <= page.bottom) return false;
      pdf.addPage();
      sheet.y = continuedTop;
      return true;
    },
    draw(line, x, top) {
      drawLine(pdf, line, x, top);
    },
    drawRight(line, right, top) {
      sheet.draw(line, right - line.width, top);
    },
    drawLines(lines, x, top) {
      let at = top;
      for (const line of lines) {
        sheet.draw(line, x, at);
        at += lineHeight(line.style);
      }
      return at;
    },
    rule(y, from, to, color, thickness) {
      pdf.moveTo(from, y).lineTo(to, y).lineWidth(thickness).strokeColor(color).stroke();
    },
  };
  return sheet;
}
