import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { inspectFile } from '../../services/imports/reading/index.ts';
import { aliveBytes } from '../support/alive.ts';
import { createMemoryStorage } from '../support/memory-storage.ts';
import { problemOf, recordsOf } from '../support/records-of.ts';

const rows = (count: number): string => 'u1,Ann\n'.repeat(count);
const bytes = (...parts: (string | number[])[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const png = bytes([0x89], 'PNG\r\n', [0x1a, 0x0a, 0, 0, 0, 0x0d], 'IHDR', [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);

describe('a file that is no table', () => {
  test.each([
    ['nothing', '', 'file_empty', undefined],
    ['a byte order mark alone', '\ufeff', 'file_empty', undefined],
    ['blank lines alone', '\n\r\n\r', 'file_empty', undefined],
    ['a header alone', 'id,name\n', 'file_empty', undefined],
    ['a header alone, without a line end', 'id,name', 'file_empty', undefined],
    ['a header and blank lines', 'id,name\r\n\r\n\r\n', 'file_empty', undefined],
    ['two columns of one name', 'id,E-Mail,name,e-mail\n1,2,3,4\n', 'header_invalid', 1],
    ['two columns that differ in spaces', '\nfirst name,First  Name,firstname\n1,2,3\n', 'header_invalid', 2],
    ['a column without a name', 'id,,name\n1,2,3\n', 'header_invalid', 1],
    ['a delimiter behind the last column', 'id,name,\n1,2,\n', 'header_invalid', 1],
    ['10,000 columns', `${Array.from({ length: 10_000 }, (_, at) => `c${at}`).join(',')}\n${'1,'.repeat(9999)}1\n`, 'header_invalid', 1],
    ['a text where the header should be', `${'x'.repeat(300)},b\n1,2\n`, 'header_invalid', 1],
    ['text behind the quotes of a column', '"id"x,name\n1,2\n', 'header_invalid', 1],
    ['two keys of one name in ndjson', '{"id":1,"ID":2}\n', 'header_invalid', 1],
    ['a quote that is never closed', `id,name\n${rows(3)}7,"Ann\n${rows(10)}`, 'file_unreadable', 5],
    ['a quote that is never closed, far from the end', `id,name\n${rows(3)}7,"Ann\n${rows(1_000_000)}`, 'file_unreadable', 5],
    ['a quote in the header that is never closed', `id,"name\n${rows(10)}`, 'file_unreadable', 1],
    ['a zero byte', `id,name\n${rows(3)}7,A\u0000n\n`, 'file_unreadable', 5],
    ['a zero byte behind the first million bytes', `id,name\n${rows(300_000)}7,A\u0000n\n`, 'file_unreadable', 300_002],
    ['Latin-1 that does not say so', Buffer.from(`id,name\n${rows(3)}7,Zoë\n`, 'latin1'), 'file_unreadable', 5],
    ['Latin-1 in the header', Buffer.from('straße,ort\n1,2\n', 'latin1'), 'file_unreadable', 1],
    ['Latin-1 behind the first million bytes, lines ended by CR', Buffer.from(`id,name\n${rows(300_000)}7,Zoë\n`.replaceAll('\n', '\r'), 'latin1'), 'file_unreadable', 300_002],
    ['Latin-1 before a zero byte', Buffer.from('id,name\n1,Zoë\n2,\u0000\n', 'latin1'), 'file_unreadable', 2],
    ['a zero byte before Latin-1', Buffer.from('id,name\n1,\u0000\n2,Zoë\n', 'latin1'), 'file_unreadable', 2],
    ['Latin-1 with columns of one name', Buffer.from('id,id\n1,Zoë\n', 'latin1'), 'file_unreadable', 2],
    ['zero bytes that are nearly a pattern', 'a,b\n1,\u0000\u0000\u0000\u0000\u0000\n', 'file_unreadable', 2],
    ['a character cut off by the end', Buffer.from(`id,name\n1,€`).subarray(0, -1), 'file_unreadable', 2],
    ['UTF-16 with half a character', Buffer.concat([Buffer.from('\ufeffid,name\n1,A\n2,', 'utf16le'), Buffer.from([0x3d, 0xd8, 10, 0, 0x33, 0])]), 'file_unreadable', 3],
    ['UTF-16 cut off by the end', Buffer.from('\ufeffid,name\n1,A\n2,Z', 'utf16le').subarray(0, -1), 'file_unreadable', 3],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), 'file_unreadable', undefined],
    ['a gzip', gzipSync('id,name\n1,Ann\n'), 'file_unreadable', undefined],
    ['a picture', png, 'file_unreadable', undefined],
    ['a PDF', '%PDF-1.4\n1 0 obj\n', 'file_unreadable', undefined],
    ['a web page', '\n<!DOCTYPE html>\n<table><tr><td>1</td></tr></table>', 'file_unreadable', undefined],
    ['an old workbook', bytes([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], 'rest'), 'file_unreadable', undefined],
    ['a JSON document', '[{"id":1},\n{"id":2}]', 'file_unreadable', undefined],
    ['a JSON object over several lines', '{\n  "id": 1\n}\n', 'file_unreadable', undefined],
    ['an endless blank line', `id,name${' '.repeat(2_000_000)}\n1,2\n`, 'file_too_large', 1],
    ['blank lines before any header', `${'\n'.repeat(1_200_000)}id,name\n1,2\n`, 'header_invalid', 1],
  ])('(%s) is refused, with the line if there is one', async (_, file, code, line) => {
    for (const blockBytes of [65_536, 1_000]) expect(await problemOf(file, { blockBytes })).toMatchObject({ code, line });
  });

  test.each([
    ['a gzip', gzipSync('id'), /type \.gz.*Unpack/],
    ['a picture', png, /type \.png/],
    ['Latin-1', Buffer.from('id\nZoë\n', 'latin1'), /UTF-8.*windows-1252/],
    ['a quote that stays open', 'id,name\n1,"Ann\n', /quote that opens in line 2 is never closed/],
    ['two columns of one name', 'id,name,Id\n1,2,3\n', /Columns 1 and 3 .*"Id"/],
    ['a JSON document', '[\n{"id":1}]', /one object a line/i],
  ])('(%s) is told what to do', async (_, file, detail) => {
    expect((await problemOf(file)).detail).toMatch(detail);
  });

  test('is told the right line in blocks that cut characters and line ends in two', async () => {
    const file = Buffer.concat([Buffer.from('é\r\n€\r\n😀\r\n'), Buffer.from('ë\r\n', 'latin1'), Buffer.from('é\r\n')]);
    for (let blockBytes = 1; blockBytes < 9; blockBytes += 1) {
      expect(await problemOf(file, { blockBytes })).toMatchObject({ code: 'file_unreadable', line: 4 });
      // The first MiB is looked at as one.
      const late = Buffer.concat([Buffer.from(`é\r\n${'x'.repeat(1000)}`), Buffer.from(`\r\n${'é'.repeat(500)}`.repeat(1200)), file]);
      expect(await problemOf(late, { blockBytes: 1000 + blockBytes })).toMatchObject({ code: 'file_unreadable', line: 1205 });
    }
  });

  test('is refused if its encoding or delimiter is none that is known, whatever the declared name holds', async () => {
    for (const encoding of ['utf-7', '', 'constructor', 'x'.repeat(1000)]) expect(await problemOf('a,b\n1,2\n', { encoding })).toMatchObject({ code: 'file_unreadable' });
    for (const delimiter of ['', ',,', '\n', '"', 'é', '\u001f']) expect(await problemOf('a,b\n1,2\n', { delimiter })).toMatchObject({ code: 'file_unreadable' });
    expect(await problemOf('sep=^\na^b\n1^2\n')).toMatchObject({ code: 'file_unreadable' });
  });

  test('is not mistaken: a header may begin like another format does', async () => {
    for (const header of ['BM', 'MZ', 'PK', 'GIF89a', 'ID3', '[note]', '{x}', '"{"', 'II*', 'Rar!']) {
      expect((await recordsOf(`${header},b\n1,2\n`)).rows).toEqual([[2, '1', '2']]);
    }
  });

  test('leaves the record of 1 MiB in, and refuses the one that is a byte longer', async () => {
    const mebibyte = 1024 * 1024;
    const field = 'x'.repeat(mebibyte - 4);
    expect((await recordsOf(`id,name\n1,2\n1,"${field}"\n1,2\n`)).rows).toHaveLength(3);
    for (const lineEnd of ['\n', '\r', '\r\n', '']) expect(await problemOf(`id,name\n1,2\n1,"${field}x"${lineEnd}`)).toMatchObject({ code: 'file_too_large', line: 3 });
  });
});

test('a line of ndjson that is nested almost without end is a bad record, and keeps no other from being read', async () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const { rows, bad } = await recordsOf(`{"id":1,"a":""}\n{"id":2,"a":${deep}}\n{"id":12345678901234567890,"a":${deep}}\n{"id":4,"a":[[]]}\n`);
  expect(rows).toEqual([[1, '1', ''], [4, '4', '[[]]']]);
  expect(bad.map(({ line, raw, fields }) => [line, raw.length > 400_000, fields])).toEqual([[2, true, []], [3, true, []]]);
});

describe('a field of 300 MB', () => {
  const fieldBytes = 300_000_000;
  const lookEveryBytes = 20_000_000;
  const block = Buffer.alloc(64 * 1024, 'x');
  const storageOf = (start: string, end: string) => ({
    ...createMemoryStorage(),
    put: async (_key: string, contents: Uint8Array | Readable) => {
      if (contents instanceof Readable) for await (const _ of contents);
    },
    get: () =>
      Promise.resolve(
        Readable.from((function* () {
          yield Buffer.from(start);
          for (let sent = 0; sent < fieldBytes; sent += block.length) yield Buffer.from(block);
          yield Buffer.from(end);
        })()),
      ),
  });

  test.each([
    ['plain', 'id,name\n1,Ann\n2,', '\n', undefined, 'file_too_large'],
    ['quoted', 'id,name\n1,Ann\n2,"', '"\n', undefined, 'file_too_large'],
    ['quoted and never closed', 'id,name\n1,Ann\n2,"', '', undefined, 'file_unreadable'],
    ['in a file of another encoding', 'id,name\n1,Ann\n2,"', '"\n', 'windows-1252', 'file_too_large'],
    ['in the header', '\n\n"', '"\n1\n', undefined, 'file_too_large'],
    ['in ndjson', '{"id":1}\n\n{"id":"', '"}\n', undefined, 'file_too_large'],
  ])('(%s) is refused with its line and costs no memory', async (_, start, end, encoding, code) => {
    const before = aliveBytes();
    let most = before;
    let looks = 0;
    const key = 'acme/imports/imp_1/1';
    const inspecting = inspectFile({
      storage: storageOf(start, end),
      key,
      copyKey: `${key}.csv`,
      encoding,
      onProgress(bytesRead) {
        if (bytesRead < (looks + 1) * lookEveryBytes) return;
        looks += 1;
        most = Math.max(most, aliveBytes());
      },
    });
    await expect(inspecting).rejects.toMatchObject({ code, line: 3 });
    expect(most - before).toBeLessThan(16 * 1024 * 1024);
    if (code === 'file_unreadable') expect(looks).toBe(Math.floor(fieldBytes / lookEveryBytes));
  });
});
