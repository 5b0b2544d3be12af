/** Which encoding a text is in, and that text as UTF-8. */
import { isUtf8 } from 'node:buffer';
import { encodings, FileProblem, type Encoding } from './types.ts';

/** Enough for the pattern of UTF-16: in a table, delimiters, digits and line ends have a zero byte there. */
const patternBytes = 4096;

export interface FoundEncoding {
  readonly encoding: Encoding;
  /** How many bytes the byte order mark takes. */
  readonly markBytes: number;
}

/** @throws FileProblem if the declared encoding is not one of those known here. */
export function findEncoding(sample: Buffer, declared: string | undefined): FoundEncoding {
  if (sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf) return { encoding: 'utf-8', markBytes: 3 };
  if (sample[0] === 0xff && sample[1] === 0xfe) return { encoding: 'utf-16le', markBytes: 2 };
  if (sample[0] === 0xfe && sample[1] === 0xff) return { encoding: 'utf-16be', markBytes: 2 };
  if (declared !== undefined) return { encoding: checkEncoding(declared), markBytes: 0 };
  return { encoding: byZeroBytes(sample.subarray(0, patternBytes)) ?? 'utf-8', markBytes: 0 };
}

export function checkEncoding(name: string): Encoding {
  const known = encodings.find((one) => one === name.toLowerCase());
  if (known === undefined) throw new FileProblem('file_unreadable', `The encoding is not known here. Known are: ${encodings.join(', ')}.`);
  return known;
}

function byZeroBytes(sample: Buffer): Encoding | undefined {
  let even = 0;
  let odd = 0;
  for (const [at, byte] of sample.entries()) {
    if (byte !== 0) continue;
    if (at % 2 === 0) even += 1;
    else odd += 1;
  }
  // Stray zero bytes in a text of single bytes are no pattern: they are few, or on both sides, or in no line end.
  const most = Math.max(even, odd);
  if (most < sample.length / 10 || Math.min(even, odd) * 4 > most) return undefined;
  const littleEndian = odd > even;
  for (let at = 0; at + 1 < sample.length; at += 2) {
    const unit = littleEndian ? sample.readUInt16LE(at) : sample.readUInt16BE(at);
    if (unit === 10 || unit === 13) return littleEndian ? 'utf-16le' : 'utf-16be';
  }
  return undefined;
}

/** Looks at UTF-8 as it streams past, a character cut by the end of a block included. */
export interface Utf8Check {
  /** @returns where in this block it stops being UTF-8, or -1. */
  push(block: Buffer): number;
  /** Whether the last character is whole. */
  end(): boolean;
}

export function createUtf8Check(): Utf8Check {
  let cutOff = Buffer.alloc(0);
  return {
    push(block) {
      const bytes = cutOff.length === 0 ? block : Buffer.concat([cutOff, block]);
      const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes));
      if (!isUtf8(whole)) return Math.max(0, validBytes(whole) - cutOff.length);
      cutOff = Buffer.from(bytes.subarray(whole.length));
      return -1;
    },
    end: () => cutOff.length === 0,
  };
}

export interface Transcoded {
  readonly utf8: Buffer;
  /** Behind that text, something could not be decoded. */
  readonly damaged: boolean;
}

/**
 * What cannot be decoded shows as U+FFFD. Where that is in the text itself, another program has lost a character, which
 * is no better. Called without a block at the end.
 */
export function createTranscoder(encoding: Encoding): (block?: Buffer) => Transcoded {
  const decoder = new TextDecoder(encoding);
  return (block) => {
    const text = block === undefined ? decoder.decode() : decoder.decode(block, { stream: true });
    const lost = text.indexOf('\ufffd');
    return { utf8: Buffer.from(lost === -1 ? text : text.slice(0, lost)), damaged: lost !== -1 };
  };
}

/** How many bytes at the end belong to a character that goes on in the next block. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return back < lengthOfCharacter(byte) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

function lengthOfCharacter(firstByte: number): number {
  if (firstByte >= 0xf0) return 4;
  return firstByte >= 0xe0 ? 3 : 2;
}

/** Up to three bytes too many, but none of those is a line end. */
function validBytes(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    const head = bytes.subarray(0, middle);
    if (isUtf8(head.subarray(0, middle - unfinishedBytes(head)))) valid = middle;
    else invalid = middle;
  }
  return valid;
}
