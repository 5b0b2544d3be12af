import '../support/realm.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { imageFormats } from '../../contracts/uploads/flow.ts';
import { optimiseImage, type ImageFacts, type MadeVariant } from '../../services/images/optimise.ts';
import { workerEnvironment } from '../../stack/worker-process.ts';
import { aBomb, anAnimation, anImage, aPhotograph } from '../support/images.ts';

async function made(original: Uint8Array): Promise<{ facts: ImageFacts; variants: MadeVariant[] }> {
  const variants: MadeVariant[] = [];
  const facts = await optimiseImage(original, async (variant) => {
    variants.push(variant);
    await Promise.resolve();
  });
  return { facts, variants };
}
const sizes = (variants: readonly MadeVariant[]): string[] => variants.map(({ format, width, height }) => `${format} ${width}x${height}`);
const refusal = async (original: Uint8Array): Promise<unknown> => await made(original).then(() => 'taken', (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));
/** Of the middle of the upper and of the lower half. */
async function colours(image: Buffer): Promise<string[]> {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): string => {
    const start = (y * info.width + x) * info.channels;
    const [r = 0, g = 0, b = 0] = data.subarray(start, start + 3);
    return r > 200 && b < 50 ? 'red' : b > 200 && r < 50 ? 'blue' : g > 200 ? 'green' : `${r} ${g} ${b}`;
  };
  return [at(Math.floor(info.width / 4), Math.floor(info.height / 2)), at(Math.floor((info.width * 3) / 4), Math.floor(info.height / 2))];
}

describe('an image', () => {
  test('comes in four sizes, in webp and in its own format', async () => {
    const { facts, variants } = await made(await anImage({ width: 2600, height: 1300 }));
    expect(facts).toEqual({ format: 'jpeg', width: 2600, height: 1300 });
    expect(sizes(variants)).toEqual(['webp 320x160', 'jpeg 320x160', 'webp 640x320', 'jpeg 640x320', 'webp 1280x640', 'jpeg 1280x640', 'webp 2048x1024', 'jpeg 2048x1024']);
    for (const { contents, format, width, height } of variants) expect(await sharp(contents).metadata()).toMatchObject({ format, width, height });
  });

  test.each([
    [100, ['webp 100x50', 'png 100x50']],
    [320, ['webp 320x160', 'png 320x160']],
    [700, ['webp 320x160', 'png 320x160', 'webp 640x320', 'png 640x320', 'webp 700x350', 'png 700x350']],
  ])('of %i pixels is never enlarged', async (width, expected) => {
    expect(sizes((await made(await anImage({ width, height: width / 2, format: 'png' }))).variants)).toEqual(expected);
  });

  test('is turned as it is to be seen, and says nothing of who took it, with what and where', async () => {
    const original = await aPhotograph({ width: 800, height: 400 });
    expect(original.toString('latin1')).toContain('Secret Camera');
    const { facts, variants } = await made(original);
    expect(facts).toEqual({ format: 'jpeg', width: 400, height: 800 });
    for (const { contents } of variants) {
      const { exif, xmp, iptc, icc, orientation = 1 } = await sharp(contents).metadata();
      expect({ exif, xmp, iptc, icc, orientation }).toEqual({ exif: undefined, xmp: undefined, iptc: undefined, icc: undefined, orientation: 1 });
      expect(contents.toString('latin1')).not.toMatch(/Secret|Lovelace/);
    }
    expect(sizes(variants).at(-1)).toBe('jpeg 400x800');
    // What was above is on the right.
    expect(await colours(variants.at(-1)?.contents ?? Buffer.alloc(0))).toEqual(['blue', 'red']);
  });

  test.each(imageFormats)('in %s is taken by its content', async (format) => {
    const { facts, variants } = await made(await anImage({ width: 400, height: 300, format }));
    expect(facts.format).toBe(format);
    expect(sizes(variants)).toEqual(format === 'webp' ? ['webp 320x240', 'webp 400x300'] : ['webp 320x240', `${format} 320x240`, 'webp 400x300', `${format} 400x300`]);
    const { format: read, compression } = await sharp(variants.at(-1)?.contents).metadata();
    expect(read === 'heif' ? compression === 'av1' : read === format).toBe(true);
  });

  test('that moves shows its first frame', async () => {
    const { variants } = await made(await anAnimation({ width: 60, height: 40 }));
    expect(sizes(variants)).toEqual(['webp 60x40', 'gif 60x40']);
    for (const { contents } of variants) {
      expect((await sharp(contents).metadata()).pages ?? 1).toBe(1);
      expect(await colours(contents)).toEqual(['red', 'red']);
    }
  });

  test('keeps what is transparent', async () => {
    const original = await sharp({ create: { width: 10, height: 10, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).png().toBuffer();
    for (const { contents } of (await made(original)).variants) expect((await sharp(contents).stats()).isOpaque).toBe(false);
  });

  test('in the colours of print is shown in those of a screen', async () => {
    const original = await sharp(await anImage({ width: 50, height: 50 })).toColourspace('cmyk').jpeg().toBuffer();
    for (const { contents } of (await made(original)).variants) expect((await sharp(contents).metadata()).space).toBe('srgb');
  });

  test('that is very high is as high as WebP can be', async () => {
    expect(sizes((await made(await anImage({ width: 40, height: 20_000, format: 'png' }))).variants).every((size) => /x1638[0-3]$/.test(size))).toBe(true);
  });
});

describe('what cannot be used', () => {
  test.each([
    ['text', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['a PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n')],
    ['a drawing that can carry a script', Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>')],
    ['a zip', Buffer.from('504b0304140000000800', 'hex')],
  ])('as %s is told apart', async (_what, bytes) => {
    expect(await refusal(bytes)).toBe('image_unsupported');
  });

  test('in a format that is an image but none of ours is told apart', async () => {
    expect(await refusal(await sharp(await anImage({ width: 9, height: 9 })).tiff().toBuffer())).toBe('image_unsupported');
  });

  test.each(imageFormats)('because a %s is cut off is told apart, wherever it is cut', async (format) => {
    const whole = await anImage({ width: 300, height: 200, format, noise: true });
    for (const share of [0.2, 0.5, 0.9]) expect([share, await refusal(whole.subarray(0, Math.floor(whole.length * share)))]).toEqual([share, 'image_damaged']);
  });

  test('because it has too many pixels is refused before they are decoded', async () => {
    const bomb = await aBomb(8_000, 8_000);
    expect(bomb.length).toBeLessThan(2_000_000);
    expect(await refusal(bomb)).toBe('image_too_large');
    // Whoever decodes what is cut off finds it damaged.
    expect(await refusal(bomb.subarray(0, bomb.length / 10))).toBe('image_too_large');
  });

  test('because its header lies about its size is refused', async () => {
    const image = await anImage({ width: 100, height: 100, format: 'png' });
    // Width and height of the header chunk, whose checksum is then wrong.
    image.writeUInt32BE(60_000, 16);
    image.writeUInt32BE(60_000, 20);
    expect(['image_damaged', 'image_too_large']).toContain(await refusal(image));
  });

  test('after bytes were changed at random is refused or made, never anything else', async () => {
    const whole = await Promise.all(imageFormats.map(async (format) => await anImage({ width: 60, height: 40, format, noise: true })));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { minLength: 1, maxLength: 20 }), async (which, changes) => {
        const image = Buffer.from(whole[which] ?? Buffer.alloc(0));
        for (const [at, value] of changes) image[at % image.length] = value;
        expect(['taken', 'image_unsupported', 'image_damaged', 'image_too_large']).toContain(await refusal(image));
      }),
      { numRuns: 60 },
    );
  });
});

test('many large images take no more memory than a few', async () => {
  const script = `
    import sharp from 'sharp';
    import { optimiseImage } from ${JSON.stringify(new URL('../../services/images/optimise.ts', import.meta.url).href)};
    const image = await sharp({ create: { width: 4000, height: 3000, channels: 3, background: 'red' } }).png().toBuffer();
    const seen = [];
    for (let made = 0; made < 12; made += 1) {
      await Promise.all([optimiseImage(image, async () => {}), optimiseImage(image, async () => {})]);
      gc();
      gc();
      seen.push(process.memoryUsage().rss / 1024 / 1024);
    }
    process.stdout.write(JSON.stringify(seen));`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: new URL('../..', import.meta.url), env: { ...process.env, ...workerEnvironment, NODE_OPTIONS: '' } });
  const said = text(child.stdout);
  expect(((await once(child, 'close')) as [number])[0]).toBe(0);
  const seen = JSON.parse(await said) as number[];
  // What is kept never goes away, and would be 430 MB of pixels in six more rounds; what the allocator keeps for itself comes and goes.
  expect(Math.min(...seen.slice(6)) - Math.min(...seen.slice(0, 6))).toBeLessThan(200);
});
