/** Reconciliation on demand; the schedule does it by itself every quarter of an hour. */
import type { Client } from '@temporalio/client';
import { typeid } from 'typeid-js';
import { reconciliationRunWorkflowId, type ReconciliationInput } from '../contracts/reconciliation.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { priorityFor, queueOfWorkflow, taskQueues, workflowTaskTimeout } from '../contracts/task-queues.ts';
import { translated } from './errors.ts';

/** `run_…` */
export const newRunId = (): string => typeid('run').toString();

export class ReconciliationClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Compares the shop's payments with every gateway now.
   * @param runId the same for a repeat, so that nothing is compared twice.
   * @returns the run's id; the HTTP API tells how it goes.
   * @throws {HoldfastError} `temporal_unavailable`.
   */
  async start(runId: string = newRunId()): Promise<string> {
    const input: ReconciliationInput = { tenantId: this.#tenantId, runId };
    await translated(async () => {
      await this.#client.workflow.start('reconciliation', {
        workflowId: reconciliationRunWorkflowId(this.#tenantId, runId),
        taskQueue: queueOfWorkflow.reconciliation,
        workflowTaskTimeout,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // A repeat that comes after the end would only compare again; that harms nobody.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        priority: priorityFor(taskQueues.operations.urgency, this.#tenantId),
        typedSearchAttributes: [{ key: searchAttributes.tenant, value: this.#tenantId }],
        staticSummary: `Compares the payments of ${this.#tenantId} with the gateways`,
      });
    });
    return runId;
  }
}
