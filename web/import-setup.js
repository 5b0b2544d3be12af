/** Before an import: which dataset, which file, which column is which, and how. */
/** @import { DatasetSummary, DatasetView } from '../contracts/datasets.ts' */
import { readHead } from './csv.js';
import { announce, box, button, byId, fillSelect, onPress, say, saveAs, select, show } from './dom.js';
import { bytes, counted } from './format.js';
import { showMapping } from './mapping.js';
import { clearProblem, showProblem } from './problem.js';

/**
 * @typedef {object} Wanted
 * @property {File} file
 * @property {string} dataset
 * @property {URLSearchParams} query
 */

/**
 * @param {import('./api.js').Api} api
 * @param {(wanted: Wanted) => void} onStart
 */
export function createSetup(api, onStart) {
  const form = byId('import-setup', HTMLFormElement);
  const problem = box('import-problem');
  const columnsProblem = box('columns-problem');
  const reading = byId('reading', HTMLDetailsElement);
  const dataset = select('dataset');
  const picker = byId('file', HTMLInputElement);
  const dryRun = byId('dry-run', HTMLInputElement);
  const stopOnFailure = byId('stop-on-failure', HTMLInputElement);
  const start = button('start-import');
  /** @type {Map<string, Promise<DatasetView>>} */
  const views = new Map();
  /** By dataset: where the headers of the files before went. @type {Map<string, Map<string, string | null>>} */
  const before = new Map();
  /** @type {readonly DatasetSummary[]} */
  let datasets = [];
  /** @type {File | undefined} */
  let file;
  /** @type {import('./mapping.js').Mapping | undefined} */
  let mapping;
  let looks = 0;

  /** @param {string} name */
  async function viewOf(name) {
    const known = views.get(name);
    if (known !== undefined) return await known;
    /** @type {Promise<DatasetView>} */
    const asked = api.get(`/v1/datasets/${encodeURIComponent(name)}`);
    views.set(name, asked);
    asked.catch(() => views.delete(name));
    return await asked;
  }

  /** Shows what is in the file, as far as a browser can tell. */
  async function look() {
    if (file === undefined) return;
    looks += 1;
    const mine = looks;
    const declared = { ...(select('delimiter').value !== '' && { delimiter: select('delimiter').value }), ...(select('encoding').value !== '' && { encoding: select('encoding').value }) };
    const [view, head] = await Promise.all([viewOf(dataset.value), readHead(file, declared)]);
    // Something else was chosen meanwhile.
    if (mine !== looks) return;
    const known = head.header.length > 0;
    mapping = known ? showMapping(box('mapping'), view, head, before.get(view.name) ?? new Map(), check) : undefined;
    if (!known) box('mapping').replaceChildren();
    if (head.undecodable === true) reading.open = true;
    say(box('columns-about'), mapping === undefined ? aboutUnknown(head) : `${counted(head.header.length, 'column')} found${mapping.unknown === 0 ? '' : `, ${mapping.unknown} of them not known`}. ${mapping.asBefore ? 'They go where they went before. ' : ''}Change where one goes if it is not right.`);
    show(box('prepare'), true);
    check();
  }

  function check() {
    const wrong = mapping?.problem();
    if (wrong === undefined) clearProblem(columnsProblem);
    else showProblem(columnsProblem, new Error(wrong));
    start.disabled = wrong !== undefined;
    say(start, dryRun.checked ? 'Check it, write nothing' : 'Start the import');
  }

  /** @param {unknown} error */
  const failed = (error) => showProblem(problem, error);

  function lookAgain() {
    look().catch(failed);
  }

  /** @param {File} chosen */
  async function choose(chosen) {
    clearProblem(problem);
    if (chosen.size === 0) {
      showProblem(problem, new Error(`${chosen.name} is empty, or a folder. Choose a file that has rows.`));
      return;
    }
    file = chosen;
    say(box('drop-title'), chosen.name);
    say(box('drop-about'), `${bytes(chosen.size)} · drop or choose another file`);
    box('drop').classList.add('full');
    await look();
    announce(`${chosen.name} is chosen. ${box('columns-about').textContent}`);
    box('columns-title').focus();
  }

  button('drop').addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    const [chosen] = picker.files ?? [];
    // Else the same file, corrected, could not be chosen again.
    if (chosen !== undefined) choose(chosen).catch(failed);
    picker.value = '';
  });
  dataset.addEventListener('change', () => {
    say(box('dataset-about'), aboutDataset(datasets, dataset.value));
    lookAgain();
  });
  for (const id of ['delimiter', 'encoding']) select(id).addEventListener('change', lookAgain);
  dryRun.addEventListener('change', check);
  onPress(button('example'), async () => {
    const name = dataset.value;
    saveAs(await api.file(`/v1/datasets/${encodeURIComponent(name)}/example`), `${name}-example.csv`);
  }, failed);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (file === undefined || start.disabled) return;
    const query = new URLSearchParams({ dataset: dataset.value, fileName: shownName(file.name), ...readingQuery() });
    const told = mapping?.chosen() ?? {};
    if (mapping !== undefined) remember(dataset.value, mapping.all());
    if (Object.keys(told).length > 0) query.set('mapping', JSON.stringify(told));
    if (dryRun.checked) query.set('dryRun', 'true');
    if (stopOnFailure.checked) query.set('stopOnFailure', 'true');
    onStart({ file, dataset: dataset.value, query });
  });

  /**
   * @param {string} name of a dataset
   * @param {Iterable<readonly [header: string, column: string | null]>} columns
   */
  function remember(name, columns) {
    before.set(name, new Map([...(before.get(name) ?? []), ...columns]));
  }

  return {
    remember,
    choose: (/** @type {File} */ chosen) => {
      choose(chosen).catch(failed);
    },
    /** @param {readonly DatasetSummary[]} items */
    offer: (items) => {
      datasets = items;
      fillSelect(dataset, items.map(({ name }) => ({ value: name, label: name })));
      say(box('dataset-about'), aboutDataset(items, dataset.value));
    },
    /** Ready for another file. */
    clear: () => {
      const chosen = dataset.value;
      file = undefined;
      mapping = undefined;
      form.reset();
      reading.open = false;
      // What is corrected goes where it came from.
      dataset.value = chosen;
      say(box('dataset-about'), aboutDataset(datasets, dataset.value));
      say(box('drop-title'), 'Drop a file here, or choose one');
      say(box('drop-about'), 'csv, xlsx or ndjson; a million rows are fine');
      box('drop').classList.remove('full');
      show(box('prepare'), false);
      clearProblem(problem);
      clearProblem(columnsProblem);
    },
    /** @param {string} name */
    chooseDataset: (name) => {
      dataset.value = name;
      say(box('dataset-about'), aboutDataset(datasets, name));
    },
  };
}

function readingQuery() {
  const [delimiter, encoding] = [select('delimiter').value, select('encoding').value];
  return { ...(delimiter !== '' && { delimiter }), ...(encoding !== '' && { encoding }) };
}

/** @param {import('./csv.js').Head} head */
function aboutUnknown({ kind, undecodable }) {
  if (undecodable === true) return 'This text is not in the encoding that was looked for. Choose its encoding below; a csv saved by a spreadsheet on Windows is often windows-1252.';
  if (kind === 'xlsx') return 'A workbook, it seems: its columns are found by the server, by the names in its first row.';
  if (kind === 'ndjson') return 'One JSON object a line: the columns are found by the server, by their names.';
  if (kind === 'other') return 'This does not look like csv, xlsx or ndjson. If it is, start; the server says what it finds.';
  return 'The columns cannot be shown here. The server looks for them, and says if it finds none.';
}

/**
 * @param {readonly DatasetSummary[]} datasets
 * @param {string} name
 */
function aboutDataset(datasets, name) {
  const found = datasets.find((one) => one.name === name);
  return found === undefined ? '' : `${found.description} Rows whose ${found.key.join(' and ')} is known already are updated.`;
}

/** The name is only shown; the API takes no control characters in it, and no more than this. @param {string} name */
export const shownName = (name) => name.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, ' ').trim().slice(0, 255).toWellFormed() || 'file';
