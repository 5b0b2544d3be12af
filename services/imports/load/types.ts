/** What the loader is asked and what it answers; all of it can be sent to a thread. */
import type { Inspection } from '../reading/index.ts';

export type { Inspection };

export interface InspectTask {
  readonly key: string;
  /** Where a copy in UTF-8 goes if chunks cannot be read from the file itself. */
  readonly copyKey: string;
  readonly fileName?: string | undefined;
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
}

/** The rest is in the chunk's row. */
export interface LoadTask {
  readonly tenantId: string;
  readonly importId: string;
  readonly seq: number;
}

export interface ChunkResult {
  /** already: it had been loaded before. closed: the import has ended or the chunk was given up, so nothing was done. */
  readonly outcome: 'loaded' | 'already' | 'closed';
  readonly inserted: number;
  readonly updated: number;
  readonly rejected: number;
}

export interface Progress {
  /** Of the file that was sent. */
  readonly bytesRead: number;
}

export interface RunOptions {
  /** Ends the work at once; what a chunk did is rolled back. The promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface InspectOptions extends RunOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface ImportLoader {
  /** @throws FileProblem what is wrong with the whole file. */
  inspect(task: InspectTask, options?: InspectOptions): Promise<Inspection>;
  /**
   * Idempotent. What is wrong with a row is a reject; what is thrown concerns the chunk, and has the `code` of the driver
   * or of PostgreSQL if there is one (see services/database/errors.ts).
   */
  load(task: LoadTask, options?: RunOptions): Promise<ChunkResult>;
  close(): Promise<void>;
}

export interface ImportLoaderOptions {
  readonly databaseUrl: string;
  readonly storageUrl: string;
  /** Each reads and checks one chunk while the database works on others. One keeps two cores busy. */
  readonly threads: number;
}
