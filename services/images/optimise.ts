/**
 * Images of strangers made fit for a page: turned as they are to be seen, without anything but the picture, in several
 * sizes. The decoder is the part that can be attacked, so the type is known by content and the pixels are counted before
 * anything is decoded.
 */
import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Sharp } from 'sharp';
import { imageFormats, imageWidths, maxImagePixels, type ImageFormat } from '../../contracts/uploads/flow.ts';

// One thread for each image, as the queue runs as many at once as there are processors; and nothing is kept between
// two, as no two are alike. https://sharp.pixelplumbing.com/api-utility/
sharp.concurrency(1);
sharp.cache(false);

/** The longest side that WebP can have: https://developers.google.com/speed/webp/faq */
const longestSide = 16_383;
/** Below the activity's start-to-close timeout. A decoder that takes longer is ended. */
const timeoutSeconds = 100;

/** The image cannot be used, now or later. */
export class ImageRefused extends Error {
  override readonly name = 'ImageRefused';
  readonly code: 'image_unsupported' | 'image_damaged' | 'image_too_large';

  constructor(code: ImageRefused['code']) {
    super(code);
    this.code = code;
  }
}

export interface ImageFacts {
  readonly format: ImageFormat;
  /** As it is to be seen. */
  readonly width: number;
  readonly height: number;
}

export interface MadeVariant extends ImageFacts {
  readonly contents: Buffer;
}

/**
 * @param take gets the variants one after the other, so that only one is in memory.
 * @throws {ImageRefused}
 */
export async function optimiseImage(original: Uint8Array, take: (variant: MadeVariant) => Promise<void>): Promise<ImageFacts> {
  const format = await formatOf(original);
  const image = sharp(original, { limitInputPixels: maxImagePixels, failOn: 'truncated', pages: 1 }).timeout({ seconds: timeoutSeconds });
  const { facts, isPalette } = await look(image, format);
  const { data, info } = await decoded(image);
  const picture = { raw: { width: info.width, height: info.height, channels: info.channels }, limitInputPixels: false };
  for (const width of widthsFor(info.width)) {
    const sized = sharp(data, picture).resize({ width });
    for (const target of new Set<ImageFormat>(['webp', format])) {
      const made = await encoded(sized.clone(), target, isPalette).toBuffer({ resolveWithObject: true });
      await take({ format: target, width: made.info.width, height: made.info.height, contents: made.data });
    }
  }
  return facts;
}

async function formatOf(original: Uint8Array): Promise<ImageFormat> {
  const type = await fileTypeFromBuffer(original);
  const name = type?.mime.replace('image/', '').replace('apng', 'png');
  const format = imageFormats.find((known) => known === name);
  if (format === undefined) throw new ImageRefused('image_unsupported');
  return format;
}

/** Reads the header only. */
async function look(image: Sharp, format: ImageFormat): Promise<{ facts: ImageFacts; isPalette: boolean }> {
  const { autoOrient, isPalette } = await refusing(async () => await image.metadata());
  const { width, height } = autoOrient;
  if (width * height > maxImagePixels) throw new ImageRefused('image_too_large');
  return { facts: { format, width, height }, isPalette };
}

/** Decoded once, no larger than the largest size; whatever is wrong with the file shows here. */
async function decoded(image: Sharp): Promise<{ data: Buffer; info: { width: number; height: number; channels: 1 | 2 | 3 | 4 } }> {
  return await refusing(
    async () => await image.autoOrient().resize({ width: Math.max(...imageWidths), height: longestSide, fit: 'inside', withoutEnlargement: true }).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true }),
  );
}

function widthsFor(width: number): readonly number[] {
  return [...imageWidths.filter((size) => size < width), Math.min(width, Math.max(...imageWidths))];
}

function encoded(image: Sharp, format: ImageFormat, isPalette: boolean): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality: 80, mozjpeg: true });
    case 'png':
      return image.png({ compressionLevel: 9, palette: isPalette });
    case 'webp':
      return image.webp({ quality: 80 });
    case 'gif':
      // The slowest encoder of all at its default.
      return image.gif({ effort: 2 });
    case 'avif':
      // Twice as fast as the default, for a few per cent more bytes.
      return image.avif({ quality: 55, effort: 2 });
  }
}

/** What the decoder says of a file is the file's fault; that it took too long may be this machine's. */
async function refusing<Result>(decode: () => Promise<Result>): Promise<Result> {
  try {
    return await decode();
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (message.startsWith('timeout')) throw error;
    throw new ImageRefused(/exceeds pixel limit|too large|dimension/i.test(message) ? 'image_too_large' : 'image_damaged');
  }
}
