/**
 * How a process of workers is started. A worker has a JavaScript heap for each queue that runs workflows and a thread for
 * each file that it reads, and each of them takes what Node's defaults for a single large heap allow. With these, a worker
 * of imports needs a quarter less memory and no more time: `npm run bench -- imports`. deploy/ and docker-compose.yml say
 * the same.
 */
export const workerArguments = ['--max-semi-space-size=2'] as const;

/**
 * glibc keeps up to eight arenas for each processor, and learns from the first large block that is given back to keep such
 * blocks, too: a process then grows with each thread that comes and goes.
 */
export const workerEnvironment = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '1048576' } as const;
