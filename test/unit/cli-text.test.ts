import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quoted } from '../../cli/invocation.ts';
import { fitted, money, padded, safe, safeJson, table, widthOf } from '../../cli/text.ts';

// oxlint-disable-next-line no-control-regex -- the point of the expression
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
const turnsTextAround = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const nasty = fc.constantFrom('\u001b[31m', '\u001b]0;title\u0007', '\u009b2J', '\r', '\n', '\t', '\b', '\u0000', '\u007f', '\u202e', '\u2066', '\u200f', '\u2028', '\u0085');
const hostile = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 5 }), fc.string({ maxLength: 5 })), { maxLength: 20 }).map((parts) => parts.join(''));

describe('text for a terminal', () => {
  test('keeps no character that a terminal would obey', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(safe(text)).not.toMatch(control);
        expect(safe(text)).not.toMatch(turnsTextAround);
      }),
      { numRuns: 1_000 },
    );
  });

  test('stays as it is when it is harmless, in any script, and is not changed twice', () => {
    fc.assert(fc.property(hostile, (text) => expect(safe(safe(text))).toBe(safe(text))));
    for (const name of ['Škoda Octavia', 'Grüße 👩‍👩‍👧‍👦', '北京酒店', 'فندق', 'हॉस्टल', "O'Brien & <b>"]) expect(safe(name)).toBe(name);
  });

  test('as JSON is harmless too, and says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), hostile, fc.constantFrom(undefined, 2), (value, text, indent) => {
        const whole = { value, [text]: text };
        const said = safeJson(whole, indent);
        expect(said.replaceAll('\n', '')).not.toMatch(control);
        expect(said).not.toMatch(turnsTextAround);
        expect(JSON.parse(said)).toEqual(JSON.parse(JSON.stringify(whole)));
        if (indent === undefined) expect(said).not.toContain('\n');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a table', () => {
  test('has one line a row and no more, whatever stands in its cells', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile), { maxLength: 6 }), (rows) => {
        const drawn = table(rows, [{ title: 'ONE', text: ([one]) => one }, { title: 'OTHER', text: ([, other]) => other, right: true }]);
        expect(drawn.split('\n')).toHaveLength(rows.length + 1);
        expect(drawn.replaceAll('\n', '')).not.toMatch(control);
      }),
    );
  });

  test('lines its columns up with wide characters and emoji in it', () => {
    const drawn = table([{ name: '北京', n: '1' }, { name: 'abcd', n: '2' }, { name: '👩‍👩‍👧‍👦', n: '3' }], [{ title: 'N', text: ({ name }) => name }, { title: 'X', text: ({ n }) => n }]);
    expect(drawn).toBe('N     X\n北京  1\nabcd  2\n👩‍👩‍👧‍👦    3');
  });
});

describe('a column', () => {
  test('never gets wider than it was asked to be', () => {
    fc.assert(fc.property(hostile, fc.integer({ min: 1, max: 40 }), (text, width) => expect(widthOf(fitted(safe(text), width))).toBeLessThanOrEqual(width)));
  });

  test('is as wide as asked when the text is narrower', () => {
    fc.assert(fc.property(hostile, (text) => expect(widthOf(padded(safe(text), 200))).toBe(Math.max(widthOf(safe(text)), 200))));
  });
});

test('money has the minor units of its currency, and an unknown currency is shown as it came', () => {
  expect([money(27_000, 'EUR'), money(27_000, 'JPY'), money(27_000, 'KWD'), money(0, 'CZK')]).toEqual(['EUR 270.00', 'JPY 27,000', 'KWD 27.000', 'CZK 0.00']);
  expect(money(5, 'e\u001b[')).toBe('5 e[ (minor units)');
});

test('an argument in a printed command means the same to a shell', () => {
  const printable = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => text.isWellFormed() && !text.includes('\u0000'));
  fc.assert(
    fc.property(fc.array(printable, { minLength: 1, maxLength: 20 }), (texts) => {
      const said = execFileSync('sh', ['-c', `printf '%s\\0' ${texts.map(quoted).join(' ')}`], { encoding: 'utf8' });
      expect(said.split('\u0000').slice(0, -1)).toEqual(texts);
    }),
    { numRuns: 50 },
  );
});
