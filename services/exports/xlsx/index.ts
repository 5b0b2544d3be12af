/** A workbook for spreadsheets, written as its rows come in, however many they are. */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Column } from '../datasets/dataset.ts';
import { datasets } from '../datasets/index.ts';
import type { WriterInput } from '../format.ts';
import { readRows, type Row } from '../rows.ts';
import { selectRows } from '../select.ts';
import { cellWriter, columnName, columnWidth, headerCell, type CellWriter } from './cells.ts';
import { parts, sheetFoot, sheetHead, sheetPath } from './parts.ts';

/** 2^20 in all, the header among them. Source: Excel's specifications and limits. */
const maxRowsOfASheet = 1_048_575;
/** The lowest level packs these files to a fifteenth already; the usual one takes three times as long for a twentieth. */
const compressionLevel = 1;

export interface XlsxOptions {
  readonly rowsOfASheet?: number;
}

export async function* writeXlsx({ snapshot, selection, total, createdAt, onRows }: WriterInput, { rowsOfASheet = maxRowsOfASheet }: XlsxOptions = {}): AsyncGenerator<Uint8Array, void> {
  const { title, columns } = datasets[selection.dataset];
  const sheets = Math.max(Math.ceil(total / rowsOfASheet), 1);
  const source = piecesOf(readRows(snapshot.copy(selectRows(selection, 'cells'), 'FORMAT text')));
  let written = 0;

  async function* sheet(): AsyncGenerator<Buffer> {
    const write = rowWriter(columns);
    let row = 1;
    const first = await source.next(rowsOfASheet);
    yield Buffer.from(sheetHead(columns.map((column, at) => columnWidth(column, (first ?? []).map((values) => values[at] ?? null)))) + headerOf(columns));
    for (let rows = first; rows !== undefined; rows = await source.next(rowsOfASheet - row + 1)) {
      let xml = '';
      for (const values of rows) xml += write(values, (row += 1));
      yield Buffer.from(xml);
      onRows((written += rows.length));
    }
    yield Buffer.from(sheetFoot);
  }

  const zip = new ZipFile();
  // Dated by the request, so that the same rows give the same file.
  const options = { mtime: createdAt, compressionLevel };
  for (const { path, xml } of parts(title, sheets)) zip.addBuffer(Buffer.from(xml), path, options);
  const open: Readable[] = [];
  for (let n = 1; n <= sheets; n += 1) {
    zip.addReadStreamLazy(sheetPath(n), options, (begin) => {
      const xml = Readable.from(sheet(), { objectMode: false });
      // A pipe does not hand errors on.
      xml.on('error', (error) => { zip.outputStream.emit('error', error); });
      open.push(xml);
      begin(null, xml);
    });
  }
  zip.end();
  try {
    for await (const chunk of zip.outputStream) yield asBytes(chunk);
  } finally {
    for (const xml of open) xml.destroy();
  }
}

const headerOf = (columns: readonly Column[]): string => `<row r="1">${columns.map(({ header }, at) => headerCell(header, `${columnName(at)}1`)).join('')}</row>`;

function rowWriter(columns: readonly Column[]): (values: Row, row: number) => string {
  const names = columns.map((_, at) => columnName(at));
  const writers: readonly CellWriter[] = columns.map(cellWriter);
  return (values, row) => {
    let xml = `<row r="${row}">`;
    for (let at = 0; at < writers.length; at += 1) {
      const value = values[at];
      // An empty cell is none at all; an empty text looks the same.
      if (value != null && value !== '') xml += writers[at]?.(value, `${names[at]}${row}`);
    }
    return `${xml}</row>`;
  };
}

interface Pieces {
  /** @returns at most so many rows; undefined when there are none left, or none are wanted. */
  next(atMost: number): Promise<readonly Row[] | undefined>;
}

/** Sheets end where they have to, not where what came in did. */
function piecesOf(batches: AsyncGenerator<readonly Row[], void>): Pieces {
  let left: readonly Row[] = [];
  return {
    async next(atMost) {
      if (atMost <= 0) return undefined;
      if (left.length === 0) {
        const { value, done } = await batches.next();
        if (done === true) return undefined;
        left = value;
      }
      const piece = left.slice(0, atMost);
      left = left.slice(atMost);
      return piece;
    },
  };
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('A stream of bytes gave something else.');
}
