/** Sends a file and says how far it is. fetch cannot: no browser tells how much of a body has left. */
import { Away, toRefusal } from './api.js';

/** Of the upload as a whole, and what may pass: a line that broke, a server that restarts. */
const triesByItself = 5;
const longestPauseMs = 20_000;

/**
 * @typedef {object} Sent
 * @property {number} bytes
 * @property {number} bytesPerSecond
 */

/**
 * The same Idempotency-Key goes with each try, so nothing is imported twice if only the answer was lost.
 * @param {import('./api.js').Api} api
 * @param {object} options
 * @param {string} options.path
 * @param {File} options.file
 * @param {string} options.idempotencyKey
 * @param {AbortSignal} options.signal
 * @param {(sent: Sent) => void} options.onProgress
 * @param {(seconds: number) => void} options.onBroken It is tried again after so long.
 * @returns {Promise<{ id: string }>}
 */
export async function upload(api, { onBroken, ...options }) {
  for (let tries = 1; ; tries += 1) {
    const answer = await sendOnce(api, options);
    if (answer instanceof Away) {
      await stillThere(options.file);
      if (tries >= triesByItself) throw answer;
      const pauseMs = Math.min(1_000 * 2 ** tries, longestPauseMs);
      onBroken(pauseMs / 1000);
      await pause(pauseMs, options.signal);
      continue;
    }
    if (answer.status < 300) return idIn(answer.text);
    const refusal = toRefusal(answer.text, answer.status);
    const passing = refusal.code === 'rate_limited' || refusal.status === 503 || refusal.code === 'upload_incomplete';
    if (!passing || tries >= triesByItself) throw refusal;
    await api.wait(refusal.retryAfterSeconds ?? 2);
    options.signal.throwIfAborted();
  }
}

/**
 * @param {import('./api.js').Api} api
 * @param {{ path: string, file: File, idempotencyKey: string, signal: AbortSignal, onProgress: (sent: Sent) => void }} options
 * @returns {Promise<Away | { status: number, text: string }>}
 */
async function sendOnce(api, { path, file, idempotencyKey, signal, onProgress }) {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  signal.addEventListener('abort', abort);
  try {
    return await new Promise((resolve, reject) => {
      const began = performance.now();
      request.upload.addEventListener('progress', ({ loaded }) => {
        onProgress({ bytes: loaded, bytesPerSecond: (loaded * 1000) / Math.max(performance.now() - began, 1) });
      });
      request.addEventListener('load', () => resolve({ status: request.status, text: request.responseText }));
      request.addEventListener('error', () => resolve(new Away()));
      request.addEventListener('abort', () => reject(new DOMException('The upload was cancelled.', 'AbortError')));
      request.open('POST', path);
      for (const [name, value] of Object.entries(api.headers)) request.setRequestHeader(name, value);
      request.setRequestHeader('content-type', 'application/octet-stream');
      request.setRequestHeader('idempotency-key', idempotencyKey);
      request.send(file);
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Of a file that was saved meanwhile a browser sends nothing more; it looks as if nobody answered. @param {File} file */
async function stillThere(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error(`${file.name} was changed or moved after it was chosen. Cancel, and choose it again.`);
  }
}

/** @param {string} text */
function idIn(text) {
  /** @type {unknown} */
  const answer = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null && 'id' in answer && typeof answer.id === 'string') return { id: answer.id };
  throw toRefusal('', 502);
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
async function pause(ms, signal) {
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('The upload was cancelled.', 'AbortError'));
    });
  });
}
