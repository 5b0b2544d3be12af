/** Puts lines that were set on the paper. */
import type { Line, Style } from './typesetter.ts';

const leading = 1.42;
/** From the top of a line to its baseline: room for the tall letters of all scripts. */
const ascent = 1.06;

export const lineHeight = ({ size }: Style): number => size * leading;

export const heightOf = (lines: readonly Line[]): number => lines.reduce((height, { style }) => height + lineHeight(style), 0);

export function drawLine(pdf: PDFKit.PDFDocument, { runs, style }: Line, x: number, top: number): void {
  pdf.fillColor(style.color);
  for (const run of runs) {
    // The measured width and the features, though none, spare pdfkit a second layout and its own cut at every space.
    pdf.font(run.font, style.size).text(run.text, x + run.x, top + style.size * ascent, { lineBreak: false, baseline: 'alphabetic', features: [], textWidth: run.width, wordCount: 1 });
  }
}
