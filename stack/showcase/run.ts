/** One run of the showcase: the two shops, the flows it made, and what was seen of each. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Holdfast, HoldfastError, newBookingId, type BookRequest, type HoldOutcome } from '../../client/index.ts';
import { isMade } from '../../contracts/bookings/flow.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import type { StackInfo } from '../info.ts';
import { Api } from './api.ts';
import { Sandbox } from './sandbox.ts';
import type { View } from './view.ts';

const pollMs = 100;
const decisionPatienceMs = 15_000;

export interface Shop {
  readonly tenantId: string;
  readonly holdfast: Holdfast;
  readonly api: Api;
}

/** Payments are given back or were declined; purchases, orders and imports are completed, invoices stored, exports ready. */
export type OtherEnd = 'refunded' | 'failed' | 'completed' | 'stored' | 'ready';

/** A flow that the showcase started, and how it must have ended when the showcase is over. */
export interface Flow {
  readonly id: string;
  readonly workflowId: string;
  readonly shop: Shop;
  /** The state it must have in the end, in the words of its flow; `left`: a hold that stays and ends by itself. */
  end: 'released' | 'refused' | 'left' | OtherEnd;
  asItShould: boolean;
  /** What its end could not be found out for. */
  why?: string;
}

export interface Expectation {
  readonly did: string;
  readonly expected: string;
  readonly flow?: Flow;
}

export interface Sight {
  readonly saw: string;
  /** Whether that is what was expected; if absent, `saw` must be the expected words. */
  readonly ok?: boolean;
  /** When the flow is known only from the answer. */
  readonly flow?: Flow;
  /** When it was begun before the check. */
  readonly tookMs?: number;
}

export class Interrupted extends Error {}

/** Refused after the first answer was "pending". */
export class RefusedLater extends Error {
  override readonly message = 'pending, then refused';
}

export class Run {
  readonly stack: StackInfo;
  readonly view: View;
  readonly client: Client;
  readonly sandbox: Sandbox;
  /** Tells the customers of this run from those of every other. */
  readonly tag = Date.now().toString(36);
  readonly flows: Flow[] = [];
  /** Whether every expectation so far was met. */
  allMet = true;
  #signal: AbortSignal | undefined;

  constructor(stack: StackInfo, client: Client, view: View, signal: AbortSignal | undefined) {
    this.stack = stack;
    this.client = client;
    this.sandbox = new Sandbox(stack);
    this.view = view;
    this.#signal = signal;
  }

  /** The shop of that name; when the stack has other tenants, the first of those. */
  shop(preferred: string): Shop {
    const [first = preferred] = Object.keys(this.stack.apiKeys);
    const tenantId = Object.hasOwn(this.stack.apiKeys, preferred) ? preferred : first;
    const holdfast = Holdfast.over(this.client, { tenantId, webUiUrl: this.stack.temporalUiUrl ?? undefined });
    return { tenantId, holdfast, api: new Api(this.stack.apiUrl, this.stack.apiKeys[tenantId] ?? this.stack.apiKey) };
  }

  /** Customers of this run begin alike, so that one search finds their flows. */
  customer(name = ''): string {
    return `showcase-${this.tag}-${name}`;
  }

  flow(shop: Shop, end: 'released' | 'refused' | 'left' = 'released', id = newBookingId()): Flow {
    return this.#added({ id, workflowId: bookingWorkflowId(id), shop, end, asItShould: true });
  }

  /** A flow of any other type. */
  otherFlow(shop: Shop, id: string, workflowId: string, end: OtherEnd): Flow {
    return this.#added({ id, workflowId, shop, end, asItShould: true });
  }

  #added(flow: Flow): Flow {
    this.flows.push(flow);
    return flow;
  }

  /** Does one thing, shows what was expected and what was seen. A failure is something seen, never an end. */
  async check({ did, expected, ...known }: Expectation, work: () => Promise<Sight>, url?: string): Promise<boolean> {
    this.#stopIfAsked();
    this.view.working(did);
    const began = performance.now();
    const sight = await work().catch((error: unknown): Sight => ({ saw: wordsOf(error) }));
    this.#stopIfAsked();
    const ok = sight.ok ?? sight.saw === expected;
    const flow = sight.flow ?? known.flow;
    if (flow !== undefined && !ok) flow.asItShould = false;
    this.allMet &&= ok;
    this.view.seen({ ok, did, expected, saw: sight.saw, tookMs: sight.tookMs ?? performance.now() - began, url: url ?? (flow === undefined ? undefined : this.flowUrl(flow)) });
    return ok;
  }

  /** What comes now is done even though the rest was interrupted. */
  carryOn(): void {
    if (this.#signal?.aborted === true) this.#signal = undefined;
  }

  #stopIfAsked(): void {
    if (this.#signal?.aborted === true) throw new Interrupted();
  }

  flowUrl({ workflowId }: Flow): string | undefined {
    return this.#webUrl(`workflows/${encodeURIComponent(workflowId)}`);
  }

  /** The flows of all customers of this run whose name begins so. */
  searchUrl(name?: string): string | undefined {
    return this.#webUrl(`workflows?query=${encodeURIComponent(`${searchAttributes.customer.name} STARTS_WITH "${this.customer(name)}"`)}`);
  }

  #webUrl(path: string): string | undefined {
    const { temporalUiUrl, temporalNamespace } = this.stack;
    return temporalUiUrl === null ? undefined : `${temporalUiUrl}/namespaces/${temporalNamespace}/${path}`;
  }

  /**
   * Books, and on a machine so busy that the answer is "pending" waits for the decision.
   * @throws {HoldfastError} the refusal.
   */
  async book(flow: Flow, wanted: Omit<BookRequest, 'id'>): Promise<HoldOutcome> {
    const { bookings, flows } = flow.shop.holdfast;
    const answer = await bookings.book({ id: flow.id, ...wanted });
    if (answer.status !== 'pending') return answer;
    return await this.patiently(decisionPatienceMs, async () => {
      const { businessStatus } = await flows.get(flow.workflowId);
      if (businessStatus === 'refused') throw new RefusedLater();
      return await bookings.get(flow.id);
    }, ({ status }) => status !== 'pending');
  }

  /** Asks again and again, also while nobody answers. @returns the last answer, whether or not it is the one waited for. */
  async waitFor(flow: Flow, isIt: (outcome: HoldOutcome) => boolean, patienceMs: number): Promise<HoldOutcome> {
    return await this.patiently(patienceMs, async () => await flow.shop.holdfast.bookings.get(flow.id), isIt);
  }

  /** Repeats what is safe to repeat until the answer is the one waited for. @throws what the last try threw. */
  async patiently<Result>(patienceMs: number, ask: () => Promise<Result>, isIt: (result: Result) => boolean = () => true): Promise<Result> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      this.#stopIfAsked();
      try {
        const result = await ask();
        if (isIt(result) || Date.now() >= deadline) return result;
      } catch (error) {
        if (Date.now() >= deadline || !(error instanceof HoldfastError && error.retryable)) throw error;
      }
      await sleep(pollMs);
    }
  }
}

/** A refusal is named by its code, which is what a caller goes by. */
export function wordsOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}

/** `held until 14:03 UTC`, `released (cancelled)` */
export function stateOf(outcome: HoldOutcome): string {
  if (!isMade(outcome)) return outcome.status;
  if (outcome.expiresAt !== undefined) return `${outcome.status} until ${outcome.expiresAt.slice(11, 16)} UTC`;
  return outcome.reason === undefined ? outcome.status : `${outcome.status} (${outcome.reason})`;
}

/** The state as it was seen; right when the status is the one expected. */
export const sighted = (outcome: HoldOutcome, status: HoldOutcome['status']): Sight => ({ saw: stateOf(outcome), ok: outcome.status === status });

/** For what is begun before it is checked: never throws, and knows how long it took. */
export async function timed(work: () => Promise<Sight>): Promise<Sight> {
  const began = performance.now();
  const sight = await work().catch((error: unknown): Sight => ({ saw: wordsOf(error) }));
  return { ...sight, tookMs: performance.now() - began };
}
