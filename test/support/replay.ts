/** Whether every flow could go on from its history if its worker died now. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection, type WorkflowClient } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles, type TestStack } from './environment.ts';

/** @param query e.g. `WorkflowType = 'payment'`. @returns how many histories replayed, and one line for each that did not. */
export async function replayHistories({ temporalAddress, temporalNamespace }: TestStack, query: string): Promise<{ readonly replayed: number; readonly problems: readonly string[] }> {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger });
  const bundle = await workflowBundle(testBundles, logger);
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const { workflow } = new Client({ connection, namespace: temporalNamespace });
    let replayed = 0;
    const problems: string[] = [];
    for await (const { workflowId, runId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, workflow.list({ query }).intoHistories())) {
      if (error === undefined) replayed += 1;
      else problems.push(`the history of ${workflowId} (run ${runId}) does not replay, and is kept as ${await kept(workflow, workflowId, runId)}: ${error.message.slice(0, 400)}`);
    }
    return { replayed, problems };
  } finally {
    await connection.close();
  }
}

/** What a flow cannot go on from is gone with its server. @returns where it is kept. */
async function kept(workflow: WorkflowClient, workflowId: string, runId: string): Promise<string> {
  const file = path.join(path.dirname(testBundles), `history-${runId}.json`);
  await writeFile(file, historyToJSON(await workflow.getHandle(workflowId, runId).fetchHistory()));
  return file;
}
