/** Work that takes the processor is done in threads, so that the worker that is asked for it goes on answering. */
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';

export interface ThreadPoolOptions<Answer, Result> {
  /** Its exported functions are the work. Node runs it as it is. */
  readonly file: URL;
  readonly threads: number;
  readonly tasksPerThread?: number;
  /** Of each thread. One that needs more is ended, not the process. */
  readonly memory: { readonly maxOldGenerationSizeMb: number; readonly maxYoungGenerationSizeMb: number };
  /** What each thread is given when it starts. */
  readonly data: object;
  /** Of what a thread answers. @throws what it could only describe, as an error loses all but its message on its way. */
  readonly resultOf: (answer: Answer) => Result;
}

export interface ThreadRunOptions<Progress> {
  /** Tells the work to stop; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a task gets besides: it tells how far it is through the port, and hears when it is to stop. */
export interface WithPort {
  readonly port: MessagePort;
}

export interface ThreadPool<Task extends object, Result, Progress> {
  run(name: string, task: Task, options?: ThreadRunOptions<Progress>): Promise<Result>;
  close(): Promise<void>;
}

/** A thread that has nothing to do keeps what it has loaded, and its connections, for so long. */
const idleMs = 30_000;
/** How long work has to take back what it has begun. */
const stopPatienceMs = 2_000;

/**
 * Nothing is started before there is something to do. Work that does not stop when it is told to ends with its thread,
 * unless that has other work, too: then it is left to itself, and whoever asked is no longer waiting for it.
 */
export function createThreadPool<Task extends object, Answer, Result, Progress>({ file, threads, tasksPerThread = 1, memory, data, resultOf }: ThreadPoolOptions<Answer, Result>): ThreadPool<Task, Result, Progress> {
  let pool: Piscina<Task & WithPort, Answer> | undefined;
  const start = (): Piscina<Task & WithPort, Answer> =>
    new Piscina({
      filename: fileURLToPath(file),
      minThreads: 0,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerThread,
      idleTimeout: idleMs,
      resourceLimits: memory,
      // Waiting must not stop the thread: it would hear neither of its connections nor that it is to stop.
      atomics: 'disabled',
      workerData: data,
    });

  return {
    async run(name, task, { signal, onProgress } = {}) {
      signal?.throwIfAborted();
      pool ??= start();
      const { port1, port2 } = new MessageChannel();
      const { promise: lost, reject: lose } = Promise.withResolvers<never>();
      const thread = new AbortController();
      let patience: NodeJS.Timeout | undefined;
      const stop = (): void => {
        port1.postMessage('stop');
        patience = setTimeout(() => {
          if (tasksPerThread === 1) thread.abort();
          else lose(signal?.reason);
        }, stopPatienceMs);
      };
      port1.on('message', (progress: Progress) => onProgress?.(progress));
      signal?.addEventListener('abort', stop);
      try {
        const work = pool.run({ ...task, port: port2 }, { name, transferList: [port2], ...(tasksPerThread === 1 && { signal: thread.signal }) });
        return resultOf(await Promise.race([work, lost]));
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        clearTimeout(patience);
        signal?.removeEventListener('abort', stop);
        port1.close();
      }
    },
    async close() {
      await pool?.destroy();
      pool = undefined;
    },
  };
}
