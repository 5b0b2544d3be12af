/** Elements. What comes from the server or from a file goes in as text: nothing here takes markup. */

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** @param {string} id */
export const button = (id) => byId(id, HTMLButtonElement);
/** @param {string} id */
export const select = (id) => byId(id, HTMLSelectElement);
/** @param {string} id */
export const box = (id) => byId(id, HTMLElement);

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {readonly (Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {HTMLSelectElement} where
 * @param {readonly { readonly value: string, readonly label: string }[]} choices
 */
export function fillSelect(where, choices) {
  where.replaceChildren(...choices.map(({ value, label }) => element('option', { value }, label)));
}

/**
 * Runs what a person asks for.
 * @param {HTMLElement} control
 * @param {() => Promise<void>} work
 * @param {(error: unknown) => void} failed
 */
export function onPress(control, work, failed) {
  control.addEventListener('click', () => {
    work().catch(failed);
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 * @param {(error: unknown) => void} failed
 */
export function onSubmit(form, work, failed) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    work().catch(failed);
  });
}

/**
 * Only changes what is different, so that a screen reader is not told the same again.
 * @param {Element} where
 * @param {string} text
 */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * @param {HTMLElement} where
 * @param {boolean} shown
 */
export function show(where, shown) {
  if (where.hidden === shown) where.hidden = !shown;
}

/**
 * Only web addresses: a link that the server was talked into must not run anything.
 * @param {string | undefined} url
 * @returns {string | undefined}
 */
export function webAddress(url) {
  if (url === undefined || !URL.canParse(url, location.href)) return undefined;
  const { protocol, href } = new URL(url, location.href);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveAs(blob, name) {
  const url = URL.createObjectURL(blob);
  element('a', { href: url, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * For who hears the page: what has changed, in a sentence.
 * @param {string} sentence
 */
export const announce = (sentence) => say(box('said'), sentence);

/**
 * Asks before something that cannot be taken back. Escape means no.
 * @param {{ title: string, about: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export async function ask({ title, about, yes }) {
  const dialog = byId('ask', HTMLDialogElement);
  say(box('ask-title'), title);
  say(box('ask-about'), about);
  say(box('ask-yes'), yes);
  dialog.showModal();
  // Not by its event `close`, which comes later: it could be taken for the end of the next question.
  const answered = new AbortController();
  const { signal } = answered;
  return await new Promise((resolve) => {
    const answer = (/** @type {boolean} */ isYes) => () => {
      answered.abort();
      resolve(isYes);
    };
    button('ask-yes').addEventListener('click', answer(true), { signal });
    button('ask-no').addEventListener('click', answer(false), { signal });
    dialog.addEventListener('cancel', answer(false), { signal });
  });
}
