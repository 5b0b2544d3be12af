/** Which slice of a sliced font has which code points: the `unicode.json` of its package. */
import { z } from 'zod';

export interface Slice {
  readonly name: string;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** @param json `{"[4]": "U+1f1e9-1f1f5,U+1f21a", "latin": "U+0000-00FF,U+30??"}` */
export function rangesOf(json: string): Slice[] {
  const byName = z.record(z.string(), z.string()).parse(JSON.parse(json));
  return Object.entries(byName).map(([name, ranges]) => ({
    name: name.replaceAll(/[[\]]/g, ''),
    ranges: ranges.split(',').map((range) => {
      const [from = '', to = from] = range.trim().replace(/^U\+/i, '').split('-');
      return [Number.parseInt(from.replaceAll('?', '0'), 16), Number.parseInt(to.replaceAll('?', 'f'), 16)] as const;
    }),
  }));
}
