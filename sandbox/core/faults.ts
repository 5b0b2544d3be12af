/**
 * Faults on demand. Each fault draws its own sequence of numbers from the seed: its n-th matching call has the n-th
 * number, so a run with the same seed, faults and order of calls goes wrong in the same places.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { operation, party, type Call } from './parties.ts';

const webhookKinds = ['duplicate_webhooks', 'shuffle_webhooks', 'drop_webhooks'] as const;
const callKinds = ['rate_limit', 'error', 'delay', 'decline', 'drop', 'error_after'] as const;
const longestMs = 600_000;

export const fault = z.strictObject({
  party: party.optional().describe('Every party, if absent.'),
  kind: z.enum([...callKinds, ...webhookKinds]),
  rate: z.number().min(0).max(1).default(1),
  operation: operation.optional().describe('Every operation, if absent; for `decline`: authorise.'),
  times: z.int().min(1).optional().describe('How often it fires at most.'),
  delayMs: z.int().min(0).max(longestMs).default(1_000).describe('delay'),
  when: z.enum(['before', 'after']).default('before').describe('delay: before or after the call is executed.'),
  status: z.int().min(500).max(599).default(500).describe('error, error_after'),
  code: z.string().regex(/^\w{1,64}$/).optional().describe("decline: the party's own code."),
  copies: z.int().min(1).max(100).default(1).describe('duplicate_webhooks: how many more than one.'),
  windowMs: z.int().min(0).max(longestMs).default(1_000).describe('duplicate_webhooks, shuffle_webhooks: the copies, or all, are sent at chance moments within it.'),
  match: z.strictObject({ paymentId: z.string().optional(), tenantId: z.string().optional(), method: z.string().optional() }).default({}),
});
export type Fault = z.infer<typeof fault>;

/** What goes wrong with one call. */
export interface CallPlan {
  readonly refusal?: { readonly kind: 'rate_limit' | 'error'; readonly status: number; readonly code: string | undefined };
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
  readonly decline?: { readonly code: string | undefined };
  readonly after?: { readonly kind: 'drop' | 'error_after'; readonly status: number; readonly code: string | undefined };
}

export interface WebhookPlan {
  readonly dropped: boolean;
  readonly delayMs: number;
  readonly copyDelaysMs: readonly number[];
}

interface Active {
  readonly id: string;
  readonly fault: Fault;
  seen: number;
  fired: number;
}

export class Faults {
  #seed: string;
  #active: Active[] = [];

  constructor(seed: string) {
    this.#seed = seed;
  }

  reseed(seed: string): void {
    this.#seed = seed;
  }

  add(faults: readonly Fault[]): void {
    for (const one of faults) this.#active.push({ id: `flt_${this.#active.length + 1}`, fault: one, seen: 0, fired: 0 });
  }

  /** All, or those of one party. @returns how many there were. */
  clear(of?: Fault['party']): number {
    const before = this.#active.length;
    this.#active = of === undefined ? [] : this.#active.filter(({ fault }) => fault.party !== of);
    return before - this.#active.length;
  }

  list(of?: Fault['party']): { seed: string; items: (Fault & { id: string; seen: number; fired: number })[] } {
    const items = this.#active.filter(({ fault }) => of === undefined || (fault.party ?? of) === of);
    return { seed: this.#seed, items: items.map(({ id, fault, seen, fired }) => ({ id, ...fault, seen, fired })) };
  }

  /** @param replay the answer is kept already, so only the way to it can go wrong. */
  forCall(call: Call, { replay = false } = {}): CallPlan {
    if (this.#active.length === 0) return { delayBeforeMs: 0, delayAfterMs: 0 };
    const hit = (kind: Fault['kind']): Fault | undefined => this.#fire(kind, call)?.fault;
    const limited = hit('rate_limit');
    if (limited !== undefined) return { refusal: { kind: 'rate_limit', status: 429, code: limited.code }, delayBeforeMs: 0, delayAfterMs: 0 };
    const failed = hit('error');
    if (failed !== undefined) return { refusal: { kind: 'error', status: failed.status, code: failed.code }, delayBeforeMs: 0, delayAfterMs: 0 };
    const delayed = hit('delay');
    const declined = replay ? undefined : hit('decline');
    const dropped = hit('drop');
    const lost = dropped ?? (replay ? undefined : hit('error_after'));
    return {
      delayBeforeMs: delayed?.when === 'before' ? delayed.delayMs : 0,
      delayAfterMs: delayed?.when === 'after' ? delayed.delayMs : 0,
      ...(declined !== undefined && { decline: { code: declined.code } }),
      ...(lost !== undefined && { after: { kind: dropped === undefined ? ('error_after' as const) : ('drop' as const), status: lost.status, code: lost.code } }),
    };
  }

  /** For a payer's decision on a page: there is no merchant's call that could go wrong, only the money. */
  declineOf(call: Call): { readonly code: string | undefined } | undefined {
    const declined = this.#fire('decline', call);
    return declined === undefined ? undefined : { code: declined.fault.code };
  }

  forWebhook(call: Omit<Call, 'operations'>): WebhookPlan {
    if (this.#active.length === 0) return { dropped: false, delayMs: 0, copyDelaysMs: [] };
    const about: Call = { ...call, operations: [] };
    const dropped = this.#fire('drop_webhooks', about) !== undefined;
    const shuffled = this.#fire('shuffle_webhooks', about);
    const doubled = this.#fire('duplicate_webhooks', about);
    return {
      dropped,
      delayMs: shuffled === undefined ? 0 : Math.floor(this.#draw(shuffled, 'wait') * shuffled.fault.windowMs),
      copyDelaysMs: doubled === undefined ? [] : Array.from({ length: doubled.fault.copies }, (_, copy) => Math.floor(this.#draw(doubled, `copy ${copy}`) * doubled.fault.windowMs)),
    };
  }

  /** The first of a kind that fires; those after it do not draw. */
  #fire(kind: Fault['kind'], call: Call): Active | undefined {
    return this.#active.find((active) => {
      if (active.fault.kind !== kind || !matches(active.fault, call) || active.fired >= (active.fault.times ?? Infinity)) return false;
      active.seen += 1;
      if (this.#draw(active, 'fire') >= active.fault.rate) return false;
      active.fired += 1;
      return true;
    });
  }

  /** From 0 up to, not including, 1. */
  #draw({ id, seen }: Active, purpose: string): number {
    return Number.parseInt(hash('sha256', `${this.#seed}/${id}/${seen}/${purpose}`).slice(0, 12), 16) / 0x1_0000_0000_0000;
  }
}

function matches({ party, operation, kind, match }: Fault, call: Call): boolean {
  const wanted = operation ?? (kind === 'decline' ? 'authorise' : undefined);
  return (
    (party ?? call.party) === call.party &&
    (wanted === undefined || call.operations.length === 0 || call.operations.includes(wanted)) &&
    (match.paymentId ?? call.paymentId) === call.paymentId &&
    (match.tenantId ?? call.tenantId) === call.tenantId &&
    (match.method ?? call.method) === call.method
  );
}
