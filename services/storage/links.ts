/** Links that let their bearer fetch or send one file for a while, without an API key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { checkStorageKey, isStorageKey } from './keys.ts';

export interface FileLink {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly expiresAt: Date;
  /** What the downloaded file is called. */
  readonly fileName?: string;
}

const longestLifeMs = 7 * 24 * 60 * 60 * 1000;
const longestFileName = 200;
const shape = /^\/v1\/files\/([a-z0-9/._-]+)\?expires=([1-9][0-9]{0,11})(?:&name=([^&=#\s]+))?&signature=([A-Za-z0-9_-]{43})$/;

/**
 * @param keys the first signs; see {@link verifyLink}.
 * @returns path and query, `/v1/files/<key>?expires=<unix s>&name=<file name>&signature=<base64url>`. A part of a second
 *   is dropped from the expiry.
 * @throws RangeError for a life of more than 7 days, a key that is not ours or an impossible file name.
 */
export function signLink(link: FileLink, keys: readonly string[], now: Date = new Date()): string {
  const [signingKey] = keys;
  if (signingKey === undefined || signingKey === '') throw new RangeError('There is no key to sign links with.');
  checkStorageKey(link.key);
  const lifeMs = link.expiresAt.getTime() - now.getTime();
  if (!(lifeMs > 0 && lifeMs <= longestLifeMs)) throw new RangeError('A link lives for more than nothing and at most 7 days.');
  if (link.fileName !== undefined && !isFileName(link.fileName)) throw new RangeError(`A file name has 1 to ${longestFileName} characters, no control characters and no slash.`);

  const name = link.fileName === undefined ? '' : `&name=${encodeURIComponent(link.fileName)}`;
  const unsigned = `/v1/files/${link.key}?expires=${Math.floor(link.expiresAt.getTime() / 1000)}${name}`;
  return `${unsigned}&signature=${signature(link.method, unsigned, signingKey)}`;
}

/**
 * Whether a link was made by {@link signLink} for this method, by one of the keys (two while they are rotated), and
 * still lives. Takes the URL as it came over the wire: a link with any character changed, another spelling of the same
 * values included, is refused. Only a link of ours is ever called expired.
 *
 * @param url path and query, undecoded.
 */
export function verifyLink(method: string, url: string, keys: readonly string[], now: Date = new Date()): FileLink | 'expired' | 'bad_signature' {
  const [, key, expires, name, given] = shape.exec(url) ?? [];
  if (key === undefined || given === undefined || !isStorageKey(key)) return 'bad_signature';
  if (method !== 'GET' && method !== 'PUT') return 'bad_signature';

  const unsigned = url.slice(0, -`&signature=${given}`.length);
  // Every key is tried, and text is compared, not bytes: the last character of base64url has spare bits.
  const matches = keys.filter((candidate) => candidate !== '' && timingSafeEqual(Buffer.from(signature(method, unsigned, candidate)), Buffer.from(given)));
  if (matches.length === 0) return 'bad_signature';

  const expiresAt = new Date(Number(expires) * 1000);
  if (expiresAt <= now) return 'expired';
  return { method, key, expiresAt, ...(name === undefined ? {} : { fileName: decodeURIComponent(name) }) };
}

/** The version keeps these signatures apart from any other use of the same key. */
function signature(method: string, unsigned: string, key: string): string {
  return createHmac('sha256', key).update(`file-link.v1\n${method}\n${unsigned}`).digest('base64url');
}

function isFileName(name: string): boolean {
  return name.length > 0 && name.length <= longestFileName && name.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}/\\]/u.test(name);
}
