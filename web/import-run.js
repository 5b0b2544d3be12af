/** An import as it goes: live, and what came of it. */
/** @import { ImportView } from '../contracts/imports/schemas.ts' */
import { announce, ask, box, button, byId, element, onPress, saveAs, say, show } from './dom.js';
import { between, bytes, count, counted, duration, moment } from './format.js';
import { clearProblem, remedyFor, showProblem } from './problem.js';

/** @type {Record<ImportView['status'], string>} */
const statusWords = { pending: 'waiting', inspecting: 'looking through the file', running: 'loading', paused: 'paused', completed: 'completed', failed: 'failed', cancelled: 'cancelled' };

const pausePatienceMs = 20_000;

/** @param {ImportView} view */
export const hasEnded = ({ status }) => status === 'completed' || status === 'failed' || status === 'cancelled';

/** @param {ImportView} view */
const titleOf = ({ dataset, dryRun, files: [first, ...more] }) =>
  `${first?.name ?? 'A file'}${more.length > 0 ? ` and ${counted(more.length, 'more file')}` : ''} → ${dataset}${dryRun ? ' (try only)' : ''}`;

/**
 * @param {import('./api.js').Api} api
 * @param {(view: ImportView) => void} onActed How it stands after something was asked of it.
 */
export function createRun(api, onActed) {
  const problem = box('import-problem');
  const bar = byId('run-bar', HTMLProgressElement);
  /** @type {ImportView | undefined} */
  let shown;
  /** Since when it is asked to pause: what is being loaded is finished first. */
  let pausingSince = -pausePatienceMs;
  /** What a screen reader was told last. */
  let told = '';

  /** @param {ImportView} view */
  function render(view) {
    shown = view;
    const { status, rows, chunks } = view;
    const ended = hasEnded(view);
    say(box('run-title'), titleOf(view));
    say(box('run-status'), statusWords[status]);
    box('run-status').dataset['status'] = status;
    bar.value = view.progress;
    say(box('run-about'), ended ? aboutEnd(view) : aboutNow(view));
    tally([
      ['Rows', count(rows.total)],
      [view.dryRun ? 'Would be new' : 'New', count(rows.inserted)],
      [view.dryRun ? 'Would be updated' : 'Updated', count(rows.updated)],
      ['Rejected', count(rows.rejected)],
    ]);
    show(box('run-tally'), !ended || rows.total > 0);
    // Of one that failed the reason says it.
    show(box('run-summary'), view.report !== undefined && view.status !== 'failed');
    say(box('run-summary'), view.report?.summary ?? '');
    reason(view);
    const canPause = status === 'running' || status === 'inspecting' || status === 'pending';
    if (!canPause) pausingSince = -pausePatienceMs;
    const pausing = performance.now() - pausingSince < pausePatienceMs;
    show(button('pause'), canPause);
    button('pause').disabled = pausing;
    say(button('pause'), pausing ? 'Pausing …' : 'Pause');
    show(button('resume'), status === 'paused');
    show(button('cancel'), !ended);
    show(button('add-file'), !ended);
    show(button('again'), ended && status !== 'cancelled' && chunks.failed > 0);
    show(button('rejects'), rows.rejected > 0);
    show(box('rejects-about'), ended && rows.rejected > 0);
    show(button('next-import'), ended);
    say(button('rejects'), `Download ${counted(rows.rejected, 'rejected row')}`);
    details(view);
    tell(view);
  }

  /** @param {readonly (readonly [string, string])[]} numbers */
  function tally(numbers) {
    const where = box('run-tally');
    if (where.children.length === 0) where.append(...numbers.map(() => element('div', {}, element('dt'), element('dd'))));
    for (const [at, [name, value]] of numbers.entries()) {
      const group = where.children[at];
      if (group?.firstElementChild) say(group.firstElementChild, name);
      if (group?.lastElementChild) say(group.lastElementChild, value);
    }
  }

  /** @param {ImportView} view */
  function reason({ status, reason: code, detail, line, report }) {
    const where = box('run-reason');
    show(where, status === 'failed');
    if (where.hidden) return;
    const why = detail ?? report?.summary ?? 'It failed.';
    const text = line === undefined || why.toLowerCase().includes(`line ${line}`) ? why : `${why} (line ${count(line)})`;
    if (where.firstElementChild?.textContent === text) return;
    const kept = report?.kept.rows ?? 0;
    const what = kept === 0 ? 'Nothing was imported.' : `${counted(kept, 'row')} that were loaded before stay.`;
    where.replaceChildren(element('p', { class: 'what' }, text), element('p', {}, [what, remedyFor(code)].filter(Boolean).join(' ')));
  }

  /** @param {ImportView} view */
  function details(view) {
    const { files, report } = view;
    list(box('run-files'), files.map((file) => aboutFile(file)));
    list(box('run-chunks'), (report?.failedChunks ?? []).map(({ file, firstLine, rows, reason: why }) => `${counted(rows, 'row')} from line ${count(firstLine)} of file ${file} could not be loaded: ${why}`));
    say(box('run-times'), `${view.id} · begun ${moment(view.createdAt)}${view.requestedBy === undefined ? '' : ` for ${view.requestedBy}`}`);
  }

  /** Each tenth of the way and each change, and nothing between. @param {ImportView} view */
  function tell(view) {
    const now = hasEnded(view) ? (view.report?.summary ?? `The import is ${statusWords[view.status]}.`) : `The import is ${statusWords[view.status]}: ${Math.floor(view.progress / 10) * 10} %.`;
    if (now !== told) announce(now);
    told = now;
  }

  /**
   * @param {HTMLButtonElement} which
   * @param {string} path
   */
  async function act(which, path) {
    clearProblem(problem);
    which.disabled = true;
    try {
      await api.post(path);
      which.disabled = false;
      if (shown === undefined) return;
      if (which.id === 'pause') pausingSince = performance.now();
      /** @type {ImportView} */
      const view = await api.get(`/v1/imports/${encodeURIComponent(shown.id)}`);
      render(view);
      onActed(view);
    } catch (error) {
      which.disabled = false;
      showProblem(problem, error);
    }
    // A button that is gone takes the focus with it.
    if ((which.hidden || which.disabled) && document.activeElement === document.body) box('run-title').focus();
  }

  /** @param {string} action */
  const path = (action) => `/v1/imports/${encodeURIComponent(shown?.id ?? '')}/${action}`;
  /** @param {unknown} error */
  const failed = (error) => showProblem(problem, error);
  for (const action of ['pause', 'resume']) onPress(button(action), async () => await act(button(action), path(action)), failed);
  onPress(button('again'), async () => await act(button('again'), `/v1/flows/import:${encodeURIComponent(shown?.id ?? '')}/retry`), failed);
  onPress(button('cancel'), async () => {
    if (await ask({ title: 'Cancel this import?', about: 'No further rows are loaded. Those that are loaded stay.', yes: 'Cancel the import' })) await act(button('cancel'), path('cancel'));
  }, failed);
  onPress(button('rejects'), async () => {
    saveAs(await api.file(path('rejects')), `${stem(shown?.files[0]?.name ?? shown?.id ?? 'import')}-rejects.csv`);
  }, failed);

  return {
    render,
    forget: () => {
      shown = undefined;
      pausingSince = -pausePatienceMs;
      told = '';
    },
  };
}

/** @param {ImportView} view */
function aboutNow({ status, rows, rate, secondsLeft }) {
  if (status === 'pending') return 'Waits for its turn.';
  if (rows.total === 0) return 'Its columns and rows are being looked at.';
  const parts = [`${count(rows.processed)} of ${counted(rows.total, 'row')}`];
  if (status === 'running' && rate !== undefined) parts.push(`${count(Math.round(rate))} rows/s`);
  if (status === 'running' && secondsLeft !== undefined) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(' · ');
}

/** @param {ImportView} view */
function aboutEnd({ rows, report, startedAt, createdAt, endedAt }) {
  const took = report === undefined ? between(startedAt ?? createdAt, endedAt) : duration(report.seconds);
  if (rows.total === 0) return `Took ${took}`;
  return `${count(rows.processed)} of ${counted(rows.total, 'row')} · took ${took}`;
}

/** @param {ImportView['files'][number]} file */
function aboutFile(file) {
  const parts = [file.name ?? 'a file', bytes(file.bytes)];
  if (file.format !== undefined) parts.push(file.encoding === undefined || file.format !== 'csv' ? file.format : `${file.format}, ${file.encoding}`);
  if (file.rows !== undefined) parts.push(counted(file.rows, 'row'));
  const leftOut = (file.columns ?? []).filter(({ column }) => column === null).map(({ header }) => header);
  if (leftOut.length > 0) parts.push(`left out: ${leftOut.slice(0, 12).join(', ')}${leftOut.length > 12 ? ' …' : ''}`);
  if (file.status === 'failed') parts.push(`cannot be read: ${file.detail ?? file.reason ?? ''}${file.line === undefined ? '' : ` (line ${count(file.line)})`}`);
  return parts.join(' · ');
}

/**
 * @param {HTMLElement} where
 * @param {readonly string[]} items
 */
function list(where, items) {
  if (items.length === where.children.length && items.every((item, at) => where.children[at]?.textContent === item)) return;
  where.replaceChildren(...items.map((item) => element('li', {}, item)));
}

/** @param {string} name */
const stem = (name) => name.replaceAll(/[/\\]/g, '_').replace(/\.[^.]{1,10}$/, '');
