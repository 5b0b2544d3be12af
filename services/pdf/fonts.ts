/**
 * The fonts that documents are set in: the Noto Sans family, out of packages, so that nothing is fetched and every machine
 * renders the same. Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew and Thai are one file each. Chinese, Japanese and
 * Korean come in about a hundred slices each, of which a document needs a few.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { create, type Font } from 'fontkit';
import subsetFont from 'subset-font';
import { lettersOf } from './letters.ts';
import { unfailing } from './shaping.ts';
import { rangesOf, type Slice } from './unicode-ranges.ts';

export type Weight = 'regular' | 'bold';
export type EastAsian = 'sc' | 'jp' | 'kr';

export interface Measure {
  readonly ems: number;
  /** Whether fontkit, which goes by the letters alone, sets this from the right. */
  readonly rightToLeft: boolean;
}

/** One font file, parsed and shared by all documents of the process. */
export interface Face {
  readonly id: string;
  covers(codePoint: number): boolean;
  measure(text: string): Measure;
  /** Set letter by letter; undefined for what is not ASCII. */
  readonly letters: (text: string) => number | undefined;
  /** A font of its own for one document, on the shared tables. See {@link createFace}. */
  open(): Font;
}

const require = createRequire(import.meta.url);
const slicesInMemory = 64;

/** In the order in which they are asked; the first has digits and punctuation for all. */
const wholeFonts: readonly Record<Weight, string>[] = [
  {
    regular: require.resolve('@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf'),
    bold: require.resolve('@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf'),
  },
  {
    regular: require.resolve('@expo-google-fonts/noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf'),
    bold: require.resolve('@expo-google-fonts/noto-sans-arabic/700Bold/NotoSansArabic_700Bold.ttf'),
  },
  {
    regular: require.resolve('@expo-google-fonts/noto-sans-hebrew/400Regular/NotoSansHebrew_400Regular.ttf'),
    bold: require.resolve('@expo-google-fonts/noto-sans-hebrew/700Bold/NotoSansHebrew_700Bold.ttf'),
  },
  {
    regular: require.resolve('@expo-google-fonts/noto-sans-thai/400Regular/NotoSansThai_400Regular.ttf'),
    bold: require.resolve('@expo-google-fonts/noto-sans-thai/700Bold/NotoSansThai_700Bold.ttf'),
  },
];

const slicedFonts: Record<EastAsian, string> = {
  sc: require.resolve('@fontsource-variable/noto-sans-sc/unicode.json'),
  jp: require.resolve('@fontsource-variable/noto-sans-jp/unicode.json'),
  kr: require.resolve('@fontsource-variable/noto-sans-kr/unicode.json'),
};

const whole = new Map<string, Promise<Face>>();
const slices = new Map<string, Promise<Face>>();
const slicesByFamily = new Map<EastAsian, Promise<readonly Slice[]>>();

/** The face for text that no other covers: it has the replacement character. */
export async function defaultFace(weight: Weight): Promise<Face> {
  const [first] = wholeFonts;
  if (first === undefined) throw new Error('There are no fonts.');
  return await wholeFace(first[weight]);
}

/**
 * The face that has all these code points, or undefined.
 *
 * @param eastAsian which country's shapes Chinese characters get first; the same character is drawn differently in each.
 */
export async function findFace(codePoints: readonly number[], weight: Weight, eastAsian: readonly EastAsian[]): Promise<Face | undefined> {
  const [first] = codePoints;
  if (first === undefined) return undefined;
  for (const files of wholeFonts) {
    const face = await wholeFace(files[weight]);
    if (codePoints.every((codePoint) => face.covers(codePoint))) return face;
  }
  for (const family of eastAsian) {
    const slice = (await slicesOf(family)).find(({ ranges }) => ranges.some(([from, to]) => first >= from && first <= to));
    const face = slice === undefined ? undefined : await sliceFace(family, slice.name, weight);
    if (face !== undefined && codePoints.every((codePoint) => face.covers(codePoint))) return face;
  }
  return undefined;
}

async function wholeFace(file: string): Promise<Face> {
  return await remembered(whole, file, async () => createFace(file.replace(/^.*[\\/](.*)\.ttf$/, '$1'), await readFile(file)));
}

async function sliceFace(family: EastAsian, slice: string, weight: Weight): Promise<Face> {
  const name = `noto-sans-${family}-${slice}-wght-normal`;
  const face = await remembered(slices, `${name}-${weight}`, async () => {
    const variable = await readFile(join(dirname(slicedFonts[family]), 'files', `${name}.woff2`));
    // fontkit can neither embed a variable font nor a WOFF2: a plain TrueType of the one weight is cut out of it.
    const plain = await subsetFont(variable, '', { keepAllGlyphs: true, targetFormat: 'sfnt', variationAxes: { wght: weight === 'bold' ? 700 : 400 } });
    return createFace(`NotoSans${family.toUpperCase()}-${slice}-${weight}`, plain);
  });
  for (const oldest of slices.keys()) {
    if (slices.size <= slicesInMemory) break;
    slices.delete(oldest);
  }
  return face;
}

async function slicesOf(family: EastAsian): Promise<readonly Slice[]> {
  return await remembered(slicesByFamily, family, async () => rangesOf(await readFile(slicedFonts[family], 'utf8')));
}

/** One that failed is tried again; one that is used again becomes the youngest. */
async function remembered<Key, Value>(cache: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const found = cache.get(key) ?? make();
  cache.delete(key);
  cache.set(key, found);
  try {
    return await found;
  } catch (error) {
    cache.delete(key);
    throw error;
  }
}

/**
 * fontkit keeps with each glyph the text that it was first asked for, and that goes into the PDF: a font shared by
 * documents would make the bytes of one depend on those before it. So each document gets its own, on shared tables,
 * which are what is slow to read. The name has to be unique in a document: pdfkit takes fonts of one name for one font.
 */
function createFace(id: string, bytes: Buffer): Face {
  const tables = {};
  const open = (): Font => {
    const font = create(bytes);
    if (!('layout' in font)) throw new Error(`${id} is a collection of fonts.`);
    return unfailing(Object.defineProperties(font, { _tables: { value: tables }, postscriptName: { value: id } }));
  };
  const shared = open();
  return {
    id,
    open,
    letters: lettersOf(shared),
    covers: (codePoint) => shared.hasGlyphForCodePoint(codePoint),
    measure(text) {
      const { advanceWidth, direction } = shared.layout(text, []);
      return { ems: advanceWidth / shared.unitsPerEm, rightToLeft: direction === 'rtl' };
    },
  };
}
