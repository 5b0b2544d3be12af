/** Which header of a file is which column of a dataset, by the same rule as the server's. */
/** @import { DatasetView } from '../contracts/datasets.ts' */

/** `E-Mail`, `e mail` and `email` are one. @param {string} name */
export const plain = (name) => name.normalize('NFD').replaceAll(/[\p{M}\s_.-]/gu, '').toLowerCase();

/**
 * A name is stronger than another name for it, so a file may have both `id` and `external_id`.
 * @param {readonly string[]} header
 * @param {DatasetView['columns']} columns
 * @returns {(string | undefined)[]} For each header the column that it is taken for.
 */
export function recognise(header, columns) {
  /** @type {(string | undefined)[]} */
  const found = header.map(() => undefined);
  for (const { name, aliases } of columns) {
    const place = placeOf([name], header, found) ?? placeOf(aliases, header, found);
    if (place !== undefined) found[place] = name;
  }
  return found;
}

/**
 * @param {readonly string[]} names
 * @param {readonly string[]} header
 * @param {readonly (string | undefined)[]} taken
 */
function placeOf(names, header, taken) {
  const wanted = new Set(names.map(plain));
  const place = header.findIndex((one, at) => taken[at] === undefined && wanted.has(plain(one)));
  return place === -1 ? undefined : place;
}

/**
 * Where the columns of a file went before: a file of rejected rows has the headers of the file that they came from.
 * @param {readonly string[]} header
 * @param {readonly (string | undefined)[]} recognised
 * @param {ReadonlyMap<string, string | null>} before Header to column; null was left out.
 * @returns {(string | undefined)[]}
 */
export function recalled(header, recognised, before) {
  const recall = header.map((name) => before.get(name));
  return header.map((_, at) => {
    const column = recall[at];
    if (column !== undefined) return column ?? undefined;
    // What was taken from elsewhere is taken from there again.
    return recall.includes(recognised[at] ?? null) ? undefined : recognised[at];
  });
}

/**
 * What the server has to be told: only what it would not see by itself, so that a further file may have other headers.
 * @param {readonly string[]} header
 * @param {readonly (string | undefined)[]} recognised
 * @param {readonly (string | undefined)[]} chosen
 * @param {DatasetView['columns']} columns
 * @returns {Record<string, string | null>} Header to column; null leaves it out.
 */
export function mappingOf(header, recognised, chosen, columns) {
  const changed = header.flatMap((name, at) => {
    const column = chosen[at];
    if (column === recognised[at]) return column !== undefined && isAmbiguous(column, header, columns) ? [/** @type {const} */ ([name, column])] : [];
    // What is taken from elsewhere now need not be left out here.
    return column === undefined && chosen.includes(recognised[at]) ? [] : [/** @type {const} */ ([name, column ?? null])];
  });
  return Object.fromEntries(changed);
}

/**
 * Whether several headers are names for it, of which the server takes none by itself.
 * @param {string} column
 * @param {readonly string[]} header
 * @param {DatasetView['columns']} columns
 */
function isAmbiguous(column, header, columns) {
  const known = columns.find(({ name }) => name === column);
  if (known === undefined || header.some((name) => plain(name) === plain(column))) return false;
  const aliases = new Set(known.aliases.map(plain));
  return header.filter((name) => aliases.has(plain(name))).length > 1;
}

/**
 * No choice helps against these: the file itself has to be corrected.
 * @param {readonly string[]} header
 * @returns {string | undefined}
 */
export function wrongWithHeader(header) {
  /** @type {Map<string, number>} */
  const places = new Map();
  for (const [at, name] of header.entries()) {
    const same = name.normalize('NFC').toLowerCase().replaceAll(/\s/gu, '');
    if (same === '') return `Column ${at + 1} has no name. Give it one in the first line of the file.`;
    const before = places.get(same);
    if (before !== undefined) return `Columns ${before} and ${at + 1} have the same name, "${name}". Give one of them another name in the first line of the file.`;
    places.set(same, at + 1);
  }
  return undefined;
}

/**
 * @param {DatasetView['columns']} columns
 * @param {readonly (string | undefined)[]} chosen
 * @returns {string | undefined} What is wrong with the choice.
 */
export function wrongWith(columns, chosen) {
  const twice = columns.find(({ name }) => chosen.filter((column) => column === name).length > 1);
  if (twice !== undefined) return `${twice.name} is chosen twice. Each column can be taken from one place only.`;
  const missing = columns.filter(({ name, required }) => required && !chosen.includes(name)).map(({ name }) => name);
  if (missing.length === 0) return undefined;
  return `Nothing is chosen for ${missing.join(' and ')}, which every row needs. Choose where to take ${missing.length === 1 ? 'it' : 'them'} from.`;
}
