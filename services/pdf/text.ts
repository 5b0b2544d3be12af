/** Text of strangers made fit to be set, and where its lines may break. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * What cannot be seen: variation selectors, tags, byte order marks, and the overrides and isolates of reading order,
 * with which a text could show its digits in another order than it has them. Joiners stay, they change shapes, and so do
 * marks of direction, which number formats use.
 */
const invisible = /(?![\u200c-\u200f\u061c])\p{Default_Ignorable_Code_Point}/gu;
const joiners = /[\u200c\u200d]/g;
const directionMarks = /[\u200e\u200f\u061c]/g;
/** Scripts that are written without spaces between words. */
const spaceless = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;
const noBreakBefore = /^[\p{Pe}\p{Pf}\p{Po}\p{Mn}\p{Lm}ぁぃぅぇぉっゃゅょァィゥェォッャュョ]/u;
const noBreakAfter = /[\p{Ps}\p{Pi}]$/u;
const breakAfter = /[\p{Pd}/]$/u;

export const replacement = '\ufffd';

/** One paragraph a line of the input; control characters become spaces and spaces collapse. */
export function paragraphsOf(text: string): string[] {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(invisible, '')
    .split(/\r\n?|[\n\u2028\u2029]/)
    .map((line) => line.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim())
    .filter((line) => line !== '');
}

/** What a reader takes for one character: it is set in one font and never broken. */
export function graphemesOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

export function withoutJoiners(text: string): string {
  return text.replaceAll(joiners, '');
}

/** They have done their part once the reading order is known, and few fonts have them. */
export function withoutDirectionMarks(text: string): string {
  return text.replaceAll(directionMarks, '');
}

const rightToLeft = /[\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}\p{sc=Thaa}\p{sc=Nkoo}]/u;

/** For a part of a sentence in English: a date in Hebrew, say, whose day and year would else stand side by side. */
export function inItsOwnOrder(text: string): string {
  return rightToLeft.test(text) ? `\u200f${text}\u200f` : text;
}

/** Pieces after each of which a line may end. A space belongs to the piece before it. */
export function unbreakablePieces(paragraph: string): string[] {
  const pieces: string[] = [];
  for (const { segment } of words.segment(paragraph)) {
    const last = pieces.at(-1);
    if (last === undefined || mayBreak(last, segment)) pieces.push(segment);
    else pieces[pieces.length - 1] = last + segment;
  }
  return pieces;
}

function mayBreak(before: string, after: string): boolean {
  if (after.startsWith(' ')) return false;
  if (before.endsWith(' ')) return true;
  if (noBreakBefore.test(after) || noBreakAfter.test(before)) return false;
  // A dash breaks between words, not in front of a number.
  return breakAfter.test(before) ? before.length > 1 && /^\p{L}/u.test(after) : spaceless.test(before.slice(-2)) || spaceless.test(after.slice(0, 2));
}
