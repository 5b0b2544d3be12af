/** Which of a workbook's cell formats show a number as a date or a time: only the format tells them apart from numbers. */
import { readXml } from './xml.ts';

/** `duration` is a time that may be longer than a day. */
export type Shown = 'number' | 'date' | 'date-time' | 'time' | 'duration';

/** By the style number of a cell. */
export type Styles = readonly Shown[];

/** Cell styles that a workbook may have are 65,490; a file with more is not read further. */
const mostStyles = 70_000;

/** The built-in formats that are dates or times (ECMA-376 part 1, 18.8.30, with those of East Asian editions). */
function builtIn(id: number): Shown {
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 54) || id === 57 || id === 58) return 'date';
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id === 45 || id === 47 || id === 55 || id === 56) return 'time';
  if (id === 22) return 'date-time';
  return id === 46 ? 'duration' : 'number';
}

export async function readStyles(blocks: AsyncIterable<Buffer>): Promise<Styles> {
  const custom = new Map<number, Shown>();
  const styles: Shown[] = [];
  let inCellFormats = false;
  await readXml(blocks, {
    open(name, attributes) {
      if (name === 'cellXfs') inCellFormats = true;
      const id = Number(attributes['numFmtId'] ?? 0);
      if (name === 'numFmt' && custom.size < mostStyles) custom.set(id, shownBy(attributes['formatCode'] ?? ''));
      if (name === 'xf' && inCellFormats && styles.length < mostStyles) styles.push(custom.get(id) ?? builtIn(id));
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false;
    },
  });
  return styles;
}

const elapsed = /\[(?:h+|m+|s+)\]/i;
/** Quoted text, escaped characters, widths, fills, and what stands in brackets: colours, languages, conditions. */
const literals = /"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/gs;

/** What a format code such as `dd.mm.yyyy hh:mm` or `#,##0.00` shows. */
export function shownBy(code: string): Shown {
  const first = code.split(';')[0] ?? '';
  if (elapsed.test(first.replace(/"[^"]*"/g, ''))) return 'duration';
  const letters = first.replace(literals, '').replace(/general/gi, '').toLowerCase();
  const hasTime = /[hs]|am\/pm|a\/p/.test(letters);
  // An m is a month beside a year or a day, and minutes beside hours or seconds.
  const hasDate = /[yd]/.test(letters) || (letters.includes('m') && !hasTime);
  if (hasDate) return hasTime ? 'date-time' : 'date';
  return hasTime ? 'time' : 'number';
}
