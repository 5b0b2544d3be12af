/** The parts of a workbook, which is a zip: read by ranges straight from storage, unpacked as a stream, with limits. */
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import type { Storage } from '../../../storage/storage.ts';
import { mostArchiveParts, mostUnpackedPerByte, mostWorkbookBytes, unpackedAnyway } from '../limits.ts';
import { FileProblem } from '../types.ts';

export interface Archive {
  has(part: string): boolean;
  /** @throws FileProblem if it is not there, is damaged, or unpacks to too much. */
  read(part: string): AsyncGenerator<Buffer>;
  close(): void;
}

export interface ArchiveFile {
  readonly storage: Storage;
  readonly key: string;
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((bytesRead: number) => void) | undefined;
}

/** @throws FileProblem */
export async function openArchive(file: ArchiveFile): Promise<Archive> {
  const reader = new StorageReader(file);
  const entries = new Map<string, Entry>();
  const zip = await reader.orDamaged(async () => {
    const zip = await fromRandomAccessReaderPromise(reader, file.bytes, { autoClose: false });
    if (zip.entryCount > mostArchiveParts) throw tooLarge();
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName.toLowerCase(), entry);
    return zip;
  });
  const most = Math.min(mostWorkbookBytes, Math.max(unpackedAnyway, file.bytes * mostUnpackedPerByte));
  let unpacked = 0;

  return {
    has: (part) => entries.has(part.toLowerCase()),
    async *read(part) {
      const entry = entries.get(part.toLowerCase());
      if (entry === undefined) throw new FileProblem('file_unreadable', 'The workbook is damaged: a part is missing. Save it anew.');
      const blocks = await reader.orDamaged(async () => await blocksOf(zip, entry));
      try {
        for (;;) {
          const next = await reader.orDamaged(async () => await blocks.next());
          if (next.done === true) return;
          unpacked += next.value.length;
          if (unpacked > most) throw tooLarge();
          yield next.value;
        }
      } finally {
        await blocks.return?.();
      }
    },
    close: () => {
      zip.close();
    },
  };
}

async function blocksOf(zip: ZipFile, entry: Entry): Promise<AsyncIterator<Buffer>> {
  if (!entry.canDecodeFileData()) throw new Error('encrypted, or packed in a way that is not known');
  const stream: AsyncIterable<Buffer> = await zip.openReadStreamPromise(entry);
  return stream[Symbol.asyncIterator]();
}

function tooLarge(): FileProblem {
  return new FileProblem('file_too_large', 'The workbook unpacks to more than is read here. Save it as csv.');
}

/** What fails in the storage is no fault of the file and is thrown as it is; all else says that the file is damaged. */
class StorageReader extends RandomAccessReader {
  readonly #file: ArchiveFile;
  #bytesRead = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: ArchiveFile) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(from: number, to: number): Readable {
    const { storage, key, signal, onProgress, bytes } = this.#file;
    const count = (blockBytes: number): void => {
      // A range may be read again.
      this.#bytesRead = Math.min(bytes, this.#bytesRead + blockBytes);
      onProgress?.(this.#bytesRead);
    };
    const through = new Transform({
      transform(block: Buffer, _encoding, done) {
        count(block.length);
        done(null, block);
      },
    });
    const copy = async (): Promise<void> => {
      await pipeline(await storage.get(key, { from, to }), through, { signal });
    };
    copy().catch((error: unknown) => {
      this.#failure ??= { error };
      through.destroy(error instanceof Error ? error : new Error('The storage could not be read.'));
    });
    return through;
  }

  async orDamaged<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof FileProblem) throw error;
      this.#file.signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.error;
      throw new FileProblem('file_unreadable', 'This is a zip archive that is damaged or packed in a way that is not known here. If it is a workbook, save it anew.');
    }
  }
}
