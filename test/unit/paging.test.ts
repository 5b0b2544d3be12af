import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, ReadRefused, toPage } from '../../services/database/paging.ts';

// What a key can be: any text that PostgreSQL can store.
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }).filter((text) => text.isWellFormed() && !text.includes('\u0000'));
const cursorAfter = (last: string): string | undefined => toPage([last, 'one more'], 1, (row) => row, (row) => row).nextCursor;

function refusalOf(cursor: string): unknown {
  try {
    return decodeCursor(cursor);
  } catch (error) {
    return error;
  }
}

describe('a cursor', () => {
  test('gives back the key that it was made of, whatever that is, and fits into a query', () => {
    fc.assert(
      fc.property(key, (last) => {
        const cursor = cursorAfter(last) ?? '';
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor)).toBe(last);
      }),
    );
  });

  test('that this list never gave is refused, or is the only spelling of its key', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.base64String({ maxLength: 60 }), fc.stringMatching(/^[\w-]{1,40}$/)), (cursor) => {
        const outcome = refusalOf(cursor);
        if (outcome instanceof ReadRefused) expect(outcome.code).toBe('invalid_cursor');
        else expect(cursorAfter(outcome as string) ?? '').toBe(cursor);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([['%%%'], ['a'], ['YQ=='], ['YQ '], [Buffer.from([0xff, 0xfe]).toString('base64url')], [Buffer.from('a\u0000b').toString('base64url')]])('%j is refused', (cursor) => {
    expect(refusalOf(cursor)).toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('a page', () => {
  test('followed by the pages after it has every row exactly once, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (keys, limit) => {
        const rows = keys.toSorted();
        const seen: string[] = [];
        for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
          const after = cursor === undefined ? 0 : rows.indexOf(decodeCursor(cursor)) + 1;
          const page = toPage(rows.slice(after, after + limit + 1), limit, (row) => row, (row) => row);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          cursor = page.nextCursor;
        }
        expect(seen).toEqual(rows);
      }),
    );
  });
});
