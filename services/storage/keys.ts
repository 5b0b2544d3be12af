/** The keys under which files are stored: made by us from ids, never from the name of a file. */

/**
 * `<tenant>/<area>/<id>…`: three to eight parts of lower-case ASCII, so that two keys never mean one file on a disk that
 * ignores case. A part begins and ends with a letter or digit: nothing hidden, no `..`, no empty part, nothing absolute.
 */
const part = '[a-z0-9](?:[a-z0-9_-]|\\.(?!\\.))*(?<=[a-z0-9])';
const pattern = new RegExp(`^${part}(?:/${part}){2,7}$`);
const longestKey = 512;
const longestPart = 128;

export function isStorageKey(key: string): boolean {
  return key.length <= longestKey && pattern.test(key) && key.split('/').every((part) => part.length <= longestPart);
}

/** @throws RangeError for anything that could not have come from us. The key itself is not repeated: it may be hostile. */
export function checkStorageKey(key: string): void {
  if (!isStorageKey(key)) throw new RangeError('Not a storage key: expected <tenant>/<area>/<id>… in lower-case letters, digits, ".", "_" and "-".');
}
