/**
 * The texts that cells share, kept as UTF-8 in pages: a million of them as strings would cost several times as much, and
 * each would hold on to the piece of XML that it was cut from.
 */
import { mostSharedBytes, mostSharedStrings } from '../limits.ts';
import { FileProblem } from '../types.ts';
import { unescapeText } from './values.ts';
import { readXml } from './xml.ts';

export type SharedStrings = (index: number) => string | undefined;

export const noSharedStrings: SharedStrings = () => undefined;

const pageBytes = 1024 * 1024;

/** @throws FileProblem if there are more than fit into memory. */
export async function readSharedStrings(blocks: AsyncIterable<Buffer>): Promise<SharedStrings> {
  const table = createTable();
  let text = '';
  let isText = false;
  let isPhonetic = false;
  await readXml(blocks, {
    open(name) {
      if (name === 'si') text = '';
      else if (name === 'rPh') isPhonetic = true;
      else isText = name === 't' && !isPhonetic;
    },
    close(name) {
      isText = false;
      if (name === 'si') table.add(unescapeText(text));
      else if (name === 'rPh') isPhonetic = false;
    },
    text(piece) {
      if (!isText) return;
      text += piece;
      if (text.length > pageBytes) throw tooMany();
    },
  });
  return table.get;
}

function createTable(): { add(text: string): void; get: SharedStrings } {
  const pages: Buffer[] = [];
  let used = pageBytes;
  let count = 0;
  /** Where each one begins, counted over all pages, and how long it is. */
  let starts = new Uint32Array(1024);
  let lengths = new Uint32Array(1024);
  return {
    add(text) {
      const bytes = Buffer.byteLength(text);
      if (bytes > pageBytes || count === mostSharedStrings) throw tooMany();
      if (used + bytes > pageBytes) {
        if ((pages.length + 1) * pageBytes > mostSharedBytes) throw tooMany();
        pages.push(Buffer.allocUnsafeSlow(pageBytes));
        used = 0;
      }
      if (count === starts.length) {
        starts = doubled(starts);
        lengths = doubled(lengths);
      }
      pages.at(-1)?.write(text, used);
      starts[count] = (pages.length - 1) * pageBytes + used;
      lengths[count] = bytes;
      used += bytes;
      count += 1;
    },
    get(index) {
      const start = starts[index];
      if (start === undefined || index >= count) return undefined;
      const from = start % pageBytes;
      return pages[Math.floor(start / pageBytes)]?.toString('utf8', from, from + (lengths[index] ?? 0));
    },
  };
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

function tooMany(): FileProblem {
  return new FileProblem('file_too_large', 'The workbook holds more different texts than are kept in memory here. Save it as csv.');
}
