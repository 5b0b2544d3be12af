/** Files of users, the same each time: 7 columns, 78 bytes a row. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const firstNames = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Frances', 'John', 'Katherine', 'Niklaus', 'Radia', 'Tony', 'Zoë', 'Łukasz', 'José', 'Mei'];
const lastNames = ['Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', 'Knuth', 'Allen', 'Backus', 'Johnson', 'Wirth', 'Perlman', 'Hoare', 'Müller', 'Nowák', 'García', 'Tanaka', "O'Neill", 'van der Berg'];
const cities = ['Berlin', 'Praha', 'Paris', 'Mumbai', 'Lisboa', 'New York', 'São Paulo', 'Kraków', 'Tōkyō', 'Cairo', 'Lagos', 'Oslo', 'Wien', 'Buenos Aires', 'Hà Nội', 'Nairobi', 'Reykjavík'];

/** Neighbours get numbers far apart: names, mails and amounts do not follow the order of the ids. */
const scattered = (n: number): number => Math.imul(n + 1, 2_654_435_761) >>> 0;
const pick = (all: readonly string[], n: number): string => all[n % all.length] ?? '';
const two = (n: number): string => String(n).padStart(2, '0');

export const header = 'external_id,email,first_name,last_name,city,birth_date,credit';

/** @param generation the same keys with other values. */
export function userRow(n: number, generation: number): string {
  const s = scattered(n + generation * 7_919);
  const first = pick(firstNames, s);
  const born = `${1940 + (s % 65)}-${two(1 + (s % 12))}-${two(1 + (s % 28))}`;
  return `u-${String(n).padStart(8, '0')},${s.toString(36)}.${n.toString(36)}@m${generation}.example.org,${first},${pick(lastNames, s >>> 4)},${pick(cities, s >>> 8)},${born},${s % 10_000}.${two(s % 100)}`;
}

export async function writeUsers(file: string, rows: number, generation: number): Promise<void> {
  function* pieces(): Generator<string> {
    let piece = `${header}\n`;
    for (let n = 0; n < rows; n += 1) {
      piece += `${userRow(n, generation)}\n`;
      if (piece.length > 65_536) {
        yield piece;
        piece = '';
      }
    }
    yield piece;
  }
  await pipeline(Readable.from(pieces()), createWriteStream(file));
}
