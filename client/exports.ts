/** Exports: asking for them, steering and watching their flows. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { typeid } from 'typeid-js';
import { exportMessages, exportPatienceMs, type ExportInput, type ExportProgress as RowsSoFar, type ExportRequest } from '../contracts/exports/flow.ts';
import { createExportBody, exportId, exportRequest, type CreateExport, type ExportState } from '../contracts/exports/schemas.ts';
import { exportLabels } from '../contracts/exports/start.ts';
import { isRefusal, type Refusal } from '../contracts/failures.ts';
import { exportWorkflowId } from '../contracts/flows.ts';
import { queueOfWorkflow, workflowTaskTimeout } from '../contracts/task-queues.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';

/** `exp_…`: unique, and sortable by the time it was made. */
export const newExportId = (): string => typeid('exp').toString();

/** An export and how far it is. */
export interface ExportProgress extends FlowProgress {
  readonly export: ExportState | undefined;
  /** Written so far. */
  readonly rows: number;
}

export interface StartExportRequest extends CreateExport {
  /** From {@link newExportId}: keep it and pass it again when the answer got lost, and it is exported once. */
  readonly id?: string;
}

type ExportWorkflow = (input: ExportInput) => Promise<ExportState | Refusal>;

export class ExportsClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Has rows written to a file.
   * @returns the export as soon as it is written down; the file follows by itself: {@link watch} it. The HTTP API has the
   * link to it.
   * @throws {HoldfastError} `unknown_dataset`, `unknown_format`, `invalid_request`, `temporal_unavailable`.
   */
  async start({ id = newExportId(), ...wanted }: StartExportRequest): Promise<ExportState> {
    const request = exportRequest(parsed(createExportBody, wanted));
    if (isRefusal(request)) throw new HoldfastError(request.refused, request.detail);
    return await this.begin(parsed(exportId, id), request);
  }

  /** As {@link start}, with what was checked already. */
  async begin(id: string, request: ExportRequest): Promise<ExportState> {
    return await translated(async () => {
      await this.#refuseStranger(id);
      try {
        return await this.#client.withDeadline(Date.now() + exportPatienceMs, async () => await this.#updateWithStart({ tenantId: this.#tenantId, exportId: id, request }));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new HoldfastError('temporal_unavailable', `The export was asked for, but not begun in time. Look at ${id}, or ask again under this id.`, { cause: error });
      }
    });
  }

  /** @throws {HoldfastError} `flow_not_found` when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<ExportState | undefined> {
    return await translated(async () => await (await this.#owned(id)).query(exportMessages.status));
  }

  /** Stops it; nothing of it is kept. Returns when Temporal has it, not when it is done. */
  async cancel(id: string): Promise<void> {
    await translated(async () => await (await this.#owned(id)).signal(exportMessages.cancel));
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<ExportProgress> {
    const handle = await translated(async () => await this.#owned(id));
    let percent = 0;
    yield* watchFlow(handle, async () => {
      const [state, progress, { rows, total }] = [await handle.query(exportMessages.status), await handle.query(exportMessages.progress), rowsSoFar(await handle.describe())];
      // An attempt after the first begins with nothing again.
      percent = Math.max(percent, progress.percent, total === undefined || total === 0 ? 0 : Math.min(Math.floor((rows / total) * 100), 99));
      return { percent, step: progress.step, export: state, rows: Math.max(rows, state?.rows ?? 0) };
    }, options.signal);
  }

  async #updateWithStart(input: ExportInput): Promise<ExportState> {
    const start = {
      workflowId: exportWorkflowId(input.exportId),
      taskQueue: queueOfWorkflow.export,
      workflowTaskTimeout,
      args: [input],
      // The id is the export: a running flow answers, and one that has ended finds it done.
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      ...exportLabels(input),
    };
    return await updateWithStart(this.#client, { type: 'export', start, message: exportMessages.begin, args: [{ tenantId: input.tenantId }] });
  }

  /** A run that a stranger started would hide the owner's. */
  async #refuseStranger(id: string): Promise<void> {
    try {
      await this.#owned(id);
    } catch (error) {
      if (error instanceof HoldfastError) throw new HoldfastError('export_not_found', undefined, { cause: error });
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  /** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, as if there were none. */
  async #owned(id: string): Promise<WorkflowHandle<ExportWorkflow>> {
    return await ownedFlow<ExportWorkflow>(this.#client, this.#tenantId, exportWorkflowId(id));
  }
}

/** The attempt that is under way tells it with its heartbeats, which write no history. */
function rowsSoFar({ raw }: WorkflowExecutionDescription): RowsSoFar {
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
  return payload == null ? { rows: 0 } : defaultPayloadConverter.fromPayload<RowsSoFar>(payload);
}
