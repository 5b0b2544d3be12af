/** A stream from outside on its way into the storage: counted, hashed, cut off where it is too long. */
import { createHash } from 'node:crypto';
import { finished, Transform, type Readable } from 'node:stream';
import type { FailureCode } from '../../contracts/failures.ts';
import { Refused } from './problems.ts';

export interface Measured {
  /** What to read instead of the source. Once it is closed, the rest of the source is thrown away as it arrives. */
  readonly contents: Readable;
  readonly stop: (code: FailureCode) => void;
  /** Why it was stopped, if it was. */
  readonly refusal: () => Refused | undefined;
  /** Of what went through; the hash in hexadecimal. To be called once. */
  readonly result: () => { bytes: number; sha256: string };
}

export function measure(source: Readable, maxBytes: number): Measured {
  const sha256 = createHash('sha256');
  let bytes = 0;
  let refusal: Refused | undefined;
  const stop = (code: FailureCode): void => {
    refusal ??= new Refused(code);
    contents.destroy(refusal);
  };
  const contents = new Transform({
    transform(chunk: Buffer, _encoding, passed) {
      bytes += chunk.length;
      if (bytes > maxBytes) return stop('payload_too_large');
      sha256.update(chunk);
      passed(null, chunk);
    },
  });
  contents.on('error', () => undefined);
  contents.once('close', () => source.unpipe(contents).resume());
  finished(source, { writable: false }, (error) => {
    if (error != null) stop('upload_incomplete');
  });
  source.pipe(contents);
  return { contents, stop, refusal: () => refusal, result: () => ({ bytes, sha256: sha256.digest('hex') }) };
}
