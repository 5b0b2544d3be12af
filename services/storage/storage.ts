/** Where files are kept: a folder, or a bucket of anything that speaks S3, behind one interface that says nothing about where. */
import { Readable } from 'node:stream';
import { openFolder } from './folder.ts';
import { checkStorageKey } from './keys.ts';
import { openBucket } from './s3.ts';

export interface StoredFile {
  readonly bytes: number;
  /** In a folder as the key's ending says it, in a bucket as it was put. */
  readonly contentType?: string;
}

/** Bytes of a file, counted from 0. What lies behind its end is left out. */
export interface ByteRange {
  readonly from: number;
  /** Not part of it. */
  readonly to: number;
}

/** Every call but a wrong one can fail with {@link StorageFailed}; doing it again is always safe. */
export interface Storage {
  /**
   * Writes the whole file or nothing: a reader, or a process that was killed, never sees half of it. Writing again
   * replaces it, so a retried step may simply repeat the call. A stream is consumed once and must be made anew for that;
   * if it breaks, its own error comes out. However large it is, a few parts of it are in memory.
   */
  put(key: string, contents: Uint8Array | Readable, options: { readonly contentType: string }): Promise<void>;
  /** @throws MissingFile before any byte. */
  get(key: string, range?: ByteRange): Promise<Readable>;
  stat(key: string): Promise<StoredFile | undefined>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
}

export class MissingFile extends Error {
  override readonly name = 'MissingFile';
  constructor(key: string) {
    super(`There is no file ${key}.`);
  }
}

/** The storage is away, full, or does not let us in. */
export class StorageFailed extends Error {
  override readonly name = 'StorageFailed';
  constructor(what: string, reason: string) {
    super(`The file storage could not ${what}: ${reason}`);
  }
}

/** What a place must be able to do; keys are good and ranges not empty when they come here. */
export interface Place {
  put(key: string, contents: Uint8Array | Readable, contentType: string): Promise<void>;
  /** @returns undefined if there is no such file. */
  get(key: string, range: ByteRange | undefined): Promise<Readable | undefined>;
  stat(key: string): Promise<StoredFile | undefined>;
  remove(key: string): Promise<void>;
  /** What to tell an operator, without anything secret. */
  reason(error: unknown): string;
}

/**
 * @param url `file:///srv/files`, or `file:files` for a folder below the working directory;
 *   `s3://bucket/prefix?region=…&endpoint=…`, credentials as the AWS SDK finds them (AWS_ACCESS_KEY_ID, …).
 */
export function openStorage(url: string): Storage {
  const place = placeOf(url);
  const attempt = async <Result>(what: string, act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      throw new StorageFailed(what, place.reason(error));
    }
  };
  const stat = async (key: string): Promise<StoredFile | undefined> => {
    checkStorageKey(key);
    return await attempt('look for a file', async () => await place.stat(key));
  };
  return {
    stat,
    async put(key, contents, { contentType }) {
      checkStorageKey(key);
      try {
        await attempt('take a file', async () => await place.put(key, contents, contentType));
      } catch (error) {
        throw contents instanceof Readable && contents.errored !== null ? contents.errored : error;
      }
    },
    async get(key, range) {
      checkStorageKey(key);
      if (range !== undefined) checkRange(range);
      const nothing = range !== undefined && range.from === range.to;
      const file = nothing ? (await stat(key)) && Readable.from([]) : await attempt('give a file', async () => await place.get(key, range));
      if (file === undefined) throw new MissingFile(key);
      return file;
    },
    async remove(key) {
      checkStorageKey(key);
      await attempt('remove a file', async () => await place.remove(key));
    },
  };
}

function checkRange({ from, to }: ByteRange): void {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) throw new RangeError('A range of bytes begins at 0 or later and does not end before it begins.');
}

function placeOf(url: string): Place {
  const scheme = /^[a-z0-9+.-]+:/i.exec(url)?.[0];
  if (scheme === 'file:') return openFolder(url);
  if (scheme === 's3:') return openBucket(url);
  throw new Error(`Storage needs a file: or s3: URL${scheme === undefined ? '' : `, not ${scheme}`}.`);
}
