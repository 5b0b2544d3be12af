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
 * What the server has to be told: only what it would not see by itself, so that a further file may have other headers.
 * @param {readonly string[]} header
 * @param {readonly (string | undefined)[]} recognised
 * @param {readonly (string | undefined)[]} chosen
 * @returns {Record<string, string | null>} Header to column; null leaves it out.
 */
export function mappingOf(header, recognised, chosen) {
  const changed = header.flatMap((name, at) => {
    const column = chosen[at];
    if (column === recognised[at]) return [];
    // What is taken from elsewhere now need not be left out here.
    return column === undefined && chosen.includes(recognised[at]) ? [] : [/** @type {const} */ ([name, column ?? null])];
  });
  return Object.fromEntries(changed);
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
