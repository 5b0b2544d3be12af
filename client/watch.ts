/** Following a flow until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { isTimeout, translated } from './errors.ts';

const pollMs = 500;

/**
 * Asks twice a second and yields what changed. A query is answered from the worker's cache and writes no history.
 * While the worker or the server is away it keeps asking: the flow itself goes on.
 * @throws {HoldfastError} `flow_not_found`.
 */
export async function* watchFlow<Progress>(handle: WorkflowHandle, look: () => Promise<Progress>, signal?: AbortSignal): AsyncGenerator<Progress> {
  let last = '';
  for (;;) {
    const ended = (await patiently(async () => await translated(async () => await handle.describe())))?.status.name;
    const progress = await patiently(look);
    const text = JSON.stringify(progress);
    if (progress !== undefined && text !== last) {
      last = text;
      yield progress;
    }
    if (ended !== undefined && ended !== 'RUNNING' && progress !== undefined) return;
    if (signal?.aborted === true) return;
    await sleep(pollMs, undefined, { ...(signal !== undefined && { signal }) }).catch(() => undefined);
  }
}

async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isTimeout(error) || (error instanceof Error && 'code' in error && error.code === 'temporal_unavailable')) return undefined;
    throw error;
  }
}
