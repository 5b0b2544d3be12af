/**
 * A table for reading and printing: its head on every page, page numbers, any alphabet. It is read twice, once to see how
 * wide its columns are and once to draw it; both times the database stands still.
 */
import { setImmediate } from 'node:timers/promises';
import Pdf from 'pdfkit';
import { maxPdfRows } from '../../../contracts/exports/flow.ts';
import { createTypesetter } from '../../pdf/typesetter.ts';
import { datasets } from '../datasets/index.ts';
import { TooLarge, type FormatWriter } from '../format.ts';
import { readRows } from '../rows.ts';
import { selectRows } from '../select.ts';
import { layOut } from './layout.ts';
import { drawTable } from './table.ts';

const inWords = new Intl.NumberFormat('en');
/** So many are drawn at a time; then whoever wants to stop it is heard. */
const rowsAtOnce = 50;

export const writePdf: FormatWriter = async function* ({ snapshot, selection, total, createdAt, onRows }) {
  if (total > maxPdfRows) {
    throw new TooLarge(`A PDF has at most ${inWords.format(maxPdfRows)} rows, and these are ${inWords.format(total)}. Narrow them down with filters, or choose csv, ndjson or xlsx.`);
  }
  const { title, columns } = datasets[selection.dataset];
  const rows = () => readRows(snapshot.copy(selectRows(selection, 'cells'), 'FORMAT text'));
  const layout = await layOut(columns, rows());

  const pdf = new Pdf({
    size: [layout.page.width, layout.page.height],
    margin: 0,
    autoFirstPage: false,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    // Dated by the request, so that the same rows give the same file.
    info: { Title: title, Author: selection.tenantId, Creator: 'Holdfast', Producer: 'Holdfast', CreationDate: createdAt, ModDate: createdAt },
  });
  const made: Buffer[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => made.push(chunk));
    pdf.on('end', resolve);
    pdf.on('error', reject);
  });
  const typesetter = createTypesetter(layout.eastAsian, (name, font) => { pdf.registerFont(name, font); }, { plainly: true });
  const table = await drawTable(pdf, typesetter, layout, columns, { title, caption: captionOf(selection.filters, createdAt, total) });
  let drawn = 0;
  for await (const batch of rows()) {
    for (const row of batch) {
      await table.row(row);
      if ((drawn += 1) % rowsAtOnce === 0) {
        onRows(drawn);
        await setImmediate();
      }
    }
    yield* made.splice(0);
  }
  pdf.end();
  await ended;
  yield* made;
  onRows(total);
};

function captionOf(filters: Readonly<Record<string, string>>, createdAt: Date, total: number): string {
  const only = Object.entries(filters).map(([name, value]) => `${name} ${value}`).join(', ');
  return [`${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`, `${inWords.format(total)} ${total === 1 ? 'row' : 'rows'}`, ...(only === '' ? [] : [only])].join(' · ');
}
