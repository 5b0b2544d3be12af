/** The other end of services/threads/pool.ts: what the work in a thread does with its port, and with its errors. */
import type { MessagePort } from 'node:worker_threads';
import { z } from 'zod';
import { sqlState } from '../database/errors.ts';

/** What a thread that reads the database and the storage is given when it starts. */
export const threadData = z.object({ databaseUrl: z.string(), storageUrl: z.string() });
export type ThreadData = z.infer<typeof threadData>;

/** An error loses all but its message on the way between threads, so it is sent as plain data. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The driver's or PostgreSQL's (see services/database/errors.ts). */
  readonly code: string | undefined;
}

export function plainError(error: unknown): PlainError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack, code: sqlState(error) };
}

export function fromPlainError({ name, message, stack, code }: PlainError): Error {
  return Object.assign(new Error(message), { name, stack, ...(code !== undefined && { code }) });
}

/** Whatever comes through the port means that the work shall stop. */
export async function stoppable<Result>(port: MessagePort, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  port.once('message', () => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    port.close();
  }
}
