/** Flows of any type, in one shape. */
import { isGrpcServiceError, type Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { bookingMessages } from '../contracts/bookings.ts';
import { flowTypes, type FlowAction, type FlowStatus, type FlowType, type FlowView, type ListFlows } from '../contracts/flows.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import type { FlowProgress, Page } from '../contracts/values.ts';
import type { BookingsClient } from './bookings.ts';
import { HoldfastError, translated } from './errors.ts';
import { describeOwned } from './owned.ts';
import { watchFlow } from './watch.ts';

/** Names as the visibility query language spells them, and the numbers of `temporal.api.enums.v1.WorkflowExecutionStatus`. */
const statuses: Record<FlowStatus, { query: string; code: number }> = {
  running: { query: 'Running', code: 1 },
  completed: { query: 'Completed', code: 2 },
  failed: { query: 'Failed', code: 3 },
  cancelled: { query: 'Canceled', code: 4 },
  terminated: { query: 'Terminated', code: 5 },
  timed_out: { query: 'TimedOut', code: 7 },
};

/** A run that continued as new is one link of a flow that goes on. */
const statusOf = (code: number | null | undefined): FlowStatus => (Object.keys(statuses) as FlowStatus[]).find((name) => statuses[name].code === code) ?? 'running';

const invalidArgument = 3;

export class FlowsClient {
  readonly #client: Client;
  readonly #tenantId: string;
  readonly #bookings: BookingsClient;
  readonly #webUiUrl: string | undefined;

  constructor(client: Client, tenantId: string, bookings: BookingsClient, webUiUrl: string | undefined) {
    this.#client = client;
    this.#tenantId = tenantId;
    this.#bookings = bookings;
    this.#webUiUrl = webUiUrl;
  }

  /**
   * Newest first, running ones before ended ones. Read from Temporal's visibility store, which is behind by moments.
   * @throws {HoldfastError} `invalid_cursor`.
   */
  async list(filter: Partial<ListFlows> = {}): Promise<Page<FlowView>> {
    const types = filter.type === undefined ? flowTypes : [filter.type];
    const conditions = [`${searchAttributes.tenant.name} = '${this.#tenantId}'`, `WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`];
    if (filter.status !== undefined) conditions.push(`ExecutionStatus = '${statuses[filter.status].query}'`);
    const answer = await translated(async () => {
      try {
        return await this.#client.workflowService.listWorkflowExecutions({
          namespace: this.#client.options.namespace,
          query: conditions.join(' AND '),
          pageSize: filter.limit ?? 50,
          nextPageToken: Buffer.from(filter.cursor ?? '', 'base64url'),
        });
      } catch (error) {
        if (filter.cursor !== undefined && isGrpcServiceError(error) && error.code === invalidArgument) throw new HoldfastError('invalid_cursor', undefined, { cause: error });
        throw error;
      }
    });
    const items = answer.executions.map((raw) => {
      const payload = raw.searchAttributes?.indexedFields?.[searchAttributes.status.name];
      const status = statusOf(raw.status);
      return this.#view({
        id: raw.execution?.workflowId ?? '',
        type: raw.type?.name ?? '',
        status,
        businessStatus: payload == null ? undefined : defaultPayloadConverter.fromPayload<string>(payload),
        progress: status === 'running' ? undefined : 100,
        startedAt: isoTime(raw.startTime),
        endedAt: raw.closeTime == null ? undefined : isoTime(raw.closeTime),
      });
    });
    const more = answer.nextPageToken.length > 0;
    return { items, ...(more && { nextCursor: Buffer.from(answer.nextPageToken).toString('base64url') }) };
  }

  /** @throws {HoldfastError} `flow_not_found`, also for a flow of another tenant. */
  async get(id: string): Promise<FlowView> {
    return await translated(async () => {
      const description = await describeOwned(this.#client, this.#tenantId, id);
      const progress: FlowProgress = await this.#client.workflow.getHandle(id).query(bookingMessages.progress);
      return this.#view({
        id,
        type: description.type,
        status: statusOf(description.status.code),
        businessStatus: description.typedSearchAttributes.get(searchAttributes.status),
        summary: await description.staticSummary(),
        progress: progress.percent,
        step: progress.step,
        startedAt: description.startTime.toISOString(),
        endedAt: description.closeTime?.toISOString(),
      });
    });
  }

  /**
   * Steers a flow by signal. What a flow cannot do is refused, not ignored.
   * @throws {HoldfastError} `flow_not_found`, `not_pausable`, `booking_not_failed`.
   */
  async act(id: string, action: FlowAction): Promise<void> {
    const flow = await this.get(id);
    const bookingId = id.slice(id.indexOf(':') + 1);
    if (action === 'pause') throw new HoldfastError('not_pausable');
    if (action === 'cancel') return await this.#bookings.cancel(bookingId);
    if (action === 'retry' && flow.businessStatus !== 'failed') throw new HoldfastError('booking_not_failed', `The booking is ${flow.businessStatus ?? 'pending'}.`);
    await this.#bookings.resume(bookingId);
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<FlowView> {
    yield* watchFlow(this.#client.workflow.getHandle(id), async () => await this.get(id), options.signal);
  }

  #view({ id, type, ...rest }: UncheckedFlow): FlowView {
    const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const webUrl = this.#webUiUrl === undefined ? {} : { webUrl: `${this.#webUiUrl}/namespaces/${this.#client.options.namespace}/workflows/${encodeURIComponent(id)}` };
    return { id, type: type as FlowType, ...(known as Omit<FlowView, 'id' | 'type'>), ...webUrl };
  }
}

type UncheckedFlow = { id: string; type: string } & { [Key in keyof Omit<FlowView, 'id' | 'type' | 'webUrl'>]: FlowView[Key] | undefined };

function isoTime(time: { seconds?: { toNumber(): number } | null; nanos?: number | null } | null | undefined): string {
  return new Date((time?.seconds?.toNumber() ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
}
