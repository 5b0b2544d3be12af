/** The seller's mark: their own picture, or their initial on a plain ground. */
import { inflateSync } from 'node:zlib';
import { maxLogoBytes, maxLogoSide } from '../../contracts/shop.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Samples a pixel, by colour type; a pixel of a palette is one. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export interface Picture {
  readonly contents: Buffer;
  readonly width: number;
  readonly height: number;
}

/**
 * A PNG that can be handed to pdfkit, or nothing. pdfkit throws out of a callback, past every handler, for pixels that do not
 * inflate, and believes any size, so both are tried here first. Interlaced pictures are refused: their size is not known
 * from the header.
 */
export function drawablePng(bytes: Uint8Array): Picture | undefined {
  if (bytes.length > maxLogoBytes) return undefined;
  const file = Buffer.from(bytes);
  try {
    const chunks = chunksOf(file);
    const [header] = chunks;
    if (header?.type !== 'IHDR' || header.data.length !== 13 || chunks.at(-1)?.type !== 'IEND') return undefined;
    const width = header.data.readUInt32BE(0);
    const height = header.data.readUInt32BE(4);
    const bits = header.data.readUInt8(8);
    const colorType = header.data.readUInt8(9);
    const samplesPerPixel = samples[colorType];
    if (samplesPerPixel === undefined || header.data.readUInt8(12) !== 0) return undefined;
    if (width === 0 || height === 0 || width > maxLogoSide || height > maxLogoSide) return undefined;
    if (bits !== 8 && !(bits < 8 && [1, 2, 4].includes(bits) && (colorType === 0 || colorType === 3))) return undefined;
    // With both, pdfkit would read more than there is.
    const transparent = chunks.some(({ type }) => type === 'tRNS');
    if (transparent && (colorType !== 3 || bits !== 8)) return undefined;
    if ((colorType === 3) !== chunks.some(({ type, data }) => type === 'PLTE' && data.length > 0 && data.length % 3 === 0 && data.length <= 768)) return undefined;
    const expected = height * (1 + Math.ceil((width * bits * samplesPerPixel) / 8));
    const pixels = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
    return inflateSync(pixels, { maxOutputLength: expected }).length === expected ? { contents: file, width, height } : undefined;
  } catch {
    return undefined;
  }
}

function chunksOf(file: Buffer): { type: string; data: Buffer }[] {
  const chunks = [];
  if (!file.subarray(0, 8).equals(signature)) throw new RangeError('Not a PNG.');
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    if (at + 12 + length > file.length) throw new RangeError('A PNG that was cut off.');
    chunks.push({ type: file.toString('latin1', at + 4, at + 8), data: file.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/** The first letter or digit of a name, as a capital; none for a name without any. */
export function initialOf(name: string): string {
  return /[\p{L}\p{N}]/u.exec(name.normalize('NFC'))?.[0].toLocaleUpperCase('en') ?? '';
}
