/** The page: who is asking, its three panes, and the one timer that looks after them. */
/** @import { DatasetSummary } from '../contracts/datasets.ts' */
/** @import { ShopView } from '../contracts/shop.ts' */
import { Away, createApi } from './api.js';
import { announce, box, button, byId, onSubmit, say, show } from './dom.js';
import { createExportPane } from './exports.js';
import { createFlowsPane } from './flows.js';
import { duration } from './format.js';
import { createImportPane } from './import.js';
import { forgetKey, storeKey, storedKey, takeKeyFromAddress } from './key.js';
import { createPoller } from './poll.js';
import { clearProblem, showProblem } from './problem.js';

const notice = box('notice');
const keyInput = byId('key', HTMLInputElement);
const awayPauseMs = 3_000;
/** Lists need not be asked for as often as what runs, even less so where calls are limited. */
const listsEveryMs = 5_000;
const callsPerList = 10;

/** @param {unknown} error */
const toTryAgain = (error) => `${error instanceof Error ? error.message : String(error)} This page tries again by itself.`;

/** @param {string | undefined} text */
function note(text) {
  say(notice, text ?? '');
  show(notice, text !== undefined);
}

/** @param {string} key */
const apiWith = (key) =>
  createApi(key, {
    waiting: (seconds) => note(`Too many requests for now. It goes on by itself in ${duration(seconds)}.`),
    going: () => note(undefined),
    unauthorized: () => leave(),
  });

/** The key is not taken, or not any more. */
function leave() {
  if (storedKey() === undefined) return;
  forgetKey();
  sessionStorage.setItem('holdfast-left', 'yes');
  location.reload();
}

function askForKey() {
  show(box('key-pane'), true);
  show(box('panes'), false);
  keyInput.focus();
}

onSubmit(byId('key-form', HTMLFormElement), async () => {
  clearProblem(box('key-problem'));
  const key = keyInput.value.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('A key has no spaces and no letters outside ASCII. Was more than the key copied?');
  const api = apiWith(key);
  const datasets = await datasetsOf(api);
  storeKey(key);
  keyInput.value = '';
  await enter(api, datasets);
}, (error) => {
  showProblem(box('key-problem'), error);
  keyInput.focus();
});

button('change-key').addEventListener('click', () => {
  forgetKey();
  location.replace(location.pathname);
});

/**
 * Also says whether the key is taken.
 * @param {import('./api.js').Api} api
 * @returns {Promise<readonly DatasetSummary[]>}
 */
async function datasetsOf(api) {
  /** @type {{ items: DatasetSummary[] }} */
  const { items } = await api.get('/v1/datasets');
  return items;
}

/**
 * @param {import('./api.js').Api} api
 * @param {readonly DatasetSummary[]} datasets
 */
async function enter(api, datasets) {
  const imports = createImportPane(api, { lookNow, lookSoon });
  imports.offer(datasets);
  const exporting = createExportPane(api, lookNow);
  const flows = createFlowsPane(api, { openImport: imports.open, lookNow });
  let listsAt = -Infinity;
  let ran = false;
  const poller = createPoller({
    look: async () => {
      const lists = performance.now() - listsAt >= Math.max(listsEveryMs, callsPerList * api.pace.spacingMs());
      if (lists) listsAt = performance.now();
      flows.tick();
      // What does not answer must not hide the others.
      const looks = await Promise.allSettled([imports.look(), lists || exporting.runs() ? exporting.look() : false, lists ? flows.look() : false]);
      const failures = looks.filter((one) => one.status === 'rejected').map(({ reason }) => /** @type {unknown} */ (reason));
      const lost = failures.find((error) => error instanceof Away);
      if (lost !== undefined) {
        // As soon as it answers, all of the page is brought up to date.
        listsAt = -Infinity;
        throw lost;
      }
      const [failure] = failures;
      if (lists || failure !== undefined) note(failure === undefined ? undefined : toTryAgain(failure));
      const running = looks.some((one) => one.status === 'fulfilled' && one.value);
      // What has ended shows in the lists, too.
      if (ran && !running) listsAt = -Infinity;
      ran = running;
      return running;
    },
    leastMs: () => api.pace.spacingMs() * (exporting.runs() ? 2 : 1),
    onError: (error) => note(toTryAgain(error)),
  });
  function lookSoon() {
    listsAt = -Infinity;
  }
  function lookNow() {
    listsAt = -Infinity;
    poller.start();
  }

  show(box('key-pane'), false);
  show(box('panes'), true);
  show(button('change-key'), true);
  /** @type {Promise<ShopView>} Whoever has several keys sees whose shop this is. */
  const shop = api.get('/v1/shop');
  shop.then(({ legalName }) => say(box('shop'), legalName), () => undefined);
  announce('The key is taken.');
  const asked = location.hash.slice(1);
  if (/^imp_\w+$/.test(asked)) await imports.open(asked);
  takeDrops(imports.drop);
  poller.start();
}

/** A file that misses its place must not replace the page. @param {(files: readonly File[]) => void} onDrop */
function takeDrops(onDrop) {
  const zone = box('drop');
  for (const type of ['dragenter', 'dragover']) {
    addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add('over');
    });
  }
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) zone.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    onDrop([...(event.dataTransfer?.files ?? [])]);
  });
}

async function begin() {
  const handed = takeKeyFromAddress();
  if (handed?.trusted === true) storeKey(handed.key);
  else if (handed !== undefined && handed.key !== storedKey()) {
    askForKey();
    keyInput.value = handed.key;
    showProblem(box('key-problem'), new Error(`A link brought along a key that ends in ${handed.key.slice(-4)}. Continue only if you know who sent you the link: your files would go to the shop of that key.`));
    return;
  }
  const key = storedKey();
  if (key === undefined) {
    askForKey();
    if (sessionStorage.getItem('holdfast-left') !== null) showProblem(box('key-problem'), new Error('The API does not take this key, or not any more. Type another one.'));
    sessionStorage.removeItem('holdfast-left');
    return;
  }
  const api = apiWith(key);
  for (;;) {
    try {
      const datasets = await datasetsOf(api);
      note(undefined);
      await enter(api, datasets);
      return;
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      note(toTryAgain(error));
      await new Promise((resolve) => setTimeout(resolve, awayPauseMs));
    }
  }
}

begin().catch((/** @type {unknown} */ error) => {
  askForKey();
  showProblem(box('key-problem'), error);
});
