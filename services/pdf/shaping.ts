/**
 * A font that sets whatever text it gets. fontkit breaks off over some marks that a font has no place for, and one name
 * would then cost its whole document. https://github.com/foliojs/fontkit (`getAnchor` of a mark that has none)
 */
import type { Font, Glyph, GlyphPosition, GlyphRun } from 'fontkit';
import { graphemesOf } from './text.ts';

/** The same font; where it would break off, it sets one character after the other, unjoined, and the marks of the worst as they come. */
export function unfailing(font: Font): Font {
  const layout = font.layout.bind(font);
  type How = Parameters<typeof layout> extends [string, ...infer Rest] ? Rest : never;

  function setOr(otherwise: (text: string, how: How) => GlyphRun, text: string, how: How): GlyphRun {
    try {
      return layout(text, ...how);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return otherwise(text, how);
    }
  }

  function joined(parts: readonly { readonly glyphs: readonly Glyph[]; readonly positions: readonly GlyphPosition[] }[], how: How): GlyphRun {
    const run = layout('', ...how);
    run.glyphs = parts.flatMap(({ glyphs }) => glyphs);
    run.positions = parts.flatMap(({ positions }) => positions);
    return run;
  }

  function oneByOne(text: string, how: How): GlyphRun {
    const parts = graphemesOf(text).map((character) => setOr(bare, character, how));
    const direction = parts.some((part) => part.direction === 'rtl') ? 'rtl' : 'ltr';
    return Object.assign(joined(direction === 'rtl' ? parts.toReversed() : parts, how), { direction });
  }

  function bare(character: string, how: How): GlyphRun {
    const glyphs = Array.from(character, (one) => font.glyphForCodePoint(one.codePointAt(0) ?? 0));
    return joined([{ glyphs, positions: glyphs.map(({ advanceWidth }) => ({ xAdvance: advanceWidth, yAdvance: 0, xOffset: 0, yOffset: 0 })) }], how);
  }

  font.layout = (text, ...how) => setOr(oneByOne, text, how);
  return font;
}
