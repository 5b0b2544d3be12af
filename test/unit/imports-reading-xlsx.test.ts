import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectFile } from '../../services/imports/reading/index.ts';
import { shownBy } from '../../services/imports/reading/xlsx/styles.ts';
import { dateText, numberText } from '../../services/imports/reading/xlsx/values.ts';
import type { ByteRange } from '../../services/storage/storage.ts';
import { mostAlive } from '../support/alive.ts';
import { createMemoryStorage } from '../support/memory-storage.ts';
import { problemOf, recordsOf } from '../support/records-of.ts';
import { makeWorkbook, makeZip } from '../support/workbook.ts';

const fixture = async (name: string): Promise<Buffer> => await readFile(join(import.meta.dirname, '../fixtures/xlsx', name));
const row = (number: number, ...values: (string | number)[]): string => `<row r="${number}">${values.map((value) => (typeof value === 'number' ? `<c><v>${value}</v></c>` : `<c t="inlineStr"><is><t>${value}</t></is></c>`)).join('')}</row>`;

describe('a workbook', () => {
  test('of openpyxl is read with its types; hidden sheets are passed over and the line is the row', async () => {
    const { inspection, header, rows, bad } = await recordsOf(await fixture('openpyxl.xlsx'), { chunkBytes: 1 });
    expect(inspection).toMatchObject({ format: 'csv', sourceFormat: 'xlsx', encoding: 'utf-8', rows: 4, key: 'acme/imports/imp_1/1.csv' });
    expect(header).toEqual(['text', 'number', 'date', 'date-time', 'time', 'duration', 'yes', 'error']);
    expect(bad).toEqual([]);
    expect(rows).toEqual([
      [2, 'plain', '42', '2024-02-29', '2024-02-29T13:45:30', '08:05:00', '30:05:00', 'true', '#N/A'],
      [3, 'two\nlines, "quoted"', '19.99', '1900-03-01', '1999-12-31T23:59:59.500', '23:59:59', '00:01:00', 'false', '#DIV/0!'],
      [5, 'rich text', '1000000000000000000000', '', '', '', '', '', ''],
      [6, 'Łódź 東京 😀', '0.3', '', '', '', '', '', ''],
    ]);
  });

  test('of XlsxWriter is read with its formats and the results of its formulas', async () => {
    const { header, rows } = await recordsOf(await fixture('xlsxwriter.xlsx'));
    expect(header).toEqual(['id', 'born', 'seen', 'paid', 'active', 'sum']);
    expect(rows).toEqual([
      [2, '007', '1985-07-03', '2024-12-01T09:30:00', '1234.5', 'true', '2469'],
      [4, '_x0041_ and\ta tab', '', '', '', '', 'ab'],
    ]);
  });

  test('that counts days from 1904 gives the same dates', async () => {
    expect((await recordsOf(await fixture('openpyxl-1904.xlsx'))).rows).toEqual([[2, '2024-02-29'], [3, '1904-01-02']]);
  });

  test('is read in blocks of any size', async () => {
    const { rows } = await recordsOf(await fixture('xlsxwriter.xlsx'), { blockBytes: 1 });
    expect(rows).toHaveLength(2);
  });

  test('may leave out cells, references and empty rows, and use prefixes', async () => {
    const file = await makeWorkbook({
      rows: `<x:row xmlns:x="any"><x:c r="B1" t="inlineStr"><x:is><x:t>b</x:t></x:is></x:c></x:row>`.replace('B1', 'A1') + '<row r="4"><c r="C4"/></row><row><c><v>1</v></c></row>',
    });
    expect(await recordsOf(file)).toMatchObject({ header: ['b'], rows: [[5, '1']], bad: [] });
  });

  test('has bad records where a row is longer than the header', async () => {
    const { rows, bad } = await recordsOf(await makeWorkbook({ rows: row(1, 'a', 'b') + row(2, 1) + row(3, 1, 2, 3) }));
    expect(rows).toEqual([[2, '1', '']]);
    expect(bad).toMatchObject([{ line: 3, fields: ['1', '2', '3'] }]);
  });

  test('keeps any text of a cell: shared, rich, escaped, without what only helps to pronounce it', async () => {
    const sharedStrings = '<si><t>head</t></si><si><t xml:space="preserve"> kept </t></si><si><r><t>ri</t></r><r><t>ch</t></r><rPh><t>RICCHI</t></rPh></si><si><t>a_x000D_\nb &amp; "c"</t></si><si><t/></si><si><t>x\u001fy</t></si>'.replace('\u001f', '_x001F_');
    const cells = [1, 2, 3, 5].map((index, at) => `<row r="${at + 2}"><c t="s"><v>${index}</v></c></row>`).join('');
    const { rows } = await recordsOf(await makeWorkbook({ sharedStrings, rows: `<row r="1"><c t="s"><v>0</v></c></row>${cells}<row r="6"><c t="s"><v>4</v></c></row>` }));
    const inline = '<row r="1"><c t="inlineStr"><is><r><t>he</t></r><r><t>ad</t></r><rPh><t>HEDDO</t></rPh></is></c></row>';
    expect((await recordsOf(await makeWorkbook({ rows: inline + row(2, 1) }))).header).toEqual(['head']);
    expect(rows).toEqual([[2, ' kept '], [3, 'rich'], [4, 'a\r\nb & "c"'], [5, 'x\u001fy']]);
  });

  test('is read by its first sheet that is shown, charts aside', async () => {
    const sheet = (id: string, state = ''): string => `<sheet name="${id}" sheetId="1" r:id="${id}" ${state}/>`;
    const rows = row(1, 'first') + row(2, 1);
    expect((await recordsOf(await makeWorkbook({ rows, workbook: `<sheets>${sheet('rId1')}${sheet('rId2')}</sheets>` }))).header).toEqual(['first']);
    expect((await recordsOf(await makeWorkbook({ rows, workbook: `<sheets>${sheet('rId5')}${sheet('rId1', 'state="veryHidden"')}${sheet('rId2')}</sheets>` }))).header).toEqual(['second']);
    expect(await problemOf(await makeWorkbook({ rows, workbook: `<sheets>${sheet('rId1', 'state="hidden"')}</sheets>` }))).toMatchObject({ code: 'file_unreadable' });
  });

  test('without rows, or with a header alone, is empty', async () => {
    expect(await problemOf(await makeWorkbook({ rows: '' }))).toMatchObject({ code: 'file_empty', detail: 'The file is empty.' });
    expect(await problemOf(await makeWorkbook({ rows: row(3, 'a', 'b') + '<row r="4"/>' }))).toMatchObject({ code: 'file_empty', detail: 'The file has a header, but no row below it.' });
  });

  test.each([
    ['two columns of one name', row(2, 'a', 'A '), 'header_invalid', 2],
    ['10,000 columns', row(1, ...Array.from({ length: 10_000 }, (_, at) => `c${at}`)), 'header_invalid', 1],
    ['a row with 10,000 cells', row(1, 'a') + row(2, ...Array.from({ length: 10_000 }, (_, at) => at)), 'file_too_large', 2],
    ['a row of more than 1 MiB', row(1, 'a', 'b') + row(2, 'x'.repeat(600_000), 'y'.repeat(600_000)), 'file_too_large', 2],
    ['a text of 3 MiB', `<row r="1"><c t="str"><f>${'x'.repeat(3_000_000)}</f><v>a</v></c></row>` + row(2, 1), 'file_too_large', undefined],
    ['a formula without its result', row(1, 'a') + row(2, 5) + '<row r="3"><c><f>1+1</f><v></v></c></row>', 'file_unreadable', 3],
    ['a shared text that is not there', row(1, 'a') + '<row r="2"><c t="s"><v>7</v></c></row>', 'file_unreadable', undefined],
    ['rows that go back', row(2, 'a') + row(1, 'b'), 'file_unreadable', undefined],
    ['a row behind the last one', row(1, 'a') + row(1_048_577, 'b'), 'file_unreadable', undefined],
    ['cells that go back', '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>', 'file_unreadable', undefined],
    ['XML that ends too early', '<row r="1"><c>', 'file_unreadable', undefined],
    ['tags within tags without end', '<row>'.repeat(1000), 'file_unreadable', undefined],
  ])('with %s is refused', async (_, rows, code, line) => {
    expect(await problemOf(await makeWorkbook({ rows }))).toMatchObject({ code, line });
  });

  test.each([
    ['that grow', '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>', '&b;'],
    ['that are files of this machine', '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>', '&b;'],
    ['that are elsewhere', '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', ''],
    ['that were never declared', '', '&b;'],
  ])('with entities of its own (%s) is refused, in whatever part they are', async (_, doctype, use) => {
    expect(await problemOf(await makeZip({ '_rels/.rels': `${doctype}<Relationships>${use}</Relationships>` }))).toMatchObject({ code: 'file_unreadable' });
    const parts = { rows: row(1, 'a') + row(2, use === '' ? 'b' : use), sharedStrings: '<si><t>x</t></si>', styles: '<cellXfs/>' };
    const whole = await makeWorkbook(parts);
    if (use !== '') expect(await problemOf(whole)).toMatchObject({ code: 'file_unreadable' });
    for (const part of ['sharedStrings', 'styles', 'workbook'] as const) {
      const hostile = { ...parts, rows: row(1, 'a') + row(2, 1), [part]: `${doctype}${use}${part === 'workbook' ? '<sheets><sheet name="rows" sheetId="1" r:id="rId1"/></sheets>' : ''}` };
      expect([part, (await problemOf(await makeWorkbook(hostile))).code]).toEqual([part, 'file_unreadable']);
    }
  });

  test.each([
    ['out of the archive', 'Target="../../../../etc/passwd"'],
    ['at an absolute path', 'Target="/etc/passwd"'],
    ['at another machine', 'Target="http://127.0.0.1:9/sheet.xml" TargetMode="External"'],
  ])('whose sheet is %s is refused: only what is in the archive is read', async (_, target) => {
    const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
    const hostile = await makeZip({
      '_rels/.rels': `<Relationships><Relationship Id="rId1" Type="${type}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      'xl/workbook.xml': '<workbook><sheets><sheet name="rows" sheetId="1" r:id="rId1"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="rId1" Type="${type}/worksheet" ${target}/></Relationships>`,
    });
    expect(await problemOf(hostile)).toMatchObject({ code: 'file_unreadable' });
  });
});

test('the ranges of a workbook that are being read are let go of when it is refused', async () => {
  const open = new Set<Readable>();
  const storage = createMemoryStorage(100);
  const key = 'acme/imports/imp_1/1';
  await storage.put(key, await makeWorkbook({ rows: row(1, 'a') + row(2, ...Array.from({ length: 10_000 }, (_, at) => at)) }), { contentType: 'x' });
  const get = async (key: string, range?: ByteRange): Promise<Readable> => {
    const stream = await storage.get(key, range);
    open.add(stream);
    stream.once('close', () => open.delete(stream));
    return stream;
  };
  await expect(inspectFile({ storage: { ...storage, get }, key, copyKey: `${key}.csv` })).rejects.toMatchObject({ code: 'file_too_large', line: 2 });
  await sleep(50);
  expect(open.size).toBe(0);
});

describe('a workbook that unpacks to far more than it is', () => {
  const mebibytes = (count: number, text: string): Buffer => Buffer.alloc(count * 1024 * 1024, text);

  test.each([
    ['one endless text', 'file_too_large', mebibytes(30, 'x')],
    ['rows full of nothing', 'file_too_large', mebibytes(66, `<row>${' '.repeat(2000)}</row>`)],
    ['more empty rows than a sheet can have', 'file_unreadable', mebibytes(13, '<row></row>')],
    ['one endless row', 'file_unreadable', Buffer.concat([Buffer.from('<row>'), mebibytes(4, '<c/>')])],
  ])('(%s) is refused in flat memory', async (_, code, rows) => {
    const file = await makeWorkbook({ rows });
    expect(file.length).toBeLessThan(2 * 1024 * 1024);
    const { result: problem, mostBytes, looks } = await mostAlive(async () => await problemOf(file));
    expect(problem).toMatchObject({ code });
    expect(mostBytes).toBeLessThan(8 * 1024 * 1024);
    expect(looks).toBeGreaterThan(0);
  });

  test('by many texts that are shared, or by one that is shared often', async () => {
    const sharedStrings = `<si><t>${'x'.repeat(32_000)}</t></si>`;
    const many = await makeWorkbook({ rows: row(1, 'a'), sharedStrings: `<si><t>${'x'.repeat(1_000_000)}</t></si>`.repeat(66) });
    expect(await problemOf(many)).toMatchObject({ code: 'file_too_large' });
    const often = await makeWorkbook({ sharedStrings, rows: row(1, 'a') + `<row>${'<c t="s"><v>0</v></c>'.repeat(40)}</row>` });
    expect(await problemOf(often)).toMatchObject({ code: 'file_too_large', line: 2 });
  });
});

describe('what a zip can be instead', () => {
  test.each([
    ['any archive', { 'rows.csv': 'a,b\n1,2\n' }, /zip archive, not a table/],
    ['a binary workbook', { '_rels/.rels': '<Relationships><Relationship Id="1" Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>', 'xl/workbook.bin': '' }, /\.xlsb/],
    ['an OpenDocument sheet', { mimetype: 'application/vnd.oasis.opendocument.spreadsheet', 'content.xml': '<x/>' }, /OpenDocument/],
    ['a text document', { '_rels/.rels': '<Relationships><Relationship Id="1" Type="x/officeDocument" Target="word/document.xml"/></Relationships>', 'word/document.xml': '<document/>' }, /not a table/],
  ])('%s is named, and what to do', async (_, files, detail) => {
    const problem = await problemOf(await makeZip(files));
    expect(problem.code).toBe('file_unreadable');
    expect(problem.detail).toMatch(detail);
  });

  test.each([['../passwd'], ['/x/passwd'], ['..\\passwd'], ['C:/passwd']])('one with a part called %s is refused', async (name) => {
    const honest = 'x'.repeat(name.length);
    const zip = await makeZip({ [honest]: 'a', 'rows.csv': 'a,b\n1,2\n' });
    const hostile = Buffer.from(zip.toString('latin1').replaceAll(honest, name), 'latin1');
    expect(hostile).toHaveLength(zip.length);
    expect(await problemOf(hostile)).toMatchObject({ code: 'file_unreadable' });
  });

  test('a workbook that is cut off or altered is damaged', async () => {
    const whole = await fixture('openpyxl.xlsx');
    expect(await problemOf(whole.subarray(0, 3000))).toMatchObject({ code: 'file_unreadable' });
    const altered = Buffer.from(whole);
    const sheet = altered.indexOf('xl/worksheets/sheet2.xml');
    altered.fill(0xff, sheet + 30, sheet + 130);
    expect(await problemOf(altered)).toMatchObject({ code: 'file_unreadable' });
  });
});

describe('the values of cells', () => {
  test.each([
    ['42', '42'], ['-0.5', '-0.5'], ['007', '007'], ['19.989999999999998', '19.99'], ['0.30000000000000004', '0.3'],
    ['1E+21', '1000000000000000000000'], ['1.5E-7', '0.00000015'], ['-1.2E3', '-1200'], ['12345678901234567', '12345678901234600'],
    ['100', '100'], ['1e2', '100'], ['0E+00', '0'], ['', ''], ['x', 'x'], ['1e999', '1e999'],
  ])('the number %s is %s', (written, text) => {
    expect(numberText(written)).toBe(text);
  });

  test.each([
    ['dd.mm.yyyy', 'date'], ['m/d/yy h:mm', 'date-time'], ['[$-409]mmmm\\ d\\,\\ yyyy;@', 'date'], ['h:mm AM/PM', 'time'], ['[h]:mm:ss', 'duration'], ['[mm]:ss.0', 'duration'], ['mm:ss', 'time'],
    ['yyyy"年"m"月"d"日"', 'date'], ['mmm', 'date'], ['General', 'number'], ['0.00E+00', 'number'], ['#,##0.00\\ "days"', 'number'], ['[Red]-0.0', 'number'], ['0_d', 'number'], ['@', 'number'], ['"[h]"0', 'number'],
  ])('the format %s shows a %s', (code, shown) => {
    expect(shownBy(code)).toBe(shown);
  });

  test.each([
    ['1', 'date', '1900-01-01'], ['59', 'date', '1900-02-28'], ['60', 'date', '1900-02-29'], ['61', 'date', '1900-03-01'], ['45351.573263888888', 'date-time', '2024-02-29T13:45:30'],
    ['45351.99999999999', 'date-time', '2024-03-01T00:00:00'], ['45351.5', 'date', '2024-02-29'], ['2958465', 'date', '9999-12-31'], ['2958466', 'date', '2958466'], ['-1', 'date', '-1'],
    ['0.5', 'time', '12:00:00'], ['1.25', 'duration', '30:00:00'], ['x', 'date', 'x'], ['', 'date', ''],
  ] as const)('%s as a %s is %s', (written, shown, text) => {
    expect(dateText(written, shown, false)).toBe(text);
  });

  test('days counted from 1904 are four years on', () => {
    expect(dateText('0', 'date', true)).toBe('1904-01-01');
    expect(dateText('43889', 'date', true)).toBe('2024-02-29');
    expect(dateText('0.5', 'time', true)).toBe('12:00:00');
  });
});
