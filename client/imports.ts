/** Imports: starting, steering and watching their flows. The file itself is sent to the HTTP API. */
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { typeid } from 'typeid-js';
import type { Refusal } from '../contracts/failures.ts';
import { importWorkflowId } from '../contracts/flows.ts';
import { importMessages, type ImportInput, type ImportState } from '../contracts/imports/flow.ts';
import { importLabels, type AboutImport } from '../contracts/imports/start.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { queueOfWorkflow, workflowTaskTimeout } from '../contracts/task-queues.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';

/** `imp_…`: unique, and sortable by the time it was made. */
export const newImportId = (): string => typeid('imp').toString();

/** An import and how far its flow has come. */
export interface ImportProgress extends FlowProgress {
  readonly import: ImportState | undefined;
}

type ImportWorkflow = (input: ImportInput) => Promise<ImportState | Refusal>;

export class ImportsClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /** Starts the flow of an import that is in the database already; one that runs is left as it is. Returns when Temporal has it. */
  async begin(id: string, about?: AboutImport): Promise<void> {
    await translated(async () => await this.#client.workflow.start('import', this.#startOptions({ tenantId: this.#tenantId, importId: id }, about)));
  }

  /** @throws {HoldfastError} `flow_not_found` when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<ImportState | undefined> {
    return await translated(async () => await (await this.#owned(id)).query(importMessages.status));
  }

  /** No more chunks are begun; what is being loaded is finished first. */
  async pause(id: string): Promise<void> {
    await this.#signalWithStart(id, importMessages.pause);
  }

  async resume(id: string): Promise<void> {
    await this.#signalWithStart(id, importMessages.resume);
  }

  /** Stops it; what is loaded stays. Returns when Temporal has it, not when it is done. */
  async cancel(id: string): Promise<void> {
    await this.#signalWithStart(id, importMessages.cancel);
  }

  /** Another file was written down for it. */
  async filesAdded(id: string): Promise<void> {
    await this.#signalWithStart(id, importMessages.filesAdded);
  }

  /**
   * Loads what could not be loaded, in a new run. Returns when that has begun.
   * @throws {HoldfastError} `nothing_to_resume` when there is no such thing, or the import was cancelled.
   */
  async retry(id: string): Promise<ImportState> {
    return await translated(async () => {
      const flow = await (await this.#owned(id)).describe();
      if (flow.status.name === 'RUNNING') throw new HoldfastError('nothing_to_resume', 'The import is running.');
      const about = { dataset: flow.typedSearchAttributes.get(searchAttributes.resource) ?? 'import', requestedBy: flow.typedSearchAttributes.get(searchAttributes.customer) };
      const staticSummary = (await flow.staticSummary()) ?? `Import ${id}, tried again`;
      const start = { ...this.#startOptions({ tenantId: this.#tenantId, importId: id, retry: true }, about), staticSummary };
      return await updateWithStart(this.#client, { type: 'import', start, message: importMessages.begin, args: [{ tenantId: this.#tenantId }] });
    });
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<ImportProgress> {
    const handle = await translated(async () => await this.#owned(id));
    yield* watchFlow(handle, async () => ({ import: await handle.query(importMessages.status), ...(await handle.query(importMessages.progress)) }), options.signal);
  }

  /** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, as if there were none. */
  async #owned(id: string): Promise<WorkflowHandle<ImportWorkflow>> {
    return await ownedFlow<ImportWorkflow>(this.#client, this.#tenantId, importWorkflowId(id));
  }

  async #signalWithStart(id: string, signal: SignalDefinition): Promise<void> {
    await translated(async () => {
      try {
        const handle = await this.#owned(id);
        await handle.signal(signal);
      } catch (error) {
        // The run has ended, by force perhaps: a new one picks the import up from the database.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        await this.#client.workflow.signalWithStart('import', { ...this.#startOptions({ tenantId: this.#tenantId, importId: id }), signal });
      }
    });
  }

  #startOptions(input: ImportInput, about?: AboutImport) {
    return {
      workflowId: importWorkflowId(input.importId),
      taskQueue: queueOfWorkflow.import,
      workflowTaskTimeout,
      args: [input] as [ImportInput],
      // The id is the import: a running flow takes the message, an ended one is picked up by a new run.
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      ...importLabels(input, about),
    };
  }
}
