/** What the page reads of a file and makes of its columns: the same as the server, which has the last word. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DatasetView } from '../../contracts/datasets.ts';
import { exportFilters, filterNames } from '../../contracts/exports/filters.ts';
import { exportDatasets, exportFormats } from '../../contracts/exports/flow.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { importDatasets, importDatasetNames, mapColumns } from '../../services/imports/datasets/index.ts';
import { inspectFile } from '../../services/imports/reading/index.ts';
import { openStorage, type Storage } from '../../services/storage/storage.ts';

type Columns = DatasetView['columns'];
interface Head {
  readonly kind: string;
  readonly header: readonly string[];
  readonly first: readonly string[];
  readonly undecodable?: boolean;
}
interface Filter {
  readonly choices?: readonly string[];
  readonly isDay?: true;
}

// Scripts of the page: JavaScript, so that a browser takes them as they are.
const page = async (name: string): Promise<unknown> => await import(path.resolve(import.meta.dirname, '../../web', name));
const { lookAt } = (await page('csv.js')) as { lookAt: (bytes: Uint8Array, whole: boolean, declared?: { delimiter?: string; encoding?: string }) => Head };
const { recognise, recalled, mappingOf, wrongWith, wrongWithHeader } = (await page('match.js')) as {
  recognise: (header: readonly string[], columns: Columns) => (string | undefined)[];
  recalled: (header: readonly string[], recognised: readonly (string | undefined)[], before: ReadonlyMap<string, string | null>) => (string | undefined)[];
  mappingOf: (header: readonly string[], recognised: readonly (string | undefined)[], chosen: readonly (string | undefined)[], columns: Columns) => Record<string, string | null>;
  wrongWithHeader: (header: readonly string[]) => string | undefined;
  wrongWith: (columns: Columns, chosen: readonly (string | undefined)[]) => string | undefined;
};
const filters = (await page('filters.js')) as { exportDatasets: readonly string[]; exportFormats: readonly string[]; filtersOf: (dataset: string) => readonly (readonly [string, Filter])[] };

describe('the first look at a csv', () => {
  let folder: string;
  let storage: Storage;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'holdfast-look-'));
    storage = openStorage(`file:${folder}`);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const cases: readonly (readonly [string, Buffer])[] = [
    ['commas', Buffer.from('a,b,c\n1,2,3\n')],
    ['semicolons, commas in the numbers', Buffer.from('id;price;city\n1;2,50;Brno\n2;3,10;Wien\n')],
    ['tabs', Buffer.from('id\tname\n1\tAda, Countess\n')],
    ['bars', Buffer.from('id|name\n1|Ada\n')],
    ['one column', Buffer.from('email\nada@example.com\n')],
    ['quotes, doubled quotes and delimiters within them', Buffer.from('"a","b ""quoted""","c,d"\r\n1,2,3\r\n')],
    ['line ends within quotes', Buffer.from('"first\nname","last\r\nname"\n1,2\n')],
    ['CR alone', Buffer.from('a,b\r1,2\r')],
    ['a mark of UTF-8', Buffer.from('\ufeffexternal_id,email\n1,a@example.com\n')],
    ['UTF-16 with its mark', Buffer.from('\ufeffid,město\n1,Brno\n', 'utf16le')],
    ['a line that names the delimiter', Buffer.from('sep=;\nid;name\n1;Ada\n')],
    ['empty lines before it', Buffer.from('\n\na,b\n1,2\n')],
    ['no line end behind it', Buffer.from('a,b\n1,2')],
    ['spaces around the names', Buffer.from(' a , b  c \n1,2\n')],
  ];

  test.each(cases)('finds the columns that the server finds: %s', async (name, bytes) => {
    const key = `shop-a/imports/${name.toLowerCase().replaceAll(/\W/g, '-')}`;
    await storage.put(key, bytes, { contentType: 'text/csv' });
    const found = await inspectFile({ storage, key, copyKey: `${key}-copy`, chunkBytes: 1_000, signal: new AbortController().signal, onProgress: () => undefined });
    expect(lookAt(bytes, true)).toMatchObject({ kind: 'csv', header: found.header });
  });

  test('shows the first row', () => {
    expect(lookAt(Buffer.from('a,b\n"x ""y""",\n'), true).first).toEqual(['x "y"', '']);
  });

  test('says of bytes that are not in the encoding that they are not, and reads them in the one that is chosen', () => {
    const bytes = Buffer.from('id,m\xfcnze\n1,2\n', 'latin1');
    expect(lookAt(bytes, true)).toMatchObject({ header: [], undecodable: true });
    expect(lookAt(bytes, true, { encoding: 'windows-1252' }).header).toEqual(['id', 'münze']);
  });

  test('does not mind that the last character is cut in two', () => {
    expect(lookAt(Buffer.from('a,b\n1,ü').subarray(0, -1), false).header).toEqual(['a', 'b']);
  });

  test('leaves a workbook, JSON and what is no table to the server', () => {
    expect(lookAt(Buffer.from('PK\u0003\u0004…'), true).kind).toBe('xlsx');
    expect(lookAt(Buffer.from(' {"id": 1}\n'), true).kind).toBe('ndjson');
    expect(lookAt(Buffer.from('<!doctype html>'), true).kind).toBe('other');
    expect(lookAt(Buffer.from('abc\0d'), true).kind).toBe('other');
    expect(lookAt(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48]), true).kind).toBe('other');
  });

  test('a header that goes on beyond what is looked at is left to the server', () => {
    expect(lookAt(Buffer.from(`"${'x'.repeat(70_000)}`), false)).toMatchObject({ kind: 'csv', header: [] });
  });

  test('ends for any bytes, and is right about what this very rule has written', () => {
    const cell = fc.string({ maxLength: 12 }).filter((text) => !/[\r\n\0]/.test(text) && text.trim() === text && !text.includes('  '));
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(cell, { minLength: 2, maxLength: 8 }), (names) => {
        const header = lookAt(Buffer.from(`${names.map(quoted).join(',')}\n`), true, { delimiter: ',' }).header;
        if (names.every((name) => !/^\s*[{<]|\s/.test(name))) expect(header).toEqual(names);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, whole) => { lookAt(bytes, whole); }));
  });
});

describe('columns', () => {
  const names = importDatasetNames.flatMap((name) => importDatasets[name].columns.flatMap((column) => [column.name, ...column.aliases]));
  const written = (name: string): fc.Arbitrary<string> => fc.constantFrom(name, name.toUpperCase(), name.replaceAll('_', ' '), name.replaceAll('_', '-'), ` ${name}`, name.replaceAll('e', 'é'));
  const header = fc.uniqueArray(fc.constantFrom(...names, 'nickname', 'fax').chain(written), { minLength: 1, maxLength: 12, selector: (name) => name.normalize('NFC').toLowerCase().replaceAll(/\s/g, '') });

  test.each(importDatasetNames)('of %s are recognised as the server recognises them', (name) => {
    const dataset = importDatasets[name];
    // Which are missing is another question.
    const anyColumns = { ...dataset, columns: dataset.columns.map((column) => ({ ...column, required: false })) };
    fc.assert(
      fc.property(header, (names) => {
        const found = mapColumns(names, anyColumns);
        // The server refuses names that come twice; the page asks.
        if (isRefusal(found)) return;
        const byPage = recognise(names, dataset.columns.map(({ name, aliases, required, description, example }) => ({ name, aliases: [...aliases], required, description, example })));
        expect(Object.fromEntries(byPage.flatMap((column, at) => (column === undefined ? [] : [[column, at]])))).toEqual(found.columns);
      }),
    );
  });

  const columns: Columns = [
    { name: 'external_id', description: '', required: true, aliases: ['id', 'uid'], example: '' },
    { name: 'email', description: '', required: true, aliases: ['mail'], example: '' },
    { name: 'city', description: '', required: false, aliases: [], example: '' },
  ];

  test('the server is told only what it would not see by itself', () => {
    const header = ['id', 'Mail', 'Ort', 'city'];
    const recognised = recognise(header, columns);
    expect(recognised).toEqual(['external_id', 'email', undefined, 'city']);
    expect(mappingOf(header, recognised, recognised, columns)).toEqual({});
    expect(mappingOf(header, recognised, ['external_id', 'email', 'city', undefined], columns)).toEqual({ Ort: 'city' });
    expect(mappingOf(header, recognised, ['external_id', 'email', undefined, undefined], columns)).toEqual({ city: null });
  });

  test('and which of two names is meant, as it takes neither by itself', () => {
    const header = ['uid', 'id', 'email'];
    const recognised = recognise(header, columns);
    const told = mappingOf(header, recognised, recognised, columns);
    expect(told).toEqual({ uid: 'external_id' });
    const { users } = importDatasets;
    const known = users.columns.map((column) => ({ ...column, aliases: column.name === 'external_id' ? ['id', 'uid'] : column.aliases }));
    expect(isRefusal(mapColumns(header, { ...users, columns: known }))).toBe(true);
    expect(isRefusal(mapColumns(header, { ...users, columns: known }, { external_id: 'uid' }))).toBe(false);
  });

  test('of rejected rows go where those of their file went, its own two left out', () => {
    const header = ['_line', '_reason', 'Nr', 'mail', 'city', 'Ort'];
    const before = new Map([['Nr', 'external_id'], ['mail', 'email'], ['city', null], ['Ort', 'city']]);
    expect(recalled(header, recognise(header, columns), before)).toEqual([undefined, undefined, 'external_id', 'email', undefined, 'city']);
    expect(recalled(['id', 'mail'], ['external_id', 'email'], before)).toEqual(['external_id', 'email']);
    // What was taken from elsewhere is not taken twice.
    expect(recalled(['Nr', 'id', 'mail'], [undefined, 'external_id', 'email'], before)).toEqual(['external_id', undefined, 'email']);
  });

  test('that have no name, or that of another, are named as the server names them', () => {
    expect(wrongWithHeader(['id', ' ', 'mail'])).toContain('Column 2 has no name');
    expect(wrongWithHeader(['id', 'E-Mail', 'e-mail '])).toContain('Columns 2 and 3 have the same name');
    expect(wrongWithHeader(['id', 'E-Mail', 'email'])).toBeUndefined();
  });

  test('a column that is needed and one that is chosen twice are named before anything is sent', () => {
    expect(wrongWith(columns, ['external_id', undefined])).toContain('email');
    expect(wrongWith(columns, ['external_id', 'email', 'email'])).toContain('email is chosen twice');
    expect(wrongWith(columns, ['email', 'external_id'])).toBeUndefined();
  });
});

describe('the filters of exports', () => {
  test('are those of the contracts, dataset by dataset', () => {
    expect(filters.exportDatasets.toSorted()).toEqual(exportDatasets.toSorted());
    expect(filters.exportFormats.toSorted()).toEqual(exportFormats.toSorted());
    for (const dataset of exportDatasets) expect([dataset, filters.filtersOf(dataset).map(([name]) => name).toSorted()]).toEqual([dataset, filterNames(dataset).toSorted()]);
  });

  test('offer every value that is taken, and no other', () => {
    for (const dataset of exportDatasets) {
      for (const [name, { choices, isDay }] of filters.filtersOf(dataset)) {
        for (const choice of choices ?? []) expect([dataset, name, choice, exportFilters(dataset).safeParse({ [name]: choice }).success]).toEqual([dataset, name, choice, true]);
        if (isDay === true) expect(exportFilters(dataset).safeParse({ [name]: '2026-05-01' }).success).toBe(true);
      }
    }
  });
});
