/**
 * Sets text in lines: a font for each character, the order in which it is read (right-to-left scripts within
 * left-to-right text and the other way round), breaks. pdfkit and fontkit shape what is in one font and direction.
 */
import bidiFactory, { type EmbeddingLevels } from 'bidi-js';
import type { Font } from 'fontkit';
import { defaultFace, findFace, type EastAsian, type Face, type Measure, type Weight } from './fonts.ts';
import { isPlain, letterByLetter } from './letters.ts';
import { graphemesOf, paragraphsOf, replacement, unbreakablePieces, withoutDirectionMarks, withoutJoiners } from './text.ts';

export interface Style {
  readonly weight: Weight;
  readonly size: number;
  readonly color: string;
}

/** Characters of one font and direction, at their place in the line. */
export interface Run {
  readonly font: string;
  /** As fontkit has to get it, so that it comes out right. */
  readonly text: string;
  readonly x: number;
  readonly width: number;
}

export interface Line {
  readonly runs: readonly Run[];
  readonly width: number;
  readonly style: Style;
}

export interface Typesetter {
  /** @param limit more lines than this are cut off, with an ellipsis. */
  lines(text: string, style: Style, width: number, limit?: number): Promise<Line[]>;
  line(text: string, style: Style): Promise<Line>;
}

interface Character {
  readonly text: string;
  readonly face: Face;
}

const bidi = bidiFactory();

export interface TypesetterOptions {
  /** ASCII is set letter by letter: for tables of thousands of cells. */
  readonly plainly?: boolean;
}

/** What was measured is remembered, up to so many texts: a long table has few that come again. */
const mostMeasures = 20_000;

/** @param register called once for each font that the document comes to use. */
export function createTypesetter(eastAsian: readonly EastAsian[], register: (name: string, font: Font) => void, { plainly = false }: TypesetterOptions = {}): Typesetter {
  const used = new Set<string>();
  const faces = new Map<string, Face | undefined>();
  const measures = new Map<string, Measure>();

  function measure(face: Face, text: string): Measure {
    const ems = plainly ? face.letters(text) : undefined;
    if (ems !== undefined) return { ems, rightToLeft: false };
    const key = `${face.id} ${text}`;
    const found = measures.get(key) ?? face.measure(text);
    if (measures.size >= mostMeasures) measures.clear();
    measures.set(key, found);
    return found;
  }

  function use(face: Face): void {
    if (used.has(face.id)) return;
    register(face.id, plainly ? letterByLetter(face.open()) : face.open());
    used.add(face.id);
  }

  /** What needs nothing but to be put down, if it fits. */
  async function plainLine(text: string, style: Style, width: number): Promise<Line | undefined> {
    if (!isPlain(text)) return undefined;
    const face = await defaultFace(style.weight);
    const needed = measure(face, text).ems * style.size;
    if (needed > width) return undefined;
    use(face);
    return { runs: [{ font: face.id, text, x: 0, width: needed }], width: needed, style };
  }

  async function faceOf(character: string, weight: Weight): Promise<Face | undefined> {
    const key = `${weight} ${character}`;
    if (!faces.has(key)) faces.set(key, await findFace(Array.from(character, (one) => one.codePointAt(0) ?? 0), weight, eastAsian));
    return faces.get(key);
  }

  /** What no font has is shown as a replacement character, an emoji of seven code points as one. */
  async function charactersOf(paragraph: string, weight: Weight): Promise<Character[]> {
    const characters: Character[] = [];
    const fallback = await defaultFace(weight);
    for (const text of graphemesOf(paragraph)) {
      const previous = characters.at(-1)?.face ?? fallback;
      const bare = withoutJoiners(text);
      if (bare === '') continue;
      const keepsFace = (bare === ' ' && previous.covers(0x20)) || withoutDirectionMarks(bare) === '';
      const face = keepsFace ? previous : await faceOf(bare, weight);
      if (face !== undefined) characters.push({ text: face.covers(0x200c) && face.covers(0x200d) ? text : bare, face });
      else {
        const [base = ''] = text;
        const baseFace = base === text ? undefined : await faceOf(base, weight);
        if (baseFace !== undefined) characters.push({ text: base, face: baseFace });
        characters.push({ text: replacement, face: fallback });
      }
    }
    return characters;
  }

  /** Without regard to reading order, which moves characters but hardly changes their widths. */
  function widthOfCharacters(characters: readonly Character[], size: number): number {
    return sum(stretches(characters).map(({ face, text }) => measure(face, withoutDirectionMarks(text)).ems * size));
  }

  /** One line of a paragraph, from the left as it is seen. */
  function arrange(text: string, faceAt: readonly Face[], levels: EmbeddingLevels, from: number, to: number, style: Style): Line {
    const order = visualOrder(text, levels, from, to);
    const mirrored = bidi.getMirroredCharactersMap(text, levels.levels, from, to);
    const runs: Run[] = [];
    let x = 0;
    for (let start = 0; start < order.length;) {
      const first = order[start] ?? 0;
      const face = faceAt[first];
      const level = levels.levels[first] ?? 0;
      const step = level % 2 === 1 ? -1 : 1;
      const continues = (at: number): boolean => order[at] === first + step * (at - start) && levels.levels[order[at]] === level && faceAt[order[at]] === face;
      let end = start + 1;
      while (end < order.length && continues(end)) end += 1;
      const lowest = Math.min(first, order[end - 1] ?? first);
      const logical = withoutDirectionMarks(Array.from({ length: end - start }, (_, at) => mirrored.get(lowest + at) ?? text[lowest + at]).join(''));
      if (face !== undefined && logical !== '') {
        // Blanks and signs among Hebrew, or Arabic digits, have a direction that fontkit does not see.
        const shown = measure(face, logical).rightToLeft === (step === -1) ? logical : graphemesOf(logical).toReversed().join('');
        use(face);
        const width = measure(face, shown).ems * style.size;
        runs.push({ font: face.id, text: shown, x, width });
        x += width;
      }
      start = end;
    }
    return { runs, width: x, style };
  }

  async function setParagraph(paragraph: string, style: Style, width: number, limit: number): Promise<Line[]> {
    const rows: Character[][] = [[]];
    let used = 0;
    for (const piece of unbreakablePieces(paragraph)) {
      const characters = await charactersOf(piece, style.weight);
      const needed = widthOfCharacters(trimmed(characters), style.size);
      if (used > 0 && used + needed > width && needed <= width) {
        rows.push([]);
        used = 0;
      }
      // A word that is longer than a line breaks anywhere.
      const parts = used + needed <= width ? [characters] : characters.map((character) => [character]);
      for (const part of parts) {
        const own = widthOfCharacters(part, style.size);
        if (used > 0 && used + widthOfCharacters(trimmed(part), style.size) > width) {
          rows.push([]);
          used = 0;
        }
        rows.at(-1)?.push(...part);
        used += own;
      }
      if (rows.length > limit) break;
    }
    const kept = rows.filter((row) => row.length > 0).slice(0, limit);
    if (rows.length > limit) await endInEllipsis(kept, style, width);

    const characters = kept.flat();
    const text = characters.map((character) => character.text).join('');
    const faceAt = characters.flatMap(({ text, face }) => Array.from({ length: text.length }, () => face));
    const levels = bidi.getEmbeddingLevels(text);
    let from = 0;
    return kept.map((row) => {
      const to = from + row.reduce((length, character) => length + character.text.length, 0);
      const visible = text.slice(from, to).trimEnd().length;
      const line = arrange(text, faceAt, levels, from, from + visible - 1, style);
      from = to;
      return line;
    });
  }

  async function endInEllipsis(rows: readonly Character[][], style: Style, width: number): Promise<void> {
    const last = rows.at(-1) ?? [];
    const ellipsis = await charactersOf('…', style.weight);
    while (last.length > 0 && widthOfCharacters([...last, ...ellipsis], style.size) > width) last.pop();
    last.push(...ellipsis);
  }

  async function lines(text: string, style: Style, width: number, limit = Number.POSITIVE_INFINITY): Promise<Line[]> {
    const line = plainly ? await plainLine(text, style, width) : undefined;
    if (line !== undefined) return [line];
    const found: Line[] = [];
    for (const paragraph of paragraphsOf(text)) {
      if (found.length >= limit) break;
      found.push(...(await setParagraph(paragraph, style, width, limit - found.length)));
    }
    return found;
  }

  return {
    lines,
    async line(text, style) {
      const [line] = await lines(text, style, Number.POSITIVE_INFINITY, 1);
      return line ?? { runs: [], width: 0, style };
    },
  };
}

/** Places of the characters `from` to `to` in the order in which they are seen. */
function visualOrder(text: string, levels: EmbeddingLevels, from: number, to: number): number[] {
  const order = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  for (const [first, last] of bidi.getReorderSegments(text, levels, from, to)) {
    order.splice(first - from, last - first + 1, ...order.slice(first - from, last - from + 1).toReversed());
  }
  return order;
}

function trimmed(characters: readonly Character[]): readonly Character[] {
  return characters.at(-1)?.text === ' ' ? characters.slice(0, -1) : characters;
}

/** Neighbours of one font, joined: they are shaped together. */
function stretches(characters: readonly Character[]): Character[] {
  const joined: Character[] = [];
  for (const { text, face } of characters) {
    const last = joined.at(-1);
    if (last?.face === face) joined[joined.length - 1] = { face, text: last.text + text };
    else joined.push({ face, text });
  }
  return joined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
