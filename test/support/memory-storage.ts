/** Storage that is a map, for tests of what reads and writes files without caring where they are. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { MissingFile, type Storage } from '../../services/storage/storage.ts';

export interface MemoryStorage extends Storage {
  readonly files: Map<string, Uint8Array>;
}

/** @param blockBytes how much a stream gives at once. */
export function createMemoryStorage(blockBytes = 64 * 1024): MemoryStorage {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    async put(key, contents) {
      const bytes = contents instanceof Readable ? await buffer(contents) : contents;
      files.set(key, bytes);
    },
    get(key, range) {
      const file = files.get(key);
      if (file === undefined) return Promise.reject(new MissingFile(key));
      const bytes = Buffer.from(file.buffer, file.byteOffset, file.length).subarray(range?.from ?? 0, range?.to);
      return Promise.resolve(Readable.from(blocksOf(bytes, blockBytes)));
    },
    stat(key) {
      const file = files.get(key);
      return Promise.resolve(file && { bytes: file.length });
    },
    remove(key) {
      files.delete(key);
      return Promise.resolve();
    },
  };
}

function* blocksOf(bytes: Buffer, blockBytes: number): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += blockBytes) yield bytes.subarray(from, from + blockBytes);
}
