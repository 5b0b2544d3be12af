/**
 * Paytm's signatures. They are made with Paytm's own package. They are checked here with its hash but our own
 * decryption, as the package writes to the console what a forger sends and does not compare in constant time.
 */
import { createDecipheriv, timingSafeEqual } from 'node:crypto';
import PaytmChecksum from 'paytmchecksum';

const vector = '@@@@&&&&####$$$$';
/**
 * Base64 of five blocks: a hash of 64 characters, the salt's four, padding. Its last digit holds four bits, so that only
 * 16 of the 64 may stand there: a decoder takes the others for the same bytes.
 */
const signatureForm = /^[A-Za-z0-9+/]{106}[AEIMQUYcgkosw048]=$/;
const hashLength = 64;

/** @param key 16 characters. */
export async function sign(text: string, key: string): Promise<string> {
  return await PaytmChecksum.generateSignature(text, key);
}

/** Whether one of the keys has signed it. Throws nothing, whatever the signature is. */
export function isSigned(text: string, signature: string, keys: readonly string[]): boolean {
  if (!signatureForm.test(signature)) return false;
  return keys.some((key) => {
    const signed = decrypted(signature, key);
    if (signed === undefined) return false;
    const expected = Buffer.from(PaytmChecksum.calculateHash(text, signed.subarray(hashLength).toString('latin1')), 'latin1');
    return expected.length === signed.length && timingSafeEqual(expected, signed);
  });
}

/** @returns hash and salt; nothing when the key is not the one, which the padding tells in nearly all cases. */
function decrypted(signature: string, key: string): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'latin1'), Buffer.from(vector, 'latin1'));
    const text = Buffer.concat([decipher.update(signature, 'base64'), decipher.final()]);
    return text.length > hashLength ? text : undefined;
  } catch {
    return undefined;
  }
}

/** What is signed of a form: the values in the order of their names. */
export function signedText(fields: ReadonlyMap<string, string>): string {
  return [...fields].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value).join('|');
}
