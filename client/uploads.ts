/** Uploads of images: steering and watching their flows. The images themselves are sent to the HTTP API. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { typeid } from 'typeid-js';
import type { Refusal } from '../contracts/failures.ts';
import { uploadWorkflowId } from '../contracts/flows.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import { priorityFor, queueOfWorkflow, taskQueues, workflowTaskTimeout } from '../contracts/task-queues.ts';
import { uploadMessages, type UploadInput, type UploadState } from '../contracts/uploads/flow.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { watchFlow } from './watch.ts';

/** `upl_…`: unique, and sortable by the time it was made. */
export const newUploadId = (): string => typeid('upl').toString();

/** An upload and how far its flow has come. */
export interface UploadProgress extends FlowProgress {
  readonly upload: UploadState | undefined;
}

type UploadWorkflow = (input: UploadInput) => Promise<UploadState | Refusal>;

export class UploadsClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Starts the flow of an upload that is in the database already; one that runs or ran is left as it is.
   * @throws {HoldfastError} `temporal_unavailable`.
   */
  async begin(id: string, productId: string): Promise<void> {
    const input = { tenantId: this.#tenantId, uploadId: id };
    await translated(async () => {
      try {
        await this.#client.workflow.start<UploadWorkflow>('upload', {
          workflowId: uploadWorkflowId(id),
          taskQueue: queueOfWorkflow.upload,
          workflowTaskTimeout,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          // One that was ended by force goes on; one that has ended is over.
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
          priority: priorityFor(taskQueues.media.urgency, this.#tenantId),
          typedSearchAttributes: [
            { key: searchAttributes.tenant, value: this.#tenantId },
            { key: searchAttributes.resource, value: productId },
            { key: searchAttributes.status, value: 'pending' },
          ],
          staticSummary: `Images for product ${productId}`,
          staticDetails: `Tenant \`${this.#tenantId}\`, upload \`${id}\`. Signal: \`cancel\` (what is done stays).`,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
  }

  /** @throws {HoldfastError} `flow_not_found` when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<UploadState | undefined> {
    return await translated(async () => await (await this.#owned(id)).query(uploadMessages.status));
  }

  /** No more images are made; those that are done stay. One that has ended is left as it is. */
  async cancel(id: string): Promise<void> {
    await translated(async () => {
      try {
        await (await this.#owned(id)).signal(uploadMessages.cancel);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw new HoldfastError('not_cancellable', 'The upload has ended.', { cause: error });
        throw error;
      }
    });
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<UploadProgress> {
    const handle = await translated(async () => await this.#owned(id));
    yield* watchFlow(handle, async () => ({ upload: await handle.query(uploadMessages.status), ...(await handle.query(uploadMessages.progress)) }), options.signal);
  }

  /** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, as if there were none. */
  async #owned(id: string): Promise<WorkflowHandle<UploadWorkflow>> {
    return await ownedFlow<UploadWorkflow>(this.#client, this.#tenantId, uploadWorkflowId(id));
  }
}
