/** What the writer is asked and what it answers; all of it can be sent to a thread. */
import type { ExportFormat, ExportProgress } from '../../contracts/exports/flow.ts';
import type { Selection } from './select.ts';

export interface ExportTask {
  readonly selection: Selection;
  readonly format: ExportFormat;
  readonly bom: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Where the file goes. */
  readonly key: string;
}

export interface ExportedFile {
  readonly rows: number;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface WriteOptions {
  /** Ends the work: nothing of it is kept. The promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ExportProgress) => void;
}

export interface ExportWriter {
  /**
   * Writes the file, whole or not at all.
   * @throws TooLarge what the format cannot hold. @throws StorageFailed. What else is thrown is the database's.
   */
  write(task: ExportTask, options?: WriteOptions): Promise<ExportedFile>;
  close(): Promise<void>;
}

export interface ExportWriterOptions {
  /** A replica will do: an export decides nothing. */
  readonly databaseUrl: string;
  readonly storageUrl: string;
  /** As many exports are written at a time. */
  readonly threads: number;
}
