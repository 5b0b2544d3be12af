/** The rows of a sheet as csv, a row a record, an empty row an empty line: so a line of the copy is a row of the sheet. */
import { sheetDelimiter } from '../csv.ts';
import { lastSheetColumn, lastSheetRow, longestRecordBytes, mostColumns, mostWorkbookBytes } from '../limits.ts';
import { FileProblem } from '../types.ts';
import { csvLine } from '../write-csv.ts';
import type { SharedStrings } from './shared-strings.ts';
import type { Styles } from './styles.ts';
import { dateText, numberText, unescapeText } from './values.ts';
import { damaged, parseXml } from './xml.ts';

export interface SheetContext {
  readonly sharedStrings: SharedStrings;
  readonly styles: Styles;
  readonly from1904: boolean;
}

const writtenAtOnce = 64 * 1024;

/** @throws FileProblem */
export async function* sheetAsCsv(blocks: AsyncIterable<Buffer>, context: SheetContext): AsyncGenerator<Buffer> {
  const rows = createRows(context);
  let written = 0;
  for await (const _ of parseXml(blocks, rows.handlers)) {
    if (rows.size() < writtenAtOnce && !rows.ended()) continue;
    const piece = rows.take();
    written += piece.length;
    if (written > mostWorkbookBytes) throw new FileProblem('file_too_large', 'The sheet holds more than is read here. Save it as csv.');
    if (piece.length > 0) yield piece;
    if (rows.ended()) return;
  }
}

function createRows({ sharedStrings, styles, from1904 }: SheetContext): {
  handlers: Parameters<typeof parseXml>[1];
  size(): number;
  take(): Buffer;
  ended(): boolean;
} {
  let out = '';
  let ended = false;
  /** The last row that was written. */
  let line = 0;
  let row = 0;
  let rowBytes = 0;
  let column = 0;
  let fields: string[] = [];
  /** Columns of the header: shorter rows are filled up, because a sheet leaves out cells that are empty. */
  let width = 0;
  let cellType = '';
  let cellStyle = 0;
  let value = '';
  let isValue = false;
  let isFormula = false;
  let isPhonetic = false;

  const beginRow = (number: string | undefined): void => {
    row = number === undefined ? line + 1 : Number(number);
    if (!Number.isInteger(row) || row <= line || row > lastSheetRow) throw damaged();
    fields = [];
    rowBytes = 0;
    column = 0;
  };

  const endCell = (): void => {
    const text = cellText(cellType, value);
    if (text === '') {
      // Programs that only write workbooks leave the results out. To take them for empty would lose them.
      if (isFormula && cellType === 'n') throw new FileProblem('file_unreadable', `Row ${row} has a formula whose result is not in the file. Open it in a spreadsheet program, save it, and send it again.`, row);
      return;
    }
    rowBytes += text.length;
    if (rowBytes > longestRecordBytes) throw new FileProblem('file_too_large', `Row ${row} is larger than 1 MiB.`, row);
    // How many columns a header may have is judged with the header, and with a better message.
    if (width > 0 && column > mostColumns) throw new FileProblem('file_too_large', `Row ${row} has something in column ${column.toLocaleString('en')}; at most ${mostColumns} columns are read.`, row);
    while (fields.length < column - 1) fields.push('');
    fields.push(text);
  };

  const endRow = (): void => {
    out += '\n'.repeat(row - line - 1);
    line = row;
    if (fields.length === 0) {
      out += '\n';
      return;
    }
    if (width === 0) width = fields.length;
    while (fields.length < width) fields.push('');
    out += csvLine(fields, sheetDelimiter);
  };

  const cellText = (type: string, value: string): string => {
    switch (type) {
      case 's': {
        const text = value === '' ? '' : sharedStrings(Number(value));
        if (text === undefined) throw damaged();
        return text;
      }
      case 'b':
        return value === '' ? '' : String(value === '1' || value === 'true');
      case 'str':
      case 'inlineStr':
        return unescapeText(value);
      case 'e':
      case 'd':
        return value;
      default: {
        const shown = styles[cellStyle] ?? 'number';
        return shown === 'number' ? numberText(value) : dateText(value, shown, from1904);
      }
    }
  };

  return {
    size: () => out.length,
    ended: () => ended,
    take() {
      const piece = Buffer.from(out);
      out = '';
      return piece;
    },
    handlers: {
      open(name, attributes) {
        isValue = false;
        if (name === 'c') {
          column = columnOf(attributes['r'], column);
          cellType = attributes['t'] ?? 'n';
          cellStyle = Number(attributes['s'] ?? 0);
          value = '';
          isFormula = false;
        } else if (name === 'row') beginRow(attributes['r']);
        else if (name === 'rPh') isPhonetic = true;
        else if (name === 'f') isFormula = true;
        else isValue = name === 'v' || (name === 't' && !isPhonetic);
      },
      close(name) {
        isValue = false;
        if (name === 'c') endCell();
        else if (name === 'row') endRow();
        else if (name === 'rPh') isPhonetic = false;
        else if (name === 'sheetData') ended = true;
      },
      text(piece) {
        if (!isValue || ended) return;
        value += piece;
        if (value.length > longestRecordBytes) throw new FileProblem('file_too_large', `Row ${row} is larger than 1 MiB.`, row);
      },
    },
  };
}

/** Without a reference it is the next column. Cells come in order. */
function columnOf(reference: string | undefined, before: number): number {
  const column = reference === undefined ? before + 1 : columnNumber(reference);
  if (column <= before || column > lastSheetColumn) throw damaged();
  return column;
}

/** 28 for `AB12`. */
function columnNumber(reference: string): number {
  let column = 0;
  for (let at = 0; at < 4; at += 1) {
    const letter = reference.charCodeAt(at) | 0x20;
    if (!(letter >= 97 && letter <= 122)) break;
    column = column * 26 + letter - 96;
  }
  return column;
}
