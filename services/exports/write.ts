/** One export from the database into the storage. Only a few pieces of it are in memory at a time. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { exportFileTypes, type ExportFormat, type ExportProgress } from '../../contracts/exports/flow.ts';
import { StorageFailed, type Storage } from '../storage/storage.ts';
import type { FormatWriter } from './format.ts';
import { writeCsv, writeNdjson } from './lines.ts';
import { selectCount } from './select.ts';
import { openSnapshot } from './snapshot.ts';
import type { ExportedFile, ExportTask } from './types.ts';

/** What draws a PDF takes some tens of megabytes, so nothing is loaded before it is needed. */
const writers: Record<ExportFormat, () => Promise<FormatWriter>> = {
  csv: () => Promise.resolve(writeCsv),
  ndjson: () => Promise.resolve(writeNdjson),
  xlsx: async () => (await import('./xlsx/index.ts')).writeXlsx,
  pdf: async () => (await import('./pdf/index.ts')).writePdf,
};

/** Enough for the storage not to wait for the database, nor the other way round. */
const readAheadBytes = 1024 * 1024;

export interface Surroundings {
  readonly databaseUrl: string;
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExportProgress) => void;
}

/** @throws as {@link ExportWriter.write}. */
export async function writeExport({ selection, format, bom, createdAt, key }: ExportTask, { databaseUrl, storage, signal, onProgress }: Surroundings): Promise<ExportedFile> {
  const snapshot = await openSnapshot(databaseUrl);
  let contents: Readable | undefined;
  const stop = (): void => {
    // Whoever waits for the next row would wait for it in vain otherwise.
    snapshot.close().catch(() => undefined);
    contents?.destroy(new Error('The export was stopped.'));
  };
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    const total = await snapshot.count(selectCount(selection));
    onProgress({ rows: 0, total });
    const hash = createHash('sha256');
    let bytes = 0;
    const write = await writers[format]();
    const made = write({ snapshot, selection, total, createdAt: new Date(createdAt), bom, onRows: (rows) => onProgress({ rows, total }) });
    const seen = watched(gathered(made), (piece) => {
      hash.update(piece);
      bytes += piece.byteLength;
    });
    contents = Readable.from(seen.pieces, { objectMode: false, highWaterMark: readAheadBytes });
    try {
      await storage.put(key, contents, { contentType: exportFileTypes[format].contentType });
    } catch (error) {
      // A stream that its reader gave up and one that broke by itself look alike from outside.
      throw seen.broken() ?? (error instanceof StorageFailed ? error : new StorageFailed('take an export', error instanceof Error ? error.message : 'unknown'));
    }
    return { rows: total, bytes, sha256: hash.digest('hex') };
  } finally {
    signal.removeEventListener('abort', stop);
    await snapshot.close();
  }
}

/** What comes off the connection is small; each write and each checksum of it would cost more than gathering it. */
const pieceBytes = 256 * 1024;

async function* gathered(source: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  let some: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of source) {
    some.push(piece);
    bytes += piece.byteLength;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(some, bytes);
    some = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(some, bytes);
}

interface Watched {
  readonly pieces: AsyncGenerator<Uint8Array>;
  /** Why there are no more pieces, if they broke off by themselves. */
  broken(): Error | undefined;
}

function watched(source: AsyncGenerator<Uint8Array, void>, see: (piece: Uint8Array) => void): Watched {
  let broken: Error | undefined;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const { value, done } = await source.next().catch((error: unknown) => {
          broken = error instanceof Error ? error : new Error(String(error));
          throw error;
        });
        if (done === true) return;
        see(value);
        yield value;
      }
    } finally {
      await source.return();
    }
  }
  return { pieces: pieces(), broken: () => broken };
}
