/** Flows of any type, in one shape. */
import { createHash } from 'node:crypto';
import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter, type SignalDefinition } from '@temporalio/common';
import { isRefusal, type FailureCode, type Refusal } from '../contracts/failures.ts';
import { flowMessages } from '../contracts/flow-messages.ts';
import { flowStatuses, flowTypes, flowView, type FlowAction, type FlowStatus, type FlowView, type ListFlows } from '../contracts/flows.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import type { FlowProgress, Page } from '../contracts/values.ts';
import type { BookingsClient } from './bookings.ts';
import { HoldfastError, isTimeout, translated } from './errors.ts';
import type { ImportsClient } from './imports.ts';
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
const statusOf = (code: number | null | undefined): FlowStatus => flowStatuses.find((name) => statuses[name].code === code) ?? 'running';

/** In the words of the flows: something could not be done yet, and is tried again when somebody says so. */
const waiting: ReadonlySet<string> = new Set(['parked', 'unknown', 'reconciling']);

/** A query needs a worker. While there is none, what the server knows is better than nothing. */
const queryPatienceMs = 2_000;

/** Narrower than what the HTTP API offers: by the flow's own words. */
export interface FlowFilter {
  /** E.g. `pending`. */
  readonly businessStatus?: string;
  readonly resource?: string | undefined;
  readonly customer?: string | undefined;
}

/** A string of the visibility query language. */
const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/**
 * The server answers a token that it did not make with an error that looks like a broken server, so a cursor carries a
 * checksum: over the query too, as a token means nothing in another list.
 */
const checksum = (token: Uint8Array, query: string): string => createHash('sha256').update(query).update('\0').update(token).digest('base64url').slice(0, 16);

const cursorOf = (token: Uint8Array, query: string): string => `${checksum(token, query)}.${Buffer.from(token).toString('base64url')}`;

function tokenOf(cursor: string, query: string): Uint8Array {
  const [sum, encoded = ''] = cursor.split('.', 2);
  const token = Buffer.from(encoded, 'base64url');
  if (sum !== checksum(token, query)) throw new HoldfastError('invalid_cursor', 'Pass `nextCursor` of the page before, unchanged and with the same filter.');
  return token;
}

export class FlowsClient {
  readonly #client: Client;
  readonly #tenantId: string;
  readonly #bookings: BookingsClient;
  readonly #imports: ImportsClient;
  readonly #webUiUrl: string | undefined;

  constructor(client: Client, tenantId: string, { bookings, imports }: { readonly bookings: BookingsClient; readonly imports: ImportsClient }, webUiUrl: string | undefined) {
    this.#client = client;
    this.#tenantId = tenantId;
    this.#bookings = bookings;
    this.#imports = imports;
    this.#webUiUrl = webUiUrl;
  }

  /**
   * Newest first, running ones before ended ones. Read from Temporal's visibility store, which is behind by moments.
   * @throws {HoldfastError} `invalid_cursor`.
   */
  async list(filter: Partial<ListFlows> & FlowFilter = {}): Promise<Page<FlowView>> {
    const types = filter.type === undefined ? flowTypes : [filter.type];
    const conditions = [`${searchAttributes.tenant.name} = ${quoted(this.#tenantId)}`, `WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`];
    if (filter.status !== undefined) conditions.push(`ExecutionStatus = '${statuses[filter.status].query}'`);
    for (const attribute of ['status', 'resource', 'customer'] as const) {
      const value = attribute === 'status' ? filter.businessStatus : filter[attribute];
      if (value !== undefined) conditions.push(`${searchAttributes[attribute].name} = ${quoted(value)}`);
    }
    const query = conditions.join(' AND ');
    const nextPageToken = filter.cursor === undefined ? new Uint8Array() : tokenOf(filter.cursor, query);
    const answer = await translated(
      async () => await this.#client.workflowService.listWorkflowExecutions({ namespace: this.#client.options.namespace, query, pageSize: filter.limit ?? 50, nextPageToken }),
    );
    const items = answer.executions.map((raw) => {
      const labels = raw.searchAttributes?.indexedFields ?? {};
      const labelOf = (attribute: 'status' | 'resource' | 'customer'): string | undefined => {
        const payload = labels[searchAttributes[attribute].name];
        return payload === undefined ? undefined : defaultPayloadConverter.fromPayload<string>(payload);
      };
      const status = statusOf(raw.status);
      return this.#view({
        id: raw.execution?.workflowId ?? '',
        runId: raw.execution?.runId ?? undefined,
        type: raw.type?.name ?? '',
        status,
        businessStatus: labelOf('status'),
        resource: labelOf('resource'),
        customer: labelOf('customer'),
        progress: status === 'running' ? undefined : 100,
        startedAt: isoTime(raw.startTime),
        endedAt: raw.closeTime == null ? undefined : isoTime(raw.closeTime),
      });
    });
    const more = answer.nextPageToken.length > 0;
    return { items, ...(more && { nextCursor: cursorOf(answer.nextPageToken, query) }) };
  }

  /**
   * With `progress` and `step` from the flow itself; without them while no worker is there to answer.
   * @throws {HoldfastError} `flow_not_found`, also for a flow of another tenant.
   */
  async get(id: string): Promise<FlowView> {
    const flow = await this.look(id);
    const progress = await this.#progress(id);
    return { ...flow, ...(progress !== undefined && { progress: progress.percent, step: progress.step }) };
  }

  /**
   * What Temporal's server knows by itself, workers or not: everything but `progress` and `step`.
   * @throws {HoldfastError} `flow_not_found`, also for a flow of another tenant.
   */
  async look(id: string): Promise<FlowView> {
    return await translated(async () => {
      const description = await describeOwned(this.#client, this.#tenantId, id);
      return this.#view({
        id,
        type: description.type,
        status: statusOf(description.status.code),
        businessStatus: description.typedSearchAttributes.get(searchAttributes.status),
        resource: description.typedSearchAttributes.get(searchAttributes.resource),
        customer: description.typedSearchAttributes.get(searchAttributes.customer),
        summary: await description.staticSummary(),
        startedAt: description.startTime.toISOString(),
        endedAt: description.closeTime?.toISOString(),
      });
    });
  }

  /**
   * Why a flow refused what it was begun for; absent while it runs, and when it did not refuse.
   * @throws {HoldfastError} `flow_not_found`, also for a flow of another tenant.
   */
  async refusal(id: string): Promise<Refusal | undefined> {
    return await translated(async () => {
      const { status, runId } = await describeOwned(this.#client, this.#tenantId, id);
      if (status.name !== 'COMPLETED') return undefined;
      const result: unknown = await this.#client.workflow.getHandle(id, runId, { followRuns: false }).result();
      return typeof result === 'object' && result !== null && isRefusal(result) ? result : undefined;
    });
  }

  /**
   * Steers a flow by signal. What a flow cannot do is refused, not ignored.
   * @throws {HoldfastError} `flow_not_found`, `not_pausable`, `not_cancellable`, `nothing_to_resume`, `booking_closed`,
   * `booking_not_failed`, `import_closed`.
   */
  async act(id: string, action: FlowAction): Promise<void> {
    const flow = await this.look(id);
    if (flow.type === 'import') return await this.#actOnImport(flow, action);
    if (action === 'pause') throw new HoldfastError('not_pausable');
    if (flow.type === 'booking') return await this.#actOnBooking(flow, action);
    if (action === 'cancel') {
      if (flow.status !== 'running') throw new HoldfastError('not_cancellable', `The ${flow.type} has ended: it is ${flow.businessStatus ?? flow.status}.`);
      return await this.#signal(id, flowMessages.cancel, 'not_cancellable');
    }
    if (flow.status !== 'running' || !waiting.has(flow.businessStatus ?? '')) throw new HoldfastError('nothing_to_resume', `The ${flow.type} is ${flow.businessStatus ?? flow.status}; it does not wait to be resumed.`);
    await this.#signal(id, flowMessages.resume, 'nothing_to_resume');
  }

  /** What failed of an import that has ended is tried again in another run. */
  async #actOnImport({ id, status, businessStatus = status }: FlowView, action: FlowAction): Promise<void> {
    const importId = id.slice(id.indexOf(':') + 1);
    if (action === 'retry') return void (await this.#imports.retry(importId));
    if (status !== 'running') throw new HoldfastError('import_closed', `The import is ${businessStatus}.`);
    await this.#imports[action](importId);
  }

  /** A booking outlives its run: a wish for one that has ended starts another. */
  async #actOnBooking({ id, businessStatus }: FlowView, action: Exclude<FlowAction, 'pause'>): Promise<void> {
    const bookingId = id.slice(id.indexOf(':') + 1);
    if (action === 'cancel') {
      if (businessStatus === 'released' || businessStatus === 'failed' || businessStatus === 'refused') throw new HoldfastError('booking_closed', `The booking is ${businessStatus}.`);
      return await this.#bookings.cancel(bookingId);
    }
    if (action === 'resume' && businessStatus !== 'pending' && businessStatus !== 'failed') throw new HoldfastError('booking_not_failed', `The booking is ${businessStatus ?? 'on its way'}; there is nothing to resume.`);
    if (action === 'retry' && businessStatus !== 'failed') throw new HoldfastError('booking_not_failed', `The booking is ${businessStatus ?? 'pending'}.`);
    await this.#bookings.resume(bookingId);
  }

  /** @param late what a flow that has ended in this moment is answered with. */
  async #signal(id: string, signal: SignalDefinition, late: FailureCode): Promise<void> {
    await translated(async () => {
      try {
        await this.#client.workflow.getHandle(id).signal(signal);
      } catch (error) {
        throw error instanceof WorkflowNotFoundError ? new HoldfastError(late, undefined, { cause: error }) : error;
      }
    });
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<FlowView> {
    yield* watchFlow(this.#client.workflow.getHandle(id), async () => await this.get(id), options.signal);
  }

  async #progress(id: string): Promise<FlowProgress | undefined> {
    try {
      return await this.#client.withDeadline(Date.now() + queryPatienceMs, async () => await this.#client.workflow.getHandle(id).query(flowMessages.progress));
    } catch (error) {
      if (isTimeout(error) || error instanceof ServiceError) return undefined;
      throw error;
    }
  }

  /** Only this client's flow types are ever asked for, so another is a defect of the query, not of the caller. */
  #view({ runId, ...flow }: UncheckedFlow): FlowView {
    const run = runId === undefined ? '' : `/${runId}`;
    const webUrl = this.#webUiUrl === undefined ? undefined : `${this.#webUiUrl}/namespaces/${this.#client.options.namespace}/workflows/${encodeURIComponent(flow.id)}${run}`;
    // Its own id says nothing about it.
    const resource = flow.resource !== undefined && flow.id.endsWith(`:${flow.resource}`) ? undefined : flow.resource;
    return flowView.parse({ ...flow, businessStatus: shownStatus(flow), resource, webUrl });
  }
}

/**
 * A payment passes through `captured` within a second and is not labelled for it; in a sale its run ends there, and what
 * was sold goes on with the money.
 */
function shownStatus({ type, status, businessStatus }: UncheckedFlow): string | undefined {
  return type === 'payment' && status === 'completed' && businessStatus === 'created' ? 'captured' : businessStatus;
}

interface UncheckedFlow {
  readonly id: string;
  /** Of one of several; absent for the newest. */
  readonly runId?: string | undefined;
  readonly type: string;
  readonly status: FlowStatus;
  readonly businessStatus: string | undefined;
  readonly resource: string | undefined;
  readonly customer: string | undefined;
  readonly summary?: string | undefined;
  readonly progress?: number | undefined;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
}

function isoTime(time: { seconds?: { toNumber(): number } | null; nanos?: number | null } | null | undefined): string {
  return new Date((time?.seconds?.toNumber() ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
}
