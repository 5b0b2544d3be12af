/** Workbooks made by hand, so that a test can write what no spreadsheet program would. */
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export interface WorkbookParts {
  /** What is in `<sheetData>`. */
  readonly rows: string | Buffer;
  /** What is in `<sst>`. */
  readonly sharedStrings?: string;
  /** What is in `<styleSheet>`. */
  readonly styles?: string;
  /** What is in `<workbook>`. */
  readonly workbook?: string;
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';
const oneSheet = `<sheets><sheet name="rows" sheetId="1" r:id="rId1"/></sheets>`;

export async function makeWorkbook({ rows, sharedStrings, styles, workbook = oneSheet }: WorkbookParts): Promise<Buffer> {
  return await makeZip({
    '_rels/.rels': `<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}">${workbook}</workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packageRelations}">
      <Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/>
      <Relationship Id="rId2" Type="${office}/worksheet" Target="/xl/worksheets/sheet2.xml"/>
      <Relationship Id="rId3" Type="${office}/sharedStrings" Target="sharedStrings.xml"/>
      <Relationship Id="rId4" Type="${office}/styles" Target="styles.xml"/>
      <Relationship Id="rId5" Type="${office}/chartsheet" Target="chartsheets/sheet1.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': Buffer.concat([Buffer.from(`<worksheet xmlns="${main}"><sheetData>`), Buffer.from(rows as string), Buffer.from('</sheetData></worksheet>')]),
    'xl/worksheets/sheet2.xml': `<worksheet xmlns="${main}"><sheetData><row r="1"><c t="inlineStr"><is><t>second</t></is></c></row><row r="2"><c><v>2</v></c></row></sheetData></worksheet>`,
    ...(sharedStrings !== undefined && { 'xl/sharedStrings.xml': `<sst xmlns="${main}">${sharedStrings}</sst>` }),
    ...(styles !== undefined && { 'xl/styles.xml': `<styleSheet xmlns="${main}">${styles}</styleSheet>` }),
  });
}

export async function makeZip(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, contents] of Object.entries(files)) zip.addBuffer(Buffer.from(contents as string), name);
  zip.end();
  return await buffer(zip.outputStream);
}
