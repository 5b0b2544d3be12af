/** The export pane: what, as what, which rows; then the latest exports with their links. */
/** @import { ExportView } from '../contracts/exports/schemas.ts' */
import { announce, ask, box, button, byId, element, fillSelect, onPress, onSubmit, select, show, webAddress } from './dom.js';
import { exportDatasets, exportFormats, filtersOf } from './filters.js';
import { bytes, counted, day, moment, words } from './format.js';
import { keepInStep } from './list.js';
import { clearProblem, showProblem } from './problem.js';

const shownExports = 5;

/** @param {ExportView} view */
const isGoing = ({ status }) => status === 'pending' || status === 'running';

/**
 * @param {import('./api.js').Api} api
 * @param {() => void} lookNow Something has begun.
 */
export function createExportPane(api, lookNow) {
  const problem = box('export-problem');
  const start = button('start-export');
  /** Ids of those that are being written. @type {Set<string>} */
  const going = new Set();

  fillSelect(select('export-dataset'), exportDatasets.map((name) => ({ value: name, label: name })));
  fillSelect(select('export-format'), exportFormats.map((name) => ({ value: name, label: name })));
  select('export-dataset').addEventListener('change', showFilters);
  showFilters();

  function showFilters() {
    const fields = filtersOf(select('export-dataset').value).map(([name, { label, choices, isDay }]) => {
      const id = `filter-${name}`;
      const input = choices === undefined ? element('input', { id, type: isDay === true ? 'date' : 'text', maxlength: '100' }) : element('select', { id }, element('option', { value: '' }, 'any'), ...choices.map((choice) => element('option', { value: choice }, words(choice))));
      input.dataset['filter'] = name;
      return element('div', { class: 'field' }, element('label', { for: id }, label), input);
    });
    box('filters').replaceChildren(...fields);
  }

  /** @param {unknown} error */
  const failed = (error) => showProblem(problem, error);
  onSubmit(byId('export-form', HTMLFormElement), async () => {
    clearProblem(problem);
    start.disabled = true;
    try {
      const dataset = select('export-dataset').value;
      /** @type {ExportView} */
      const begun = await api.post('/v1/exports', { dataset, format: select('export-format').value, filters: chosenFilters() });
      announce(`The export of ${dataset} has begun.`);
      going.add(begun.id);
      lookNow();
    } finally {
      start.disabled = false;
    }
  }, failed);

  /** @param {ExportView} view */
  function render(view) {
    const title = element('p', { class: 'what' }, view.fileName);
    const about = element('p', { class: view.status === 'failed' ? 'bad small' : 'muted small' }, aboutExport(view));
    const item = element('li', {}, element('div', {}, title, about), element('div', { class: 'act' }));
    const act = item.lastElementChild;
    const link = view.status === 'ready' ? webAddress(view.downloadUrl) : undefined;
    if (link !== undefined) act?.append(element('a', { class: 'button small', href: link, download: view.fileName, 'data-act': 'download', 'aria-label': `Download ${view.fileName}` }, 'Download'));
    if (isGoing(view)) {
      item.firstElementChild?.append(element('progress', { max: '100', value: String(view.progress), 'aria-label': `Export of ${view.dataset}` }));
      const cancel = element('button', { type: 'button', class: 'small', 'data-act': 'cancel', 'aria-label': `Cancel the export of ${view.dataset}` }, 'Cancel');
      onPress(cancel, async () => await stop(view), failed);
      act?.append(cancel);
    }
    return item;
  }

  /** @param {ExportView} view */
  async function stop({ id, dataset }) {
    if (!(await ask({ title: 'Cancel this export?', about: `Nothing of the export of ${dataset} is kept.`, yes: 'Cancel the export' }))) return;
    await api.post(`/v1/exports/${encodeURIComponent(id)}/cancel`);
    lookNow();
  }

  async function refresh() {
    /** @type {{ items: ExportView[] }} */
    const { items } = await api.get(`/v1/exports?limit=${shownExports}`);
    keepInStep(box('exports'), items, ({ id }) => id, render);
    show(box('exports-none'), items.length === 0);
    const ended = items.filter((view) => !isGoing(view) && going.has(view.id));
    if (ended.length > 0) announce(ended.map(({ fileName, status }) => `${fileName} ${status === 'ready' ? 'is ready to be downloaded' : `is ${status}`}.`).join(' '));
    going.clear();
    for (const { id } of items.filter(isGoing)) going.add(id);
    return going.size > 0;
  }

  return { look: refresh, runs: () => going.size > 0 };
}

/** Those that have a value. @returns {Record<string, string>} */
function chosenFilters() {
  const fields = [...box('filters').querySelectorAll('[data-filter]')].filter((field) => field instanceof HTMLInputElement || field instanceof HTMLSelectElement);
  const values = fields.map((field) => /** @type {const} */ ([field.dataset['filter'] ?? '', field.value.trim()]));
  return Object.fromEntries(values.filter(([, value]) => value !== ''));
}

/** @param {ExportView} view */
function aboutExport(view) {
  const rows = counted(view.rows, 'row');
  switch (view.status) {
    case 'pending':
      return 'waits for its turn';
    case 'running':
      return `${view.progress} % · ${rows}`;
    case 'ready':
      return `${moment(view.createdAt)} · ${rows}${view.bytes === undefined ? '' : ` · ${bytes(view.bytes)}`}${view.expiresAt === undefined ? '' : ` · until ${day(view.expiresAt)}`}`;
    case 'failed':
      return view.detail ?? view.reason ?? 'failed';
    default:
      return `${view.status} · ${moment(view.createdAt)}`;
  }
}
