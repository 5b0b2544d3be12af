/** Files and chunks are worked on in threads. What a thread that was told to stop still does is fenced by the chunk's row. */
import { createThreadPool } from '../../threads/pool.ts';
import { fromPlainError, type ThreadData } from '../../threads/task.ts';
import { FileProblem } from '../reading/types.ts';
import type { ThreadResult } from './thread.ts';
import type { ChunkResult, ImportLoader, ImportLoaderOptions, Inspection, InspectTask, LoadTask, Progress } from './types.ts';

export type { ChunkResult, ImportLoader, ImportLoaderOptions, InspectOptions, InspectTask, LoadTask, RunOptions } from './types.ts';

/** One is read while the database works on the others. */
const chunksOfThread = 3;
/** A chunk and what is made of it take a fraction of this. */
const memory = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 6 };

export function createImportLoader({ databaseUrl, storageUrl, threads }: ImportLoaderOptions): ImportLoader {
  const data: ThreadData = { databaseUrl, storageUrl };
  const pool = createThreadPool<InspectTask | LoadTask, ThreadResult, ChunkResult | Inspection, Progress>({ file: new URL('thread.ts', import.meta.url), threads, tasksPerThread: chunksOfThread, memory, data, resultOf });
  return {
    async inspect(task, options) {
      const result = await pool.run('inspect', task, options);
      if ('chunks' in result) return result;
      throw new TypeError('an inspection was expected');
    },
    async load(task, options) {
      const result = await pool.run('load', task, options);
      if ('outcome' in result) return result;
      throw new TypeError('the result of a chunk was expected');
    },
    close: async () => await pool.close(),
  };
}

function resultOf(answer: ThreadResult): ChunkResult | Inspection {
  if ('problem' in answer) throw new FileProblem(answer.problem.code, answer.problem.message, answer.problem.line);
  if ('failed' in answer) throw fromPlainError(answer.failed);
  return answer;
}
