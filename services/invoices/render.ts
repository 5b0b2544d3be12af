/** An invoice as a PDF. */
import Pdf from 'pdfkit';
import type { InvoiceDocument } from './document.ts';
import { eastAsianOrder } from '../pdf/east-asian.ts';
import { createFormats, midnight } from './format.ts';
import { labels } from './labels.ts';
import { drawLines } from './lines-table.ts';
import { drawEveryPage, drawLogo, drawMasthead, markOf } from './masthead.ts';
import { createSheet, page } from './sheet.ts';
import { paragraphsOf } from '../pdf/text.ts';
import { drawTotals, prepareTotals } from './totals.ts';
import { createTypesetter } from '../pdf/typesetter.ts';

/**
 * A4, as many pages as the lines need. The same document gives the same bytes, whenever and after whatever it is
 * rendered. Characters that no font has are shown as U+FFFD; control characters and overrides of reading order are not
 * shown at all.
 *
 * @param options.compress off for a look at the PDF's text commands.
 * @throws RangeError for a date, locale or currency that is malformed and for amounts that are no whole numbers.
 */
export async function renderInvoice(document: InvoiceDocument, { compress = true }: { readonly compress?: boolean } = {}): Promise<Buffer> {
  const formats = createFormats(document.locale, document.currency);
  const created = midnight(document.issueDate);
  const plain = (text: string): string => paragraphsOf(text).join(' ');
  const pdf = new Pdf({
    size: [page.width, page.height],
    margin: 0,
    bufferPages: true,
    autoFirstPage: false,
    compress,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    info: { Title: `${labels.invoice} ${plain(document.number)}`, Author: plain(document.seller.name), Creator: 'Holdfast', Producer: 'Holdfast', CreationDate: created, ModDate: created },
  });
  const finished = collect(pdf);
  const sheet = createSheet(pdf, createTypesetter(eastAsianOrder(textsOf(document), document.locale), (name, font) => { pdf.registerFont(name, font); }));

  const mark = markOf(document);
  sheet.newPage();
  await drawMasthead(sheet, document, formats, mark);
  const totals = await prepareTotals(sheet, document, formats);
  await drawLines(sheet, document.lines, formats, labels.pricesIncludeVat(document.currency), totals.height);
  drawTotals(sheet, totals);
  await drawEveryPage(sheet, document);
  await drawLogo(sheet, document, mark);
  pdf.end();
  return await finished;
}

function* textsOf({ seller, buyer, lines }: InvoiceDocument): Generator<string> {
  yield* [seller.name, buyer.name, ...seller.addressLines, ...buyer.addressLines];
  for (const { description } of lines) yield description;
}

async function collect(pdf: PDFKit.PDFDocument): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', () => { resolve(Buffer.concat(chunks)); });
    pdf.on('error', reject);
  });
}
