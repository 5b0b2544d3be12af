/** Which column of a file is which column of a dataset. */
import type { Refusal } from '../../../contracts/failures.ts';
import type { Column, ImportDataset } from './dataset.ts';

/** Column of the dataset to header of the file. An empty header leaves the column out. */
export type ColumnMapping = Readonly<Record<string, string>>;

export interface MappedColumns {
  /** Column of the dataset to its place in the header, from 0. */
  readonly columns: Readonly<Record<string, number>>;
  /** Headers that are not read. */
  readonly ignored: readonly string[];
}

/** `E-Mail`, `e mail` and `email` are one, `Städte` and `stadte` are, too. */
const plain = (header: string): string => header.normalize('NFD').replace(/[\p{M}\s_.-]/gu, '').toLowerCase();

const quoted = (header: string): string => `"${header}"`;
const list = (headers: readonly string[]): string => `${headers.slice(0, 12).map(quoted).join(', ')}${headers.length > 12 ? ` and ${headers.length - 12} more` : ''}`;
const invalid = (detail: string): Refusal => ({ refused: 'header_invalid', detail });

/** The columns that `mapping` names are taken from where it says, the others are found by their names. */
export function mapColumns(header: readonly string[], dataset: ImportDataset, mapping: ColumnMapping = {}): MappedColumns | Refusal {
  const unknown = Object.keys(mapping).find((name) => !dataset.columns.some((column) => column.name === name));
  if (unknown !== undefined) return invalid(`The mapping names ${quoted(unknown)}, but ${dataset.name} have no such column. They have ${list(dataset.columns.map(({ name }) => name))}.`);

  const places = new Map<string, number>();
  for (const [name, wanted] of Object.entries(mapping)) {
    if (wanted === '') continue;
    const found = placesOf(header, [wanted], new Set());
    const [place] = found;
    if (place === undefined) return invalid(`The mapping takes ${name} from ${quoted(wanted)}, but the file has no such column. It has ${list(header)}.`);
    if (found.length > 1) return invalid(`The mapping takes ${name} from ${quoted(wanted)}, but the file has ${found.length} columns of that name: ${numbers(found)}.`);
    if ([...places.values()].includes(place)) return invalid(`The mapping takes two columns from ${quoted(wanted)}.`);
    places.set(name, place);
  }

  const given = new Set(places.values());
  const missing: Column[] = [];
  for (const column of dataset.columns) {
    if (Object.hasOwn(mapping, column.name)) {
      if (column.required && !places.has(column.name)) return invalid(`The mapping leaves out ${column.name}, which ${dataset.name} need.`);
      continue;
    }
    const byName = placesOf(header, [column.name], given);
    const found = byName.length > 0 ? byName : placesOf(header, column.aliases, given);
    const [place] = found;
    if (found.length > 1) return invalid(`The file has ${column.name} ${found.length} times: ${found.map((at) => `${quoted(header[at] ?? '')} is column ${at + 1}`).join(', ')}. Say by the mapping which one is meant.`);
    if (place !== undefined) places.set(column.name, place);
    else if (column.required) missing.push(column);
  }

  const taken = new Set(places.values());
  const ignored = header.filter((_, at) => !taken.has(at));
  if (missing.length > 0) return invalid(missing.map((column) => whatIsMissing(column, ignored)).join(' ') + ` The file has ${list(header)}.`);
  return { columns: Object.fromEntries(places), ignored };
}

function placesOf(header: readonly string[], names: readonly string[], except: ReadonlySet<number>): number[] {
  const wanted = new Set(names.map(plain));
  return header.flatMap((name, at) => (wanted.has(plain(name)) && !except.has(at) ? [at] : []));
}

const numbers = (places: readonly number[]): string => places.map((at) => `column ${at + 1}`).join(', ');

function whatIsMissing({ name, aliases }: Column, candidates: readonly string[]): string {
  const names = [name, ...aliases].map(plain);
  const near = candidates
    .map((header) => ({ header, distance: Math.min(...names.map((wanted) => distance(plain(header), wanted))) }))
    .filter(({ header, distance }) => distance <= Math.min(2, Math.floor(plain(header).length / 2)))
    .toSorted((a, b) => a.distance - b.distance)[0];
  return `The column ${name} is missing.${near === undefined ? '' : ` Is it ${quoted(near.header)}? Then say so by the mapping.`}`;
}

/** Levenshtein. Headers are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (b[j - 1] === a[i] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
