/**
 * Finds the text of a member of a JSON object as it was sent: a signature is over these very characters, which parsing
 * and writing again may change.
 */
const blank = /\s/;

/** @returns the text of the value; nothing if the top is no object with exactly one such member. */
export function rawMember(json: string, name: string): string | undefined {
  // The parser says that it is well-formed, so that below only strings and depth have to be counted.
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  let at = skipBlank(json, 0);
  if (json[at] !== '{') return undefined;
  let found: string | undefined;
  at = skipBlank(json, at + 1);
  while (json[at] !== '}') {
    const keyEnd = endOfString(json, at);
    const key: unknown = JSON.parse(json.slice(at, keyEnd));
    const start = skipBlank(json, skipBlank(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    if (key === name) {
      if (found !== undefined) return undefined;
      found = json.slice(start, end).trimEnd();
    }
    at = json[end] === ',' ? skipBlank(json, end + 1) : end;
  }
  return found;
}

function skipBlank(json: string, from: number): number {
  let at = from;
  while (blank.test(json[at] ?? '')) at += 1;
  return at;
}

function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** @returns the place of the comma or bracket after the value. */
function endOfValue(json: string, from: number): number {
  let depth = 0;
  let at = from;
  for (;;) {
    const character = json[at];
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (depth === 0 && (character === ',' || character === '}')) return at;
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    at += 1;
  }
}
