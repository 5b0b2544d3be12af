/** Exports are written in threads, each by one that does nothing else meanwhile. */
import type { ExportProgress } from '../../contracts/exports/flow.ts';
import { StorageFailed } from '../storage/storage.ts';
import { createThreadPool } from '../threads/pool.ts';
import { fromPlainError, type ThreadData } from '../threads/task.ts';
import { TooLarge } from './format.ts';
import type { ThreadResult, Trouble } from './thread.ts';
import type { ExportedFile, ExportTask, ExportWriter, ExportWriterOptions } from './types.ts';

export { TooLarge } from './format.ts';
export type { ExportedFile, ExportTask, ExportWriter, ExportWriterOptions, WriteOptions } from './types.ts';

/** A PDF of as many rows as it may have takes half of this. */
const memory = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 12 };

export function createExportWriter({ databaseUrl, storageUrl, threads }: ExportWriterOptions): ExportWriter {
  const data: ThreadData = { databaseUrl, storageUrl };
  const pool = createThreadPool<ExportTask, ThreadResult, ExportedFile, ExportProgress>({ file: new URL('thread.ts', import.meta.url), threads, memory, data, resultOf });
  return {
    write: async (task, options) => await pool.run('write', task, options),
    close: async () => await pool.close(),
  };
}

function resultOf(answer: ThreadResult): ExportedFile {
  if ('trouble' in answer) throw toError(answer);
  return answer;
}

function toError({ trouble, error }: Trouble): Error {
  if (trouble === 'too_large') return new TooLarge(error.message);
  return trouble === 'storage' ? new StorageFailed('take the export', error.message) : fromPlainError(error);
}
