/** Form bodies: flat ones, and those with brackets (`metadata[k]=v`, `created[gte]=1`, `types[0]=card`, `expand[]=x`). */

export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = Record<string, FormValue>;

const maxPairs = 500;
const maxDepth = 5;

/** @returns undefined when it cannot be read: too many pairs, too deep, or a name that is both a text and an object. */
export function parseBracketed(text: string): Form | undefined {
  const root: Form = emptyForm();
  const pairs = [...new URLSearchParams(text)];
  if (pairs.length > maxPairs) return undefined;
  for (const [name, value] of pairs) {
    const parts = pathOf(name);
    if (parts === undefined || parts.length > maxDepth) return undefined;
    if (!put(root, parts, value)) return undefined;
  }
  return asLists(root);
}

export const parseFlat = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text));

/** Without a prototype, so that no name in a form means anything. */
function emptyForm(): Form {
  const form: Form = {};
  Object.setPrototypeOf(form, null);
  return form;
}

function pathOf(name: string): string[] | undefined {
  const head = /^[^[\]]+/.exec(name)?.[0];
  if (head === undefined) return undefined;
  const rest = name.slice(head.length);
  if (!/^(\[[^[\]]*\])*$/.test(rest)) return undefined;
  return [head, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, inner]) => inner ?? '')];
}

function put(root: Form, parts: readonly string[], value: string): boolean {
  let place = root;
  for (const [depth, part] of parts.entries()) {
    const key = part === '' ? String(Object.keys(place).length) : part;
    if (depth === parts.length - 1) {
      if (typeof place[key] === 'object') return false;
      place[key] = value;
      return true;
    }
    const next = (place[key] ??= emptyForm());
    if (typeof next !== 'object' || Array.isArray(next)) return false;
    place = next;
  }
  return true;
}

/** Objects whose names are 0, 1, 2, … are lists. */
function asLists(form: Form): Form {
  for (const [name, value] of Object.entries(form)) if (typeof value === 'object' && !Array.isArray(value)) form[name] = listOrObject(value);
  return form;
}

function listOrObject(form: Form): FormValue {
  const inner = asLists(form);
  const names = Object.keys(inner);
  return names.length > 0 && names.every((name, index) => name === String(index)) ? Object.values(inner) : inner;
}
