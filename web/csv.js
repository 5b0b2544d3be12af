/** A first look at a csv, to show its columns. How the file is read in the end is up to the server. */

/** How much of a file is looked at. */
export const headBytes = 64 * 1024;
const recordsLookedAt = 50;
const delimiters = [',', ';', '\t', '|'];

/**
 * @typedef {object} Head
 * @property {'csv' | 'xlsx' | 'ndjson' | 'other'} kind By the content.
 * @property {readonly string[]} header Empty if it is no csv, or its first line cannot be read.
 * @property {readonly string[]} first The first row.
 * @property {boolean} [undecodable] It is not in this encoding.
 */

/**
 * @param {Blob} file
 * @param {{ delimiter?: string, encoding?: string }} declared
 * @returns {Promise<Head>}
 */
export async function readHead(file, declared = {}) {
  const bytes = new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
  return lookAt(bytes, file.size <= headBytes, declared);
}

/**
 * @param {Uint8Array} bytes
 * @param {boolean} whole Whether that is all of the file.
 * @param {{ delimiter?: string, encoding?: string }} declared
 * @returns {Head}
 */
export function lookAt(bytes, whole, { delimiter, encoding } = {}) {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return { kind: 'xlsx', header: [], first: [] };
  const read = encodingOf(bytes, encoding);
  // In a picture or an archive they come soon; no text has them.
  if (!read.startsWith('utf-16') && bytes.includes(0)) return { kind: 'other', header: [], first: [] };
  const decoder = new TextDecoder(read, { fatal: true });
  /** @type {string} */
  let text;
  try {
    // The last character may be cut in two.
    text = decoder.decode(bytes, { stream: !whole });
  } catch {
    return { kind: 'csv', header: [], first: [], undecodable: true };
  }
  if (/^\s*\{/.test(text)) return { kind: 'ndjson', header: [], first: [] };
  if (/^\s*<|^%PDF-/.test(text) || text.includes('\0')) return { kind: 'other', header: [], first: [] };
  const said = /^(?:"sep=(.)"|sep=(.))(?:\r\n|\r|\n)/i.exec(text);
  const table = said === null ? text : text.slice(said[0].length);
  const chosen = delimiter === 'tab' ? '\t' : delimiter;
  const [header = [], first = []] = records(table, chosen ?? said?.[1] ?? said?.[2] ?? findDelimiter(table, whole), whole);
  return { kind: 'csv', header: header.map((name) => name.replaceAll(/\s+/gu, ' ').trim()), first };
}

/**
 * A byte order mark is stronger than what is declared.
 * @param {Uint8Array} bytes
 * @param {string | undefined} declared
 */
function encodingOf([one, two], declared) {
  if (one === 0xff && two === 0xfe) return 'utf-16le';
  if (one === 0xfe && two === 0xff) return 'utf-16be';
  if (declared !== undefined) return declared;
  // In UTF-16 every other byte of a header in Latin letters is zero.
  if (two === 0 && one !== 0) return 'utf-16le';
  return one === 0 && two !== 0 ? 'utf-16be' : 'utf-8';
}

/**
 * That by which most records have as many fields as the first, of several such the one with the most fields.
 * @param {string} text
 * @param {boolean} whole
 */
function findDelimiter(text, whole) {
  let best = { delimiter: ',', share: 0, columns: 1 };
  for (const delimiter of delimiters) {
    const lengths = records(text, delimiter, whole).map((fields) => fields.length);
    const [columns = 1] = lengths;
    if (columns < 2) continue;
    const share = lengths.filter((length) => length === columns).length / lengths.length;
    if (share > best.share || (share === best.share && columns > best.columns)) best = { delimiter, share, columns };
  }
  return best.delimiter;
}

/**
 * The first records; empty lines are none. One that is cut off at the end of `text` is left out.
 * @param {string} text
 * @param {string} delimiter
 * @param {boolean} whole
 */
export function records(text, delimiter, whole, most = recordsLookedAt) {
  /** @type {string[][]} */
  const found = [];
  /** @type {string[]} */
  let fields = [];
  let at = 0;
  while (at < text.length && found.length < most) {
    const { value, end } = field(text, at, delimiter);
    fields.push(value);
    at = end;
    if (at >= text.length) break;
    if (text[at] === delimiter) {
      at += 1;
      if (at < text.length) continue;
      fields.push('');
      break;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (fields.length > 1 || fields[0] !== '') found.push(fields);
    fields = [];
  }
  if (whole && found.length < most && (fields.length > 1 || (fields[0] ?? '') !== '')) found.push(fields);
  return found;
}

/**
 * The field that begins at `from`, and where what ends it stands.
 * @param {string} text
 * @param {number} from
 * @param {string} delimiter
 */
function field(text, from, delimiter) {
  let value = '';
  let at = from;
  while (text[at] === '"' && (at === from || value !== '')) {
    // Within quotes a doubled one stands for itself.
    const close = text.indexOf('"', at + 1);
    if (close === -1) return { value: value + text.slice(at + 1), end: text.length };
    value += text.slice(at + 1, close);
    at = close + 1;
    if (text[at] !== '"') break;
    value += '"';
  }
  const stop = nextStop(text, at, delimiter);
  return { value: value + text.slice(at, stop), end: stop };
}

/**
 * @param {string} text
 * @param {number} from
 * @param {string} delimiter
 */
function nextStop(text, from, delimiter) {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === delimiter || character === '\n' || character === '\r') return at;
  }
  return text.length;
}
