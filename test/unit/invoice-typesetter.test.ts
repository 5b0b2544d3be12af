import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eastAsianOrder } from '../../services/pdf/east-asian.ts';
import { inItsOwnOrder, paragraphsOf, unbreakablePieces } from '../../services/pdf/text.ts';
import { createTypesetter, type Line } from '../../services/pdf/typesetter.ts';

const style = { weight: 'regular', size: 9, color: '#000000' } as const;
const typesetter = () => createTypesetter(['sc', 'jp', 'kr'], () => undefined);
const shown = (line: Line | undefined): string[] => line?.runs.map((run) => run.text) ?? [];
const fontsOf = (line: Line): string[] => line.runs.map((run) => run.font);

describe('text of strangers', () => {
  test('loses what cannot be seen and what would change its order', () => {
    expect(paragraphsOf('a\u0000b\u001b[1m\u202Ec\u2066d\ufeff\u00ad\t e\u0007')).toEqual(['a b [1mcd e']);
    expect(paragraphsOf('one\r\ntwo\n\n \u2028three')).toEqual(['one', 'two', 'three']);
    expect(paragraphsOf('\ud800')).toEqual(['\ufffd']);
    expect(paragraphsOf('e\u0301')).toEqual(['é']);
  });

  test.each([
    ['one two-way 1-2', ['one ', 'two-', 'way ', '1-2']],
    ['東京、大阪(駅)。', ['東京、', '大阪', '(駅)。']],
    ['สวัสดีชาวโลก', ['สวัสดี', 'ชาว', 'โลก']],
    ['서울 호텔', ['서울 ', '호텔']],
  ])('may break in %s where its readers would', (text, pieces) => {
    expect(unbreakablePieces(text)).toEqual(pieces);
  });
});

describe('the typesetter', () => {
  test('takes a font for each script', async () => {
    const set = typesetter();
    const families = async (text: string) => fontsOf(await set.line(text, style));
    expect(await families('Äpfel Ελλάδα Київ हिन्दी Đặng')).toEqual(['NotoSans_400Regular']);
    expect(await families('فاتورة')).toEqual(['NotoSansArabic_400Regular']);
    expect(await families('חשבונית')).toEqual(['NotoSansHebrew_400Regular']);
    expect(await families('ใบแจ้งหนี้')).toEqual(['NotoSansThai_400Regular']);
    expect((await families('发票')).every((font) => font.startsWith('NotoSansSC'))).toBe(true);
    expect((await families('請求書の')).every((font) => /^NotoSans(SC|JP)/.test(font))).toBe(true);
    expect((await families('송장')).every((font) => font.startsWith('NotoSans'))).toBe(true);
    expect(fontsOf(await set.line('Bold', { ...style, weight: 'bold' }))).toEqual(['NotoSans_700Bold']);
  });

  test('shows one replacement character for what no font has', async () => {
    expect(shown(await typesetter().line('a 👨‍👩‍👧‍👦 b \u{10ffff}', style)).join('')).toBe('a \ufffd b \ufffd');
  });

  test('puts right-to-left text and the numbers in it in the order in which they are read', async () => {
    const set = typesetter();
    expect(shown(await set.line('חדר (גדול) 24', style))).toEqual(['24', ' (', 'גדול', ')', 'חדר ']);
    expect(shown(await set.line('Total 3 שקל x', style))[0]).toBe('Total 3 ');
  });

  test('keeps a Hebrew date together in a sentence in English', async () => {
    const set = typesetter();
    const seen = shown(await set.line(`Paid on ${inItsOwnOrder('29 בנובמבר 2026')}`, style)).map((text) => text.trim()).filter((text) => text !== '');
    expect(seen).toEqual(['Paid on', '2026', 'בנובמבר', '29']);
    expect(inItsOwnOrder('29 November 2026')).toBe('29 November 2026');
  });

  test('does not turn Arabic digits round', async () => {
    const positions = (text: string) => typesetter().line(text, style).then((line) => line.runs);
    const [alone] = await positions('١٢٣');
    // fontkit takes them for right-to-left and turns them round, so it has to get them turned.
    expect(alone?.text).toBe('٣٢١');
  });

  test('breaks long text into lines that fit and lose nothing', async () => {
    const set = typesetter();
    const letters = fc.string({ unit: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...Array.from('abcdefgh  ,.-(Wé中国日本語のกขคहनदשלוםسلام한국')) }, { weight: 1, arbitrary: fc.constantFrom('👍', '\u0301', '\u200d', '\n') }), maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(letters, fc.integer({ min: 40, max: 200 }), async (text, width) => {
        const lines = await set.lines(text, style, width);
        for (const line of lines) expect(line.width).toBeLessThanOrEqual(width * 1.02);
        const count = (texts: string[]) => texts.join('').replaceAll(/[\s\u200d]/g, '').normalize('NFC').length;
        if (!/👍|\u0301|\u200d/u.test(text)) expect(count(lines.flatMap(shown))).toBe(count(paragraphsOf(text)));
      }),
      { numRuns: 150 },
    );
  });

  test('never fails, whatever the text', async () => {
    const set = typesetter();
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => { await set.lines(text, style, 100); }), { numRuns: 150 });
  });

  test('sets marks that fontkit breaks off over: on paper is what it could set, and every letter', async () => {
    // Found by trying: Arabic letters with marks of the Quran that the font has no place for.
    const text = 'ࢠࣹࢯࣙࣿࢰࣆࣣࣕࣘﻢﻋ';
    const [line] = await typesetter().lines(`name ${text} end`, style, 1_000);
    expect(shown(line).join('')).toContain('ﻋ');
    expect(shown(line)[0]).toBe('name ');
    expect(line?.width).toBeGreaterThan(50);
    const plainly = createTypesetter([], () => undefined, { plainly: true });
    expect((await plainly.lines(text, style, 1_000))[0]?.width).toBeGreaterThan(10);
  });

  test('cuts off what is over the limit with an ellipsis', async () => {
    const lines = await typesetter().lines('word '.repeat(100), style, 100, 3);
    expect(lines).toHaveLength(3);
    expect(shown(lines[2]).join('')).toMatch(/…$/);
    expect(lines[2]?.width).toBeLessThanOrEqual(100);
  });
});

describe('Chinese characters', () => {
  test('are drawn as the other letters of the invoice or its locale suggest', () => {
    expect(eastAsianOrder(['東京'], 'ja-JP')[0]).toBe('jp');
    expect(eastAsianOrder(['東京', 'ホテル'], 'en')[0]).toBe('jp');
    expect(eastAsianOrder(['서울'], 'en')[0]).toBe('kr');
    expect(eastAsianOrder(['北京'], 'en')[0]).toBe('sc');
  });
});
