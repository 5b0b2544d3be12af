/** What pdfkit takes and its types do not say: a font that fontkit has opened, and the measures of a text that has some. */
import type { Font } from 'fontkit';

declare global {
  namespace PDFKit.Mixins {
    interface PDFFont {
      registerFont(name: string, font: Font): this;
    }
    interface TextOptions {
      textWidth?: number;
      wordCount?: number;
    }
  }
}
