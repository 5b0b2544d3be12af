/** Files opened by programs that are not ours. Where one is not installed, it says so, and what it would have shown is not checked. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const maxBuffer = 256 * 1024 * 1024;

async function installed(what: string, program: string, args: readonly string[], how: string): Promise<boolean> {
  try {
    await run(program, args);
    return true;
  } catch {
    console.warn(`${what} is not installed (${how}), so what it sees was not checked.`);
    return false;
  }
}

export interface Sheet {
  readonly name: string;
  readonly frozen: string | null;
  readonly boldHeader: boolean;
  /** Python's name of each cell's type, and the value; `f` is the type of a formula. */
  readonly rows: readonly (readonly (readonly [type: string, value: string | number | boolean | null, format: string])[])[];
}

const openpyxl = `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print(json.dumps([{
  'name': sheet.title,
  'frozen': sheet.freeze_panes,
  'boldHeader': all(cell.font.b for cell in sheet[1]),
  'rows': [[['f' if cell.data_type == 'f' else type(cell.value).__name__, cell.value if isinstance(cell.value, (str, int, float, bool, type(None))) else cell.value.isoformat(), cell.number_format] for cell in row] for row in sheet.iter_rows()],
} for sheet in book]))
`;

/** By openpyxl. @returns undefined where it is not installed. */
export async function sheetsOf(xlsx: Buffer, folder: string): Promise<readonly Sheet[] | undefined> {
  if (!(await installed('openpyxl', 'python3', ['-c', 'import openpyxl'], 'pip install openpyxl'))) return undefined;
  const file = path.join(folder, `${Date.now()}.xlsx`);
  await writeFile(file, xlsx);
  const { stdout } = await run('python3', ['-c', openpyxl, file], { maxBuffer });
  return JSON.parse(stdout) as readonly Sheet[];
}

/** By pdftotext, a string a page. @returns undefined where it is not installed. */
export async function pagesOf(pdf: Buffer, folder: string): Promise<readonly string[] | undefined> {
  if (!(await installed('pdftotext', 'pdftotext', ['-v'], 'apt-get install poppler-utils'))) return undefined;
  const file = path.join(folder, `${Date.now()}.pdf`);
  await writeFile(file, pdf);
  const { stdout } = await run('pdftotext', ['-layout', file, '-'], { maxBuffer });
  return stdout.split('\f').slice(0, -1);
}

/** RFC 4180, by hand: only what a csv of ours has. */
export function csvOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    if (plain === '' && quoted === undefined && end === '') break;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

export async function all<Piece>(pieces: AsyncIterable<Piece>): Promise<Piece[]> {
  const found: Piece[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}
