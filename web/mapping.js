/** The table of columns: what is in the file, and where it goes. */
/** @import { DatasetView } from '../contracts/datasets.ts' */
import { element } from './dom.js';
import { counted } from './format.js';
import { mappingOf, recognise, wrongWith } from './match.js';

/** A file of ten thousand columns must not freeze the page. */
const mostShown = 200;
const longestShown = 80;

/**
 * @typedef {object} Mapping
 * @property {() => Record<string, string | null>} chosen What the server is to be told.
 * @property {() => string | undefined} problem
 * @property {number} unknown How many headers are no known names.
 */

/**
 * @param {HTMLElement} where
 * @param {DatasetView} dataset
 * @param {{ header: readonly string[], first: readonly string[] }} file
 * @param {() => void} onChange
 * @returns {Mapping}
 */
export function showMapping(where, dataset, { header, first }, onChange) {
  const recognised = recognise(header, dataset.columns);
  const chosen = [...recognised];
  const shown = header.map((_, at) => at).filter((at) => recognised[at] !== undefined || at < mostShown);

  const rows = shown.map((at) => {
    const choice = element('select', { id: `column-${at}` }, element('option', { value: '' }, 'Leave out'));
    for (const { name, required } of dataset.columns) choice.append(element('option', { value: name }, required ? `${name} (needed)` : name));
    choice.value = recognised[at] ?? '';
    const row = element(
      'tr',
      { class: recognised[at] === undefined ? 'out' : '' },
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
    chosen: () => mappingOf(header, recognised, chosen),
    problem: () => wrongWith(dataset.columns, chosen),
    unknown: recognised.filter((column) => column === undefined).length,
  };
}

/** @param {string} text */
const cut = (text) => (text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
