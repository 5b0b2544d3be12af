import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { signLink, verifyLink, type FileLink } from '../../services/storage/links.ts';

const now = new Date('2025-05-03T12:00:00Z');
const day = 24 * 60 * 60 * 1000;
const after = (ms: number): Date => new Date(now.getTime() + ms);
const link: FileLink = { method: 'GET', key: 'acme/invoices/inv_01jz/2025-000001.pdf', expiresAt: after(day), fileName: 'Rechnung Nr. 1 – „Müller“.pdf' };
const keys = ['first key of the test', 'second key of the test'];

describe('a signed link', () => {
  test('opens what it was signed for', () => {
    const url = signLink(link, keys, now);
    expect(url).toMatch(/^\/v1\/files\/acme\/invoices\/inv_01jz\/2025-000001\.pdf\?expires=1746360000&name=[^&]+&signature=[\w-]{43}$/);
    expect(verifyLink('GET', url, keys, now)).toEqual(link);
  });

  test('works without a file name', () => {
    const { fileName: _, ...nameless } = link;
    expect(verifyLink('GET', signLink(nameless, keys, now), keys, now)).toEqual(nameless);
  });

  test('is signed by the first key and taken with any', () => {
    const url = signLink(link, keys, now);
    expect(verifyLink('GET', url, ['newest', 'first key of the test'], now)).toEqual(link);
    expect(verifyLink('GET', url, ['second key of the test'], now)).toBe('bad_signature');
    expect(verifyLink('GET', url, [], now)).toBe('bad_signature');
  });

  test('is for one method', () => {
    const url = signLink(link, keys, now);
    expect(verifyLink('PUT', url, keys, now)).toBe('bad_signature');
    expect(verifyLink('DELETE', url, keys, now)).toBe('bad_signature');
  });

  test('expires to the second, and only a link of ours is called expired', () => {
    const url = signLink(link, keys, now);
    expect(verifyLink('GET', url, keys, after(day - 1))).toEqual(link);
    expect(verifyLink('GET', url, keys, after(day))).toBe('expired');
    expect(verifyLink('GET', url.replace('acme', 'evil'), keys, after(day))).toBe('bad_signature');
  });

  test('lives for at most 7 days', () => {
    expect(() => signLink({ ...link, expiresAt: after(7 * day) }, keys, now)).not.toThrow();
    for (const expiresAt of [after(7 * day + 1), after(0), after(-1), new Date(Number.NaN)]) expect(() => signLink({ ...link, expiresAt }, keys, now)).toThrow(RangeError);
  });

  test('is not made for a key or file name that cannot be, nor without a key to sign with', () => {
    for (const key of ['acme/../etc/passwd', '/etc/passwd', 'acme/invoices/x?expires=9']) expect(() => signLink({ ...link, key }, keys, now)).toThrow(RangeError);
    for (const fileName of ['', 'a\r\nSet-Cookie: x', '../x', 'a\\b', '\ud800', 'x'.repeat(201)]) expect(() => signLink({ ...link, fileName }, keys, now)).toThrow(RangeError);
    for (const none of [[], ['']]) expect(() => signLink(link, none, now)).toThrow(RangeError);
  });

  test('with any character changed, added or left out is refused', () => {
    const url = signLink(link, keys, now);
    const character = fc.oneof(fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./?&=%#+ ')), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(fc.nat(url.length - 1), fc.nat(1), character, (at, removed, inserted) => {
        const changed = url.slice(0, at) + inserted + url.slice(at + removed);
        fc.pre(changed !== url);
        expect(verifyLink('GET', changed, keys, now)).toBe('bad_signature');
      }),
      { numRuns: 3000 },
    );
    for (let at = 0; at < url.length; at += 1) expect(verifyLink('GET', url.slice(0, at) + url.slice(at + 1), keys, now)).toBe('bad_signature');
  });

  test('gives back any file name as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((name) => !/[\p{Cc}\p{Zl}\p{Zp}/\\]/u.test(name)), (fileName) => {
        expect(verifyLink('GET', signLink({ ...link, fileName }, keys, now), keys, now)).toEqual({ ...link, fileName });
      }),
    );
  });

  test.each(['', '/v1/files/', `/v1/files/acme/invoices/x?expires=1&signature=${'A'.repeat(43)}`, `/v1/files/acme/../x/y?expires=9999999999&signature=${'A'.repeat(43)}`, 'x'.repeat(100_000)])('that is none is refused', (url) => {
    expect(verifyLink('GET', url, keys, now)).toBe('bad_signature');
  });
});
