/** Keyset paging: a cursor is the last key of the page before, so a page costs the same however deep it is. */
import type { FailureCode } from '../../contracts/failures.ts';
import type { Page } from '../../contracts/values.ts';

/** Thrown by the reading side for what the caller sent wrong; the API turns it into its problem. */
export class ReadRefused extends Error {
  readonly code: FailureCode;
  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** For a cursor that no page of this list gave. */
export const anotherCursor = (): ReadRefused => new ReadRefused('invalid_cursor', 'Pass `nextCursor` of the page before, unchanged.');

export function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  const genuine = Buffer.from(key, 'utf8').toString('base64url') === cursor && !key.includes('\u0000');
  if (!genuine) throw anotherCursor();
  return key;
}

/** @param rows one more than the page holds, when there is a next page. */
export function toPage<Row, Item>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string, toItem: (row: Row) => Item): Page<Item> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: page.map((row) => toItem(row)), ...(more && { nextCursor: Buffer.from(keyOf(last), 'utf8').toString('base64url') }) };
}
