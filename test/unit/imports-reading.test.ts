import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { eachCsvRecord } from '../../services/imports/reading/csv.ts';
import { csvLine, inspectFile, readRecords } from '../../services/imports/reading/index.ts';
import { createMemoryStorage } from '../support/memory-storage.ts';
import { recordsOf } from '../support/records-of.ts';

/** Everything that the rules of csv treat in a special way, and characters of one to four bytes. */
const character = fc.constantFrom('a', 'Z', '7', ' ', '"', '""', ',', ';', '\t', '|', '\n', '\r', '\r\n', 'é', 'ł', '東', '😀', '\u2028', '');
const text = fc.string({ unit: character, maxLength: 8 });
const delimiter = fc.constantFrom(',', ';', '\t', '|');

describe('a planner of chunks and the reader of a chunk', () => {
  test('give long fields of a long chunk whole, wherever it is that they begin', () => {
    // From a few bytes to more than is decoded at once; some with other characters than ASCII, some quoted.
    const lengths = [1, 90, 700, 3_900, 4_200, 9_000, 31_000, 300_000];
    const table = Array.from({ length: 160 }, (_, row) => [0, 1, 2].map((column) => {
      const length = lengths[(row * 7 + column * 3 + (row >> 3)) % (row % 20 === 0 ? 8 : 7)] ?? 0;
      return `${row}.${column}${(row + column) % 5 === 0 ? 'ł' : ''}${(row + column) % 4 === 0 ? ',"' : ''}`.padEnd(length, `${String(column)}abcdefg`);
    }));
    const file = Buffer.from(table.map((fields) => csvLine(fields, ',')).join(''));
    expect(file.length).toBeGreaterThan(2 * 1024 * 1024);
    const read: string[][] = [];
    readRecords(file, { format: 'csv', delimiter: ',', header: ['a', 'b', 'c'], firstLine: 1 }, (_, fields) => read.push([...fields]), (line, _, reason) => read.push([String(line), reason]));
    expect(read.length).toBe(table.length);
    expect(read.findIndex((fields, row) => fields.some((field, column) => field !== table[row]?.[column]))).toBe(-1);
  });

  test('give the records of the whole file, each once and with its line, however it is cut', async () => {
    const table = fc.integer({ min: 1, max: 5 }).chain((columns) => fc.array(fc.array(text, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(table, delimiter, fc.constantFrom('\n', '\r\n', '\r'), fc.boolean(), fc.boolean(), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 2 }), async (table, delimiter, lineEnd, quoteAll, endsLine, chunkBytes, blockBytes, blanks) => {
        const columns = table[0]?.length ?? 0;
        const header = Array.from({ length: columns }, (_, at) => `column ${at + 1}`);
        const write = (fields: readonly string[]): string => (quoteAll ? fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(delimiter) : csvLine(fields, delimiter).replace(/\r\n$/, ''));
        const blank = lineEnd.repeat(blanks);
        const file = blank + [header, ...table].map(write).join(lineEnd + blank) + (endsLine ? lineEnd + blank : '');

        let line = 1 + blanks;
        const expected = table.map((fields, at) => {
          const before = at === 0 ? header : (table[at - 1] ?? []);
          line += write(before).split(/\r\n|\r|\n/).length + blanks;
          return [line, ...fields] as const;
        });
        const read = await recordsOf(file, { delimiter, chunkBytes, blockBytes });
        expect(read.header).toEqual(header);
        expect(read.bad).toEqual([]);
        expect(read.rows).toEqual(expected);
        expect(read.inspection.rows).toBe(table.length);
        expect(read.inspection.chunks.reduce((rows, chunk) => rows + chunk.rows, 0)).toBe(table.length);
      }),
      { numRuns: 500 },
    );
  });

  test('agree about anything that a file may hold, well formed or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: character, maxLength: 80 }), delimiter, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), async (body, delimiter, chunkBytes, blockBytes) => {
        const file = `first${delimiter}second\n${body}`;
        const whole: [number, ...string[]][] = [];
        let isOpen = false;
        eachCsvRecord(Buffer.from(file), delimiter, 1, (line, fields, from, _to, flaw) => {
          isOpen ||= flaw?.kind === 'unclosed_quote';
          if (from > 0) whole.push([line, ...fields]);
        });
        const reading = recordsOf(file, { delimiter, chunkBytes, blockBytes });
        if (isOpen || whole.length === 0) {
          await expect(reading).rejects.toMatchObject({ code: isOpen ? 'file_unreadable' : 'file_empty' });
          return;
        }
        const { rows, bad } = await reading;
        const read = [...rows, ...bad.map(({ line, fields }) => [line, ...fields] as const)];
        expect(read.toSorted((one, other) => one[0] - other[0])).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('count the rows of ndjson alike', async () => {
    const object = fc.record({ a: text, b: fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), text) });
    await fc.assert(
      fc.asyncProperty(fc.array(object, { minLength: 1, maxLength: 20 }), fc.constantFrom('\n', '\r\n', '\n\n'), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }), async (objects, lineEnd, chunkBytes, blockBytes) => {
        const file = objects.map((object) => JSON.stringify(object)).join(lineEnd);
        const { rows, bad, header } = await recordsOf(file, { chunkBytes, blockBytes });
        expect(header).toEqual(['a', 'b']);
        expect(bad).toEqual([]);
        const step = lineEnd === '\n\n' ? 2 : 1;
        expect(rows).toEqual(objects.map(({ a, b }, at) => [1 + at * step, a, b === null ? '' : String(b)]));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a record of csv', () => {
  test.each([
    ['fewer fields than the header', 'a,b\n1\n', 2, /has 1 field, but the header has 2/, ['1']],
    ['more fields than the header', 'a,b\n1,2,3\n', 2, /has 3 fields, but the header has 2/, ['1', '2', '3']],
    ['text behind a closing quote', 'a,b\n\n"x"y,2\n', 3, /In "a" \(field 1\) something follows the closing quote/, ['x', '2']],
    ['a tab behind a closing quote', 'a,b\n"x"\t,2\n', 2, /In "a"/, ['x', '2']],
    ['a quote too many in the last field', 'a,b\n1,"x""\ny" z"\n', 2, /In "b" \(field 2\)/, ['1', 'x"\ny']],
  ])('with %s is bad, and the others are good', async (_, start, line, reason, fields) => {
    const { rows, bad } = await recordsOf(`${start}8,9\n`);
    expect(bad).toMatchObject([{ line, raw: start.split('\n').slice(line - 1).join('\n').trimEnd(), fields }]);
    expect(bad[0]?.reason).toMatch(reason);
    expect(rows.map((row) => row.slice(1))).toEqual([['8', '9']]);
  });
});

describe('inspecting a file', () => {
  test('finds the delimiter by the first records, not by the first line alone', async () => {
    expect((await recordsOf('name;price, net;note\nx;1,50;a,b\ny;2,50;c,d')).inspection).toMatchObject({ delimiter: ';', header: ['name', 'price, net', 'note'] });
    expect((await recordsOf('a\tb\tc;d\n1\t2\t3;4')).inspection.delimiter).toBe('\t');
    expect((await recordsOf('a|b\n"x,y"|"p,q"')).inspection.delimiter).toBe('|');
    expect((await recordsOf('p, q, r;s\n1;2\n3;4')).inspection.delimiter).toBe(';');
    expect((await recordsOf('only\nx\ny')).inspection).toMatchObject({ delimiter: ',', header: ['only'] });
  });

  test('takes the delimiter that is declared, and the line with which spreadsheets declare one', async () => {
    expect((await recordsOf('a,b;c\n1,2;3', { delimiter: ';' })).rows).toEqual([[2, '1,2', '3']]);
    expect((await recordsOf('sep=;\r\na,b;c\r\n1,2;3\r\n')).rows).toEqual([[3, '1,2', '3']]);
    expect((await recordsOf('\ufeffsep=|\na|b\n1|2\n', { chunkBytes: 1 })).inspection.chunks).toEqual([{ from: 13, to: 17, rows: 1, firstLine: 3 }]);
  });

  test('trims the header and keeps the columns that a file of rejects has', async () => {
    expect((await recordsOf('  E-Mail\t,"First\r\n name",_line,_reason\na,b,7,"no, thanks"')).header).toEqual(['E-Mail', 'First name', '_line', '_reason']);
  });

  const table = 'Straße,Ort\nKölner Weg 1,Łódź\n"zwei\nZeilen",x\n';
  const utf16be = Buffer.from(table, 'utf16le').swap16();
  const latin = Buffer.from('Straße,Ort\nKölner Weg 1,Paris\n', 'latin1');
  test.each([
    ['utf-8', undefined, Buffer.from(table)],
    ['utf-8', undefined, Buffer.from(`\ufeff${table}`)],
    ['utf-8', 'windows-1252', Buffer.from(`\ufeff${table}`)],
    ['utf-16le', undefined, Buffer.from(`\ufeff${table}`, 'utf16le')],
    ['utf-16be', undefined, Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be])],
    ['utf-16le', undefined, Buffer.from(table, 'utf16le')],
    ['utf-16be', undefined, utf16be],
    ['utf-16be', 'utf-16be', utf16be],
  ])('reads %s (declared: %s)', async (encoding, declared, file) => {
    for (const blockBytes of [1, 7, 65_536]) {
      const { inspection, header, rows } = await recordsOf(file, { encoding: declared, blockBytes, chunkBytes: 10 });
      expect(inspection).toMatchObject({ encoding, sourceFormat: 'csv', bytes: file.length });
      expect(header).toEqual(['Straße', 'Ort']);
      expect(rows).toEqual([[2, 'Kölner Weg 1', 'Łódź'], [3, 'zwei\nZeilen', 'x']]);
    }
  });

  test.each([
    ['windows-1252', latin],
    ['iso-8859-1', latin],
    ['ISO-8859-15', latin],
    ['iso-8859-2', latin],
  ])('reads what is declared as %s', async (encoding, file) => {
    const { header, rows, inspection } = await recordsOf(file, { encoding });
    expect(header).toEqual(['Straße', 'Ort']);
    expect(rows).toEqual([[2, 'Kölner Weg 1', 'Paris']]);
    expect(inspection).toMatchObject({ encoding: encoding.toLowerCase(), key: 'acme/imports/imp_1/1.csv' });
  });

  test('tells ndjson from csv by its first line, takes the columns of all objects, and values as they are written', async () => {
    const file = '{"id":1,"name":"A"}\n\n{"id":12345678901234567890,"extra":{"b":[1]},"name":null}\r\n{"name":true,"id":0.5}';
    const { inspection, header, rows, bad } = await recordsOf(file, { chunkBytes: 1 });
    expect(inspection).toMatchObject({ format: 'ndjson', sourceFormat: 'ndjson', rows: 3 });
    expect(header).toEqual(['id', 'name', 'extra']);
    expect(rows).toEqual([[1, '1', 'A', ''], [3, '12345678901234567890', '', '{"b":[1]}'], [4, '0.5', 'true', '']]);
    expect(bad).toEqual([]);
  });

  test('rejects a line of ndjson that is no object, or has a key that came too late to be a column', async () => {
    const objects = Array.from({ length: 100 }, (_, id) => `{"id":${id}}`);
    const { rows, bad } = await recordsOf([...objects, '{"id":100,"late":1}', '[1]', '{"id":', '{"id":101}'].join('\n'));
    expect(rows).toHaveLength(101);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [101, expect.stringContaining('"late"')],
      [102, 'This line is not a JSON object.'],
      [103, 'This line is not a JSON object.'],
    ]);
  });

  test('cuts chunks behind the record that fills them', async () => {
    expect((await recordsOf('a,b\n1,2\n3,4\n5,6\n', { chunkBytes: 8 })).inspection.chunks).toEqual([{ from: 4, to: 12, rows: 2, firstLine: 2 }, { from: 12, to: 16, rows: 1, firstLine: 4 }]);
    expect((await recordsOf('a,b\n\n\n\n\n1,2\n', { chunkBytes: 2 })).inspection.chunks).toEqual([{ from: 8, to: 12, rows: 1, firstLine: 6 }]);
    const rows = Array.from({ length: 1000 }, (_, at) => `${at},"x\n${'y'.repeat(at % 50)}"\n`);
    const file = `id,text\n${rows.join('')}`;
    const { inspection } = await recordsOf(file, { chunkBytes: 4096 });
    const { chunks } = inspection;
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks[0]).toMatchObject({ from: 8, firstLine: 2 });
    expect(chunks.at(-1)?.to).toBe(file.length);
    for (const [at, { from, to, rows, firstLine }] of chunks.entries()) {
      const before = chunks[at - 1];
      if (before !== undefined) {
        expect(from).toBe(before.to);
        expect(firstLine).toBe(before.firstLine + 2 * before.rows);
      }
      if (at < chunks.length - 1) expect(to - from).toBeGreaterThanOrEqual(4096);
      expect(to - from).toBeLessThan(4096 + 70);
      expect(rows).toBeGreaterThan(0);
    }
  });

  test('tells how far it is, and stops at once when it is told to', async () => {
    const storage = createMemoryStorage();
    const key = 'acme/imports/imp_1/1';
    await storage.put(key, Buffer.from(`id,name\n${'1,abc\n'.repeat(1_000_000)}`), { contentType: 'text/csv' });
    const told: number[] = [];
    const { bytes } = await inspectFile({ storage, key, copyKey: `${key}.csv`, onProgress: (read) => told.push(read) });
    expect(told.length).toBeGreaterThan(4);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(bytes);

    const abort = new AbortController();
    let after = 0;
    const inspecting = inspectFile({
      storage,
      key,
      copyKey: `${key}.csv`,
      encoding: 'windows-1252',
      signal: abort.signal,
      onProgress(read) {
        if (abort.signal.aborted) after = read;
        abort.abort();
      },
    });
    await expect(inspecting).rejects.toMatchObject({ name: 'AbortError' });
    expect(after).toBe(0);
    expect(storage.files.has(`${key}.csv`)).toBe(false);
    await expect(inspectFile({ storage, key, copyKey: key, signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('inspecting a file does not wait for a storage that has stopped to answer, once it is told to stop', async () => {
  const key = 'acme/imports/imp_1/1';
  const stalled = new Readable({ read: () => undefined });
  stalled.push('id,name\n');
  const abort = new AbortController();
  const inspecting = inspectFile({ storage: { ...createMemoryStorage(), get: () => Promise.resolve(stalled) }, key, copyKey: `${key}.csv`, signal: abort.signal });
  setTimeout(() => {
    abort.abort();
  }, 20);
  await expect(inspecting).rejects.toMatchObject({ name: 'AbortError' });
  expect(stalled.destroyed).toBe(true);
});

describe('a line of csv', () => {
  test('is read as the fields that it was written from', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), delimiter, (fields, delimiter) => {
        const read: string[][] = [];
        readRecords(Buffer.from(csvLine(fields, delimiter)), { format: 'csv', delimiter, header: fields, firstLine: 1 }, (_, fields) => read.push(fields), () => read.push([]));
        expect(read).toEqual([fields]);
      }),
    );
  });

  test('is quoted only where that is needed', () => {
    expect(csvLine(['a', 'b c', ' d', 'e,f', 'g"h', 'i\nj', '', '1'])).toBe('a,b c," d","e,f","g""h","i\nj",,1\r\n');
    expect(csvLine([''])).toBe('""\r\n');
  });
});
