/** The import pane: choose, send, watch. One import is open at a time; its id is in the address, so it can be come back to. */
/** @import { ImportView } from '../contracts/imports/schemas.ts' */
import { announce, box, button, byId, show } from './dom.js';
import { createRun, hasEnded } from './import-run.js';
import { createSetup, shownName } from './import-setup.js';
import { createUpload } from './import-upload.js';
import { clearProblem, showProblem } from './problem.js';

/** Another choice of columns, delimiter or encoding may help against these. */
const mendable = new Set(['file_unreadable', 'header_invalid']);

/**
 * @param {import('./api.js').Api} api
 * @param {{ lookNow: () => void, lookSoon: () => void }} page Something has begun; the lists say something else by now.
 */
export function createImportPane(api, { lookNow, lookSoon }) {
  const setup = createSetup(api, ({ file, dataset, query }) => {
    begin(file, dataset, query).catch(failed);
  });
  const send = createUpload(api);
  const run = createRun(api, (view) => {
    ended = hasEnded(view);
    lookNow();
  });
  const readAgain = button('read-again');
  const problem = box('import-problem');
  const more = byId('more-files', HTMLInputElement);
  /** @type {string | undefined} */
  let openId;
  let ended = false;
  /** Of the import that is open, or was open last. @type {string | undefined} */
  let dataset;
  let stands = '';
  let sending = false;
  /** What was sent last from this tab, to be sent another way. @type {{ id: string, file: File } | undefined} */
  let sent;

  /** @param {unknown} error */
  function failed(error) {
    showProblem(problem, error);
  }

  /** @param {'setup' | 'upload' | 'run'} part */
  function step(part) {
    show(byId('import-setup', HTMLFormElement), part === 'setup');
    show(box('run'), part === 'run');
  }

  /**
   * @param {File} file
   * @param {string} dataset
   * @param {URLSearchParams} query
   */
  async function begin(file, dataset, query) {
    step('upload');
    sending = true;
    try {
      const id = await send({ path: `/v1/imports?${query.toString()}`, file, what: `Sending ${shownName(file.name)} → ${dataset}` });
      if (id === undefined) {
        announce('The upload was given up. Nothing was imported.');
        step('setup');
        button('start-import').focus();
        return;
      }
      setup.clear();
      sent = { id, file };
      await open(id);
    } finally {
      sending = false;
    }
  }

  /** @param {readonly File[]} files */
  async function add(files) {
    const id = openId;
    if (id === undefined || sending) return;
    sending = true;
    try {
      for (const file of files) {
        const query = new URLSearchParams({ fileName: shownName(file.name) });
        const added = await send({ path: `/v1/imports/${encodeURIComponent(id)}/files?${query.toString()}`, file, what: `Adding ${shownName(file.name)}` });
        if (added === undefined) break;
        announce(`${file.name} was added.`);
      }
      lookNow();
      box('run-title').focus();
    } finally {
      sending = false;
    }
  }

  /** @param {string} id */
  async function open(id) {
    clearProblem(problem);
    /** @type {ImportView} */
    const view = await api.get(`/v1/imports/${encodeURIComponent(id)}`);
    openId = id;
    ended = hasEnded(view);
    if (location.hash !== `#${id}`) history.replaceState(null, '', `#${id}`);
    run.forget();
    render(view);
    step('run');
    box('run-title').focus();
    lookNow();
  }

  /** @param {ImportView} view */
  function render(view) {
    run.render(view);
    for (const { columns } of view.files) setup.remember(view.dataset, (columns ?? []).map(({ header, column }) => [header, column]));
    show(readAgain, view.status === 'failed' && mendable.has(view.reason ?? '') && sent?.id === view.id);
    dataset = view.dataset;
    const now = `${view.id} ${view.status}`;
    if (now !== stands) lookSoon();
    stands = now;
  }

  function close() {
    if (dataset !== undefined) setup.chooseDataset(dataset);
    openId = undefined;
    history.replaceState(null, '', location.pathname);
    setup.clear();
    step('setup');
    box('import-title').focus();
  }

  button('next-import').addEventListener('click', close);
  readAgain.addEventListener('click', () => {
    const file = sent?.file;
    close();
    if (file !== undefined) setup.choose(file);
  });
  button('add-file').addEventListener('click', () => more.click());
  more.addEventListener('change', () => {
    const files = [...(more.files ?? [])];
    more.value = '';
    add(files).catch(failed);
  });

  return {
    offer: setup.offer,
    open: async (/** @type {string} */ id) => {
      if (sending) return;
      try {
        await open(id);
      } catch (error) {
        close();
        failed(error);
      }
    },
    /** Wherever on the page they were dropped. @param {readonly File[]} files */
    drop: (files) => {
      const [first] = files;
      if (first === undefined || sending) return;
      if (openId !== undefined && !ended) {
        add(files).catch(failed);
        return;
      }
      if (openId !== undefined) close();
      setup.choose(first);
      if (files.length > 1) announce('The first of the files was taken. Add the others when it is being imported.');
    },
    /** @returns {Promise<boolean>} Whether it runs. */
    look: async () => {
      if (openId === undefined || ended) return false;
      const id = openId;
      /** @type {ImportView} */
      const view = await api.get(`/v1/imports/${encodeURIComponent(id)}`);
      if (id !== openId) return true;
      ended = hasEnded(view);
      render(view);
      return !ended && view.status !== 'paused';
    },
  };
}
