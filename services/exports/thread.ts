/** What runs in a thread: writing an export. Node runs this file as it is. */
import { workerData } from 'piscina';
import { openStorage, StorageFailed } from '../storage/storage.ts';
import type { WithPort } from '../threads/pool.ts';
import { plainError, stoppable, threadData, type PlainError } from '../threads/task.ts';
import { TooLarge } from './format.ts';
import type { ExportedFile, ExportTask } from './types.ts';
import { writeExport } from './write.ts';

export interface Trouble {
  readonly trouble: 'too_large' | 'storage' | 'other';
  readonly error: PlainError;
}
export type ThreadResult = ExportedFile | Trouble;

const { databaseUrl, storageUrl } = threadData.parse(workerData);
const storage = openStorage(storageUrl);
const tellEveryMs = 250;

export async function write({ port, ...task }: ExportTask & WithPort): Promise<ThreadResult> {
  let toldAt = 0;
  return await stoppable(port, async (signal) => {
    try {
      return await writeExport(task, {
        databaseUrl,
        storage,
        signal,
        onProgress: (progress) => {
          const now = performance.now();
          if (now - toldAt < tellEveryMs) return;
          toldAt = now;
          port.postMessage(progress);
        },
      });
    } catch (error) {
      return { trouble: error instanceof TooLarge ? 'too_large' : error instanceof StorageFailed ? 'storage' : 'other', error: plainError(error) };
    }
  });
}
