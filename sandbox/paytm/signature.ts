/** Paytm's checksums, by its own library, and the envelope `{head: {signature}, body}` whose body is signed as the text it is. */
import { createDecipheriv } from 'node:crypto';
import checksum from 'paytmchecksum';
import { json, type Answer } from '../core/answers.ts';
import { sameSecret } from '../core/ids.ts';

export type Fields = Readonly<Record<string, string>>;

const initialVector = '@@@@&&&&####$$$$';
const saltLength = 4;

/** What is signed of a form: its values in the order of their names. */
const textOf = (input: string | Fields): string => (typeof input === 'string' ? input : Object.keys(input).toSorted().map((name) => input[name]).join('|'));

export async function sign(input: string | Fields, merchantKey: string): Promise<string> {
  return await checksum.generateSignature(textOf(input), merchantKey);
}

/**
 * The library's own check prints what it cannot decrypt and takes longer for a better guess, so only its hash is used.
 * @param input the raw text of a body, or the fields of a form without `CHECKSUMHASH`.
 */
export function verify(input: string | Fields, merchantKey: string, signature: string): boolean {
  const opened = decrypt(signature, merchantKey);
  return opened !== undefined && sameSecret(opened, checksum.calculateHash(textOf(input), opened.slice(-saltLength)));
}

function decrypt(signature: string, merchantKey: string): string | undefined {
  try {
    const decipher = createDecipheriv('AES-128-CBC', merchantKey, initialVector);
    return decipher.update(signature, 'base64', 'latin1') + decipher.final('latin1');
  } catch {
    return undefined;
  }
}

export async function envelope(body: Readonly<Record<string, unknown>>, merchantKey: string, head: Readonly<Record<string, string>>): Promise<string> {
  const text = JSON.stringify(body);
  return `{"head":${JSON.stringify({ ...head, signature: await sign(text, merchantKey) })},"body":${text}}`;
}

export async function signedAnswer(body: Readonly<Record<string, unknown>>, merchantKey: string): Promise<Answer> {
  return { ...json(200, undefined), body: await envelope(body, merchantKey, { responseTimestamp: String(Date.now()), version: 'v1' }) };
}

/**
 * The exact text of a member of a JSON object: what was signed is that text, and writing the parsed value anew might
 * give another. The text must be valid JSON. @returns undefined when there is no such member.
 */
export function rawMember(text: string, name: string): string | undefined {
  let depth = 0;
  let found: number | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && found === undefined && isKey(text, end) && JSON.parse(text.slice(at, end + 1)) === name) found = text.indexOf(':', end) + 1;
      at = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0 && found !== undefined) return text.slice(found, at).trim();
    } else if (character === ',' && depth === 1 && found !== undefined) {
      return text.slice(found, at).trim();
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

const isKey = (text: string, end: number): boolean => /^\s*:/.test(text.slice(end + 1, end + 20));
