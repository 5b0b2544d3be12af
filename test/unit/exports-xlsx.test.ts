import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cellWriter, columnName, columnWidth } from '../../services/exports/xlsx/cells.ts';
import { writeXlsx } from '../../services/exports/xlsx/index.ts';
import type { Column } from '../../services/exports/datasets/dataset.ts';
import type { Snapshot } from '../../services/exports/snapshot.ts';
import { all, sheetsOf } from '../support/readers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-xlsx-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const column = (type: Column['type']): Column => ({ header: 'it', type, sql: 'it' });
const cell = (type: Column['type'], value: string): string => cellWriter(column(type))(value, 'B2');

describe('a cell', () => {
  test('of text is a string, whatever it begins with', () => {
    for (const text of ['=1+1', '+1', '-1', '@x', '\t=1']) expect(cell('text', text)).toMatch(/^<c r="B2" t="inlineStr"><is><t[^>]*>/);
  });

  const texts: readonly [string, string, string][] = [
    ['markup', `<a href="x">&amp;'`, `<t>&lt;a href="x"&gt;&amp;amp;'</t>`],
    ['characters that XML cannot hold', 'a\u0000b\u001fc\uffff', '<t>a_x0000_b_x001F_c_xFFFF_</t>'],
    ['a carriage return, which XML would change', 'a\r\nb', '<t xml:space="preserve">a_x000D_\nb</t>'],
    ['what looks like an escape', '_x000D_ _x00', '<t>_x005F_x000D_ _x00</t>'],
    ['space around it', ' a ', '<t xml:space="preserve"> a </t>'],
    ['an emoji', '👩‍👩‍👧', '<t>👩‍👩‍👧</t>'],
  ];
  test.each(texts)('of text has %s as it is', (_, text, written) => {
    expect(cell('text', text)).toContain(written);
  });

  test('of text is cut off where a spreadsheet would call the file damaged, between two characters', () => {
    const [, text = ''] = /<t>(.*)<\/t>/.exec(cell('text', '😀'.repeat(20_000))) ?? [];
    expect(text.length).toBeLessThanOrEqual(32_767);
    expect(text.isWellFormed()).toBe(true);
    expect(text.endsWith('😀…')).toBe(true);
  });

  test.each([
    ['integer', '-7', '<c r="B2"><v>-7</v></c>'],
    ['money', '5', '<c r="B2" s="4"><v>5</v></c>'],
    ['money', '1234.50', '<c r="B2" s="6"><v>1234.50</v></c>'],
    ['money', '0.125', '<c r="B2" s="7"><v>0.125</v></c>'],
    ['boolean', 'true', '<c r="B2" t="b"><v>1</v></c>'],
    ['boolean', 'false', '<c r="B2" t="b"><v>0</v></c>'],
    ['date', '1900-03-01', '<c r="B2" s="2"><v>61</v></c>'],
    ['date', '2024-02-29', '<c r="B2" s="2"><v>45351</v></c>'],
    ['date', '1900-02-28', '<c r="B2" t="inlineStr"><is><t>1900-02-28</t></is></c>'],
    ['date', '0044-03-15 BC', '<c r="B2" t="inlineStr"><is><t>0044-03-15 BC</t></is></c>'],
    ['date', 'infinity', '<c r="B2" t="inlineStr"><is><t>infinity</t></is></c>'],
    ['moment', '2024-02-29 12:00:00', '<c r="B2" s="3"><v>45351.5</v></c>'],
    ['moment', '2024-02-29 06:00:00.25', expect.stringMatching(/^<c r="B2" s="3"><v>45351\.25000289\d*<\/v><\/c>$/)],
  ] as const)('of type %s writes %s', (type, value, written) => {
    expect(cell(type, value)).toEqual(written);
  });

  test('has its column by letters', () => {
    expect([0, 25, 26, 51, 52, 701, 702, 16_383].map(columnName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA', 'XFD']);
  });

  test('fits its column, up to a point', () => {
    expect([columnWidth(column('text'), ['x'.repeat(30), null]), columnWidth(column('text'), ['x'.repeat(300)]), columnWidth(column('moment'), [])]).toEqual([32, 62, 22]);
  });
});

/** As PostgreSQL would send them, in pieces that end anywhere. */
function snapshotOf(rows: number, broken = false): Snapshot {
  const line = (n: number): string => [`u-${n}`, `=u${n}@example.org`, '\\N', 'back\\\\slash\\ttab', '', '2001-02-03', `${n}.50`, '2027-05-01 14:03:22', '2027-05-01 14:03:22'].join('\t');
  return {
    count: async () => await Promise.resolve(rows),
    async *copy() {
      const text = Array.from({ length: rows }, (_, at) => `${line(at + 1)}\n`).join('');
      for (let at = 0; at < text.length; at += 1_000) yield await Promise.resolve(Buffer.from(text.slice(at, at + 1_000)));
      if (broken) throw new Error('the connection was lost');
    },
    close: async () => await Promise.resolve(),
  };
}

const input = (rows: number, broken = false) => ({ snapshot: snapshotOf(rows, broken), selection: { tenantId: 't', dataset: 'users', filters: {} } as const, total: rows, createdAt: new Date('2027-05-01'), bom: false, onRows: () => undefined });
const collected = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await all(pieces));

describe('a workbook', () => {
  test('goes on in a further sheet where one is full, each with its header', async () => {
    const sheets = await sheetsOf(await collected(writeXlsx(input(250), { rowsOfASheet: 100 })), folder);
    if (sheets === undefined) return;
    expect(sheets.map(({ name, frozen, boldHeader, rows }) => [name, frozen, boldHeader, rows.length])).toEqual([['Users', 'A2', true, 101], ['Users 2', 'A2', true, 101], ['Users 3', 'A2', true, 51]]);
    expect(sheets.flatMap(({ rows }) => rows.slice(1).map(([id]) => id?.[1]))).toEqual(Array.from({ length: 250 }, (_, at) => `u-${at + 1}`));
    expect(sheets[2]?.rows[50]?.map(([type, value]) => [type, value])).toEqual([['str', 'u-250'], ['str', '=u250@example.org'], ['NoneType', null], ['str', 'back\\slash\ttab'], ['NoneType', null], ['datetime', '2001-02-03T00:00:00'], ['float', 250.5], ['datetime', '2027-05-01T14:03:22'], ['datetime', '2027-05-01T14:03:22']]);
  });

  test.each([99, 100, 101])('of %i rows has no empty sheet at its end', async (rows) => {
    const sheets = await sheetsOf(await collected(writeXlsx(input(rows), { rowsOfASheet: 100 })), folder);
    expect(sheets?.map((sheet) => sheet.rows.length) ?? 'not checked').toEqual(sheets === undefined ? 'not checked' : rows <= 100 ? [rows + 1] : [101, 2]);
  });

  test('of the same rows is the same file', async () => {
    expect((await collected(writeXlsx(input(20)))).equals(await collected(writeXlsx(input(20))))).toBe(true);
  });

  test('breaks off with its source, instead of ending early or never', async () => {
    await expect(collected(writeXlsx(input(50, true)))).rejects.toThrow('the connection was lost');
  });
});
