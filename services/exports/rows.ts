/**
 * Rows out of `COPY … TO STDOUT` in its text format, which is the cheapest that PostgreSQL has: a line each, tabs between
 * the fields, a backslash before what would be taken for either. Source: PostgreSQL manual, "COPY", "Text Format".
 */

/** Nothing: the field is NULL. */
export type Row = readonly (string | null)[];

const lineFeed = 10;
const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const unescaped = (field: string): string | null => (field === '\\N' ? null : field.replaceAll(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter));

function rowsOf(text: string): Row[] {
  const lines = text.split('\n');
  const rows = text.includes('\\') ? lines.map((line) => line.split('\t').map((field) => (field.includes('\\') ? unescaped(field) : field))) : lines.map((line) => line.split('\t'));
  // What is behind the last line feed.
  rows.pop();
  return rows;
}

/** @returns as many rows at a time as have come in; never none. */
export async function* readRows(copied: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Row[], void> {
  let begun: Buffer[] = [];
  for await (const bytes of copied) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = chunk.lastIndexOf(lineFeed) + 1;
    if (end === 0) {
      begun.push(chunk);
      continue;
    }
    const whole = begun.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...begun, chunk.subarray(0, end)]);
    begun = end === chunk.length ? [] : [chunk.subarray(end)];
    yield rowsOf(whole.toString('utf8'));
  }
}
