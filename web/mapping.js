/** The table of columns: what is in the file, and where it goes. */
/** @import { DatasetView } from '../contracts/datasets.ts' */
import { element } from './dom.js';
import { counted } from './format.js';
import { mappingOf, recalled, recognise, wrongWith, wrongWithHeader } from './match.js';

/** A file of ten thousand columns must not freeze the page. */
const mostShown = 200;
const longestShown = 80;
/** A file of rejected rows has these before its own; the server leaves them out. */
const ofRejects = new Set(['_line', '_reason']);

/**
 * @typedef {object} Mapping
 * @property {() => Record<string, string | null>} chosen What the server is to be told.
 * @property {() => ReadonlyMap<string, string | null>} all Each header, and where it goes.
 * @property {() => string | undefined} problem
 * @property {number} unknown How many headers are no known names.
 * @property {boolean} asBefore Some go elsewhere than their names say, as those of another file did.
 */

/**
 * @param {HTMLElement} where
 * @param {DatasetView} dataset
 * @param {{ header: readonly string[], first: readonly string[] }} file
 * @param {ReadonlyMap<string, string | null>} before Where such headers went before.
 * @param {() => void} onChange
 * @returns {Mapping}
 */
export function showMapping(where, dataset, { header, first }, before, onChange) {
  const recognised = recognise(header, dataset.columns);
  const chosen = recalled(header, recognised, before);
  const shown = header.map((_, at) => at).filter((at) => chosen[at] !== undefined || recognised[at] !== undefined || at < mostShown);

  const rows = shown.map((at) => {
    const choice = element('select', { id: `column-${at}` }, element('option', { value: '' }, 'Leave out'));
    for (const { name, required } of dataset.columns) choice.append(element('option', { value: name }, required ? `${name} (needed)` : name));
    choice.value = chosen[at] ?? '';
    const row = element(
      'tr',
      { class: chosen[at] === undefined ? 'out' : '' },
      element('th', { scope: 'row' }, element('label', { for: `column-${at}` }, cut(header[at] ?? ''))),
      element('td', { class: 'value' }, cut(first[at] ?? '')),
      element('td', {}, choice),
    );
    choice.addEventListener('change', () => {
      chosen[at] = choice.value === '' ? undefined : choice.value;
      row.className = choice.value === '' ? 'out' : '';
      onChange();
    });
    return row;
  });

  const head = element('tr', {}, ...['In the file', 'First value', 'Goes into'].map((title) => element('th', { scope: 'col' }, title)));
  where.replaceChildren(element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
  const hidden = header.length - shown.length;
  if (hidden > 0) where.append(element('p', { class: 'muted small' }, `${counted(hidden, 'more column is', 'more columns are')} not known and left out.`));

  return {
    chosen: () => mappingOf(header, recognised, chosen, dataset.columns),
    all: () => new Map(header.map((name, at) => [name, chosen[at] ?? null])),
    problem: () => wrongWithHeader(header) ?? wrongWith(dataset.columns, chosen),
    asBefore: chosen.some((column, at) => column !== recognised[at]),
    unknown: header.filter((name, at) => recognised[at] === undefined && !before.has(name) && !ofRejects.has(name)).length,
  };
}

/** @param {string} text */
const cut = (text) => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
