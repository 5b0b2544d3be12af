/** One code point of a Chinese character is drawn differently in China, Japan and Korea: whose shapes a document gets. */
import type { EastAsian } from './fonts.ts';

/** Letters that only one of them uses decide, then the locale. */
export function eastAsianOrder(texts: Iterable<string>, locale: string): readonly EastAsian[] {
  let korean = false;
  for (const text of texts) {
    if (/[\p{sc=Hira}\p{sc=Kana}]/u.test(text)) return ['jp', 'sc', 'kr'];
    korean ||= /\p{sc=Hang}/u.test(text);
  }
  const { language } = new Intl.Locale(locale);
  if (korean || language === 'ko') return ['kr', 'sc', 'jp'];
  return language === 'ja' ? ['jp', 'sc', 'kr'] : ['sc', 'jp', 'kr'];
}
