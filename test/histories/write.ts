/** Keeping the history of a flow. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const project = path.resolve(import.meta.dirname, '../..');

/** Waits for the flow's end and keeps its last run's history. */
export function writerOf(client: Client): (name: string, workflowId: string) => Promise<void> {
  return async (name, workflowId) => {
    const handle = client.workflow.getHandle(workflowId);
    // Some ways end in failure; their histories count as well.
    await handle.result().catch(() => undefined);
    // Stack traces name the folder that this happens to be in.
    const history = historyToJSON(await handle.fetchHistory()).replaceAll(`${project}/`, '');
    await writeFile(path.join(import.meta.dirname, `${name}.json`), `${history}\n`);
    console.log(`recorded ${name}`);
  };
}
