/** Lists that are asked for again and again: what did not change stays in place, and the focus with it. */

/** @type {WeakMap<Element, string>} */
const signatures = new WeakMap();

/**
 * @template Item
 * @param {HTMLElement} where
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf What tells it from all others.
 * @param {(item: Item) => HTMLElement} render What can be pressed in it has a `data-act`.
 */
export function keepInStep(where, items, keyOf, render) {
  const focused = document.activeElement instanceof HTMLElement && where.contains(document.activeElement) ? document.activeElement : undefined;
  const focusedKey = focused?.closest('[data-key]')?.getAttribute('data-key');
  const old = new Map([...where.children].map((child) => [child.getAttribute('data-key'), child]));
  const next = items.map((item) => {
    const signature = JSON.stringify(item);
    const known = old.get(keyOf(item));
    if (known !== undefined && signatures.get(known) === signature) return known;
    const made = render(item);
    made.setAttribute('data-key', keyOf(item));
    signatures.set(made, signature);
    return made;
  });
  // Moving an element takes its focus, so nothing is touched when all are where they were.
  if (next.length !== where.children.length || next.some((child, at) => where.children[at] !== child)) where.replaceChildren(...next);
  if (focused === undefined || document.activeElement === focused) return;
  const row = [...where.children].find((child) => child.getAttribute('data-key') === focusedKey);
  const same = focused.isConnected ? focused : (row?.querySelector(`[data-act="${focused.dataset['act'] ?? ''}"]`) ?? row?.querySelector('[data-act]'));
  if (same instanceof HTMLElement) same.focus();
}
