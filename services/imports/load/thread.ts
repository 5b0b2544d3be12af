/**
 * What runs in a thread: reading a file through, and loading chunks. While the database works on one chunk, the thread reads
 * the next. Node runs this file as it is.
 */
import { workerData } from 'piscina';
import { openStorage } from '../../storage/storage.ts';
import type { WithPort } from '../../threads/pool.ts';
import { plainError, stoppable, threadData, type PlainError } from '../../threads/task.ts';
import { defaultChunkBytes, FileProblem, inspectFile } from '../reading/index.ts';
import { createLoadChunk } from './chunk.ts';
import { createSessions } from './session.ts';
import type { ChunkResult, Inspection, InspectTask, LoadTask, Progress } from './types.ts';

/** `problem`: of the file. `failed`: anything else. */
export type Trouble = { readonly problem: Pick<FileProblem, 'code' | 'message' | 'line'> } | { readonly failed: PlainError };
export type ThreadResult = ChunkResult | Inspection | Trouble;

const { databaseUrl, storageUrl } = threadData.parse(workerData);
const storage = openStorage(storageUrl);
const sessions = createSessions(databaseUrl);
const loadChunk = createLoadChunk(storage);

export async function load({ port, ...task }: LoadTask & WithPort): Promise<ChunkResult | Trouble> {
  return await stoppable(port, async (signal) => await told(async () => await sessions.use(signal, async (client) => await loadChunk(client, task, signal))));
}

export async function inspect({ port, ...task }: InspectTask & WithPort): Promise<Inspection | Trouble> {
  const onProgress = (bytesRead: number): void => port.postMessage({ bytesRead } satisfies Progress);
  return await stoppable(port, async (signal) => await told(async () => await inspectFile({ ...task, storage, chunkBytes: defaultChunkBytes, signal, onProgress })));
}

async function told<Result>(work: () => Promise<Result>): Promise<Result | Trouble> {
  try {
    return await work();
  } catch (error) {
    return error instanceof FileProblem ? { problem: { code: error.code, message: error.message, line: error.line } } : { failed: plainError(error) };
  }
}
