import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from '../../api/http/body.ts';
import { canonical } from '../../api/http/idempotency.ts';

describe('a body', () => {
  test('that is empty is an empty object', () => {
    expect(parseJson(Buffer.alloc(0))).toEqual({});
  });

  test('may begin with a byte order mark', () => {
    expect(parseJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });

  test.each([
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid_utf8'],
    ['an overlong NUL', Buffer.from([0x22, 0xc0, 0x80, 0x22]), 'invalid_utf8'],
    ['half an object', Buffer.from('{'), 'invalid_json'],
    ['a prototype', Buffer.from('{"a":[{"__proto__":{}}]}'), 'invalid_json'],
    ['a prototype spelled with escapes', Buffer.from('{"\\u005f_proto_\\u005f":{}}'), 'invalid_json'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(() => parseJson(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('nested deeper than the stack is read', () => {
    expect(() => parseJson(Buffer.from('{"\\u0061":'.repeat(30_000) + '1' + '}'.repeat(30_000)))).not.toThrow();
  });
});

/** -0 is 0 once it is JSON. */
const asSent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the canonical text of a body', () => {
  test('does not depend on the order of fields', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: true })).toBe(canonical({ a: true, b: [1, { c: 'x', d: null }] }));
  });

  test('is the same for the same JSON only', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [asSent(one), asSent(other)];
        expect(JSON.parse(canonical(a))).toEqual(a);
        if (canonical(a) === canonical(b)) expect(a).toEqual(b);
      }),
    );
  });
});
