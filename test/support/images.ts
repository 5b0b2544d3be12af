/** Images for tests, made as they are needed. */
import sharp, { type Sharp } from 'sharp';
import { type ImageFormat } from '../../contracts/uploads/flow.ts';

interface Wanted {
  readonly width: number;
  readonly height: number;
  readonly format?: ImageFormat;
  /** A picture that does not compress away. */
  readonly noise?: boolean;
}

const plain = ({ width, height, noise = false }: Wanted): Sharp =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 80, b: 20 }, ...(noise && { noise: { type: 'gaussian', mean: 128, sigma: 30 } }) } });

export async function anImage(wanted: Wanted): Promise<Buffer> {
  return await plain(wanted).toFormat(wanted.format ?? 'jpeg').toBuffer();
}

/** The upper half is red, the lower blue, and a camera says where it was taken, by whom, and that it was turned. */
export async function aPhotograph({ width, height }: Wanted): Promise<Buffer> {
  const half = await sharp({ create: { width, height: height / 2, channels: 3, background: { r: 0, g: 0, b: 255 } } }).png().toBuffer();
  return await sharp({ create: { width, height, channels: 3, background: { r: 255, g: 0, b: 0 } } })
    .composite([{ input: half, top: height / 2, left: 0 }])
    .withExif({ IFD0: { Copyright: 'Ada Lovelace', Make: 'Secret Camera' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
    // Turned to the right when it was taken: to be seen, it is turned back.
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
}

/** Three frames of different colours. */
export async function anAnimation({ width, height }: Wanted): Promise<Buffer> {
  const frames = await Promise.all([{ r: 255, g: 0, b: 0 }, { r: 0, g: 255, b: 0 }, { r: 0, g: 0, b: 255 }].map(async (background) => await sharp({ create: { width, height, channels: 3, background } }).png().toBuffer()));
  return await sharp(frames, { join: { animated: true } }).gif().toBuffer();
}

/** A PNG of a few bytes that says it has so many pixels. */
export async function aBomb(width: number, height: number): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 3, background: { r: 0, g: 0, b: 0 } }, limitInputPixels: false }).png({ compressionLevel: 9 }).toBuffer();
}
