/** What went wrong, and what to do about it. */
import { Away, Refusal } from './api.js';
import { element, show } from './dom.js';

/** By the code of the failures table. @type {Readonly<Record<string, string>>} */
const remedies = {
  unauthorized: 'Check it for missing characters, or ask whoever runs Holdfast for a key.',
  payload_too_large: 'Split the file: an import takes several, one after the other.',
  file_empty: 'Check that the file was saved, and has rows below its header.',
  file_too_large: 'Look at the line that is named: a quote that is never closed makes one field of all that follows.',
  header_invalid: 'Correct the first line of the file, or choose its columns again.',
  unknown_dataset: 'Choose another one from the list.',
  upload_incomplete: 'Send it again; nothing of it was kept.',
  import_closed: 'Start a new import for another file.',
  export_too_large: 'Choose filters that leave fewer rows, or another format.',
  storage_unavailable: 'It is tried again when you try again in a moment; nothing was lost.',
  database_unavailable: 'Try again in a moment; nothing was lost.',
  temporal_unavailable: 'Try again in a moment; nothing was lost.',
  internal_error: 'Try again. If it stays like this, give the request id to whoever runs Holdfast.',
};

/** @param {string | undefined} code */
export const remedyFor = (code) => (code === undefined ? undefined : remedies[code]);

/**
 * @param {HTMLElement} where
 * @param {unknown} error
 */
export function showProblem(where, error) {
  /** @type {Node[]} */
  const parts = [];
  if (error instanceof Refusal) {
    parts.push(element('p', { class: 'what' }, error.message));
    if (error.errors.length > 0) parts.push(element('ul', {}, ...error.errors.map(({ path, message }) => element('li', {}, path === '' ? message : `${path}: ${message}`))));
    const remedy = remedyFor(error.code);
    if (remedy !== undefined) parts.push(element('p', {}, remedy));
    if (error.status >= 500 && error.requestId !== undefined) parts.push(element('p', { class: 'small' }, `Request ${error.requestId}`));
  } else if (error instanceof Away) {
    parts.push(element('p', { class: 'what' }, error.message), element('p', {}, 'Is it running, and can this machine reach it? Then try again.'));
  } else {
    parts.push(element('p', { class: 'what' }, error instanceof Error ? error.message : String(error)));
  }
  where.replaceChildren(...parts);
  show(where, true);
}

/** @param {HTMLElement} where */
export function clearProblem(where) {
  show(where, false);
  where.replaceChildren();
}
