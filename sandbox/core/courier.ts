/**
 * Carries webhooks and notifications: at least once, in no promised order, tried again with growing waits. What is not
 * delivered yet is part of the state and goes on after a restart.
 */
import { z } from 'zod';
import type { Faults } from './faults.ts';
import { newId } from './ids.ts';
import { party, type Party } from './parties.ts';
import type { Store, Table } from './store.ts';

const delivery = z.object({
  id: z.string(),
  party,
  url: z.string(),
  method: z.enum(['GET', 'POST']),
  contentType: z.string().optional(),
  body: z.string().optional(),
  paymentId: z.string().optional(),
  tenantId: z.string().optional(),
  /** Which endpoint's secret signs it. */
  endpointId: z.string().optional(),
});
export type Delivery = z.infer<typeof delivery>;

/** How a party sends: headers are made anew for each try, as a signature may hold its time. */
export interface Sender {
  headers(delivery: Delivery): Readonly<Record<string, string>>;
  accepts(status: number): boolean;
}

const answerPatienceMs = 10_000;
/** A storm of webhooks must not take the sandbox's own sockets away. */
const maxAtOnce = 32;

export class Courier {
  readonly counts = { pending: 0, delivered: 0, refused: 0, givenUp: 0, dropped: 0, copies: 0 };
  readonly #faults: Faults;
  readonly #retryDelaysMs: readonly number[];
  readonly #open: Table<Delivery>;
  readonly #senders = new Map<Party, Sender>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stopped = new AbortController();
  readonly #queue: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(store: Store, faults: Faults, retryDelaysMs: readonly number[]) {
    this.#faults = faults;
    this.#retryDelaysMs = retryDelaysMs;
    this.#open = store.table('deliveries', delivery);
  }

  register(party: Party, sender: Sender): void {
    this.#senders.set(party, sender);
  }

  /** What the process before this one left. */
  resume(): void {
    for (const left of this.#open.values()) {
      this.counts.pending += 1;
      this.#try(left, 0, 0);
    }
  }

  send(wanted: Omit<Delivery, 'id'>): void {
    const plan = this.#faults.forWebhook(wanted);
    if (plan.dropped) {
      this.counts.dropped += 1;
      return;
    }
    const made = { id: newId('dlv'), ...wanted };
    this.#open.put(made.id, made);
    this.counts.pending += 1;
    this.#try(made, 0, plan.delayMs);
    for (const delayMs of plan.copyDelaysMs) {
      this.counts.copies += 1;
      this.#later(delayMs, async () => void (await this.#post(made)));
    }
  }

  #try(one: Delivery, attempt: number, delayMs: number): void {
    this.#later(delayMs, async () => {
      const accepted = await this.#post(one);
      if (this.#stopped.signal.aborted) return;
      const nextDelayMs = this.#retryDelaysMs[attempt];
      if (!accepted && nextDelayMs !== undefined) {
        this.counts.refused += 1;
        this.#try(one, attempt + 1, nextDelayMs);
        return;
      }
      this.counts[accepted ? 'delivered' : 'givenUp'] += 1;
      this.counts.pending -= 1;
      this.#open.remove(one.id);
    });
  }

  async #post(one: Delivery): Promise<boolean> {
    const sender = this.#senders.get(one.party);
    if (sender === undefined) return false;
    try {
      const response = await fetch(one.url, {
        method: one.method,
        headers: { ...(one.contentType !== undefined && { 'content-type': one.contentType }), ...sender.headers(one) },
        ...(one.body !== undefined && { body: one.body }),
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(answerPatienceMs), this.#stopped.signal]),
      });
      await response.body?.cancel();
      return sender.accepts(response.status);
    } catch {
      return false;
    }
  }

  #later(delayMs: number, work: () => Promise<void>): void {
    if (this.#stopped.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#queue.push(work);
      this.#next();
    }, delayMs);
    this.#timers.add(timer);
  }

  #next(): void {
    while (this.#running < maxAtOnce) {
      const work = this.#queue.shift();
      if (work === undefined) return;
      this.#running += 1;
      work().catch(() => undefined).finally(() => {
        this.#running -= 1;
        this.#next();
      }).catch(() => undefined);
    }
  }

  close(): void {
    this.#stopped.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#queue.length = 0;
  }
}
