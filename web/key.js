/** The API key of this tab: typed by a person, or handed over by a link. It is kept nowhere else. */

const slot = 'holdfast-key';
const ownMachine = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @returns {string | undefined} */
export const storedKey = () => sessionStorage.getItem(slot) ?? undefined;

/** @param {string} key */
export const storeKey = (key) => sessionStorage.setItem(slot, key);

export const forgetKey = () => sessionStorage.removeItem(slot);

/**
 * Takes the key out of `/#key=…`, and out of the address bar and the history. From a link on any other machine than
 * one's own it is only proposed: somebody could want your file to land in his shop.
 * @returns {{ key: string, trusted: boolean } | undefined}
 */
export function takeKeyFromAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const key = parts.get('key');
  if (key === null) return undefined;
  parts.delete('key');
  const rest = [...parts.keys()].join('&');
  history.replaceState(null, '', `${location.pathname}${location.search}${rest === '' ? '' : `#${rest}`}`);
  return key === '' ? undefined : { key, trusted: ownMachine.has(location.hostname) };
}
