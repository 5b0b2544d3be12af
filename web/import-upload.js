/** While a file is on its way: how far it is, and a way out. */
import { announce, box, button, byId, say, show } from './dom.js';
import { bytes, duration } from './format.js';
import { newKey } from './api.js';
import { clearProblem, showProblem } from './problem.js';
import { upload } from './upload.js';

/** @param {import('./api.js').Api} api */
export function createUpload(api) {
  const bar = byId('upload-bar', HTMLProgressElement);
  const about = box('upload-about');
  const problem = box('import-problem');

  /**
   * @param {{ path: string, file: File, what: string }} task
   * @returns {Promise<string | undefined>} The id of the import; nothing if the person gave it up.
   */
  return async function send({ path, file, what }) {
    // One for all tries, also for those that the person asks for.
    const idempotencyKey = newKey();
    const gone = new AbortController();
    const onCancel = () => gone.abort();
    button('upload-cancel').addEventListener('click', onCancel);
    clearProblem(problem);
    say(box('upload-title'), what);
    show(box('upload'), true);
    box('upload-title').focus();
    announce(`${what}.`);
    try {
      for (;;) {
        bar.value = 0;
        say(about, bytes(file.size));
        try {
          const { id } = await upload(api, {
            path, file, idempotencyKey, signal: gone.signal,
            onProgress: (sent) => showProgress(file, sent),
            onBroken: (seconds) => say(about, `The line broke, or the API is away. Sent again in ${duration(seconds)}; nothing is imported twice.`),
          });
          return id;
        } catch (error) {
          if (gone.signal.aborted) return undefined;
          showProblem(problem, error);
          say(about, 'It was not sent.');
          if (!(await wantsAgain(gone.signal))) return undefined;
          clearProblem(problem);
        }
      }
    } finally {
      button('upload-cancel').removeEventListener('click', onCancel);
      show(box('upload'), false);
    }
  };

  /**
   * @param {File} file
   * @param {import('./upload.js').Sent} sent
   */
  function showProgress(file, { bytes: sent, bytesPerSecond }) {
    bar.value = file.size === 0 ? 100 : (sent / file.size) * 100;
    const left = (file.size - sent) / Math.max(bytesPerSecond, 1);
    say(about, sent >= file.size ? `${bytes(file.size)} sent; the API is storing it.` : `${bytes(sent)} of ${bytes(file.size)} · ${bytes(bytesPerSecond)}/s · ${duration(left)} left`);
  }
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
async function wantsAgain(signal) {
  const again = button('upload-again');
  show(again, true);
  try {
    return await new Promise((resolve) => {
      again.addEventListener('click', () => resolve(true), { once: true });
      signal.addEventListener('abort', () => resolve(false), { once: true });
    });
  } finally {
    show(again, false);
  }
}
