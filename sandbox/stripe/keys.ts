/**
 * Idempotency keys (Stripe, "Idempotent requests"): the first status and body are kept once execution began, failures
 * included; not for refused parameters, a key in use, 401 and 429.
 */
import { hash } from 'node:crypto';
import type { Answer } from '../core/answers.ts';
import type { Table } from '../core/store.ts';
import { invalid, StripeRefusal } from './errors.ts';
import type { KeptKey } from './rows.ts';

const maxLength = 255;

/** The order of parameters does not matter. */
export const fingerprintOf = (path: string, body: string): string => hash('sha256', `${path}\n${body.split('&').toSorted().join('&')}`);

export class IdempotencyKeys {
  readonly #kept: Table<KeptKey>;
  readonly #lifeMs: number;
  readonly #inFlight = new Set<string>();

  constructor(kept: Table<KeptKey>, lifeMs: number) {
    this.#kept = kept;
    this.#lifeMs = lifeMs;
  }

  /** @returns the kept answer, if there is one. @throws {StripeRefusal} when the key cannot be used for this request. */
  find(key: string, fingerprint: string): Answer | undefined {
    if (key === '' || key.length > maxLength) throw invalid(`The idempotency key must have 1 to ${maxLength} characters.`);
    if (this.#inFlight.has(key)) throw invalid('There is currently another in-progress request using this idempotency key.', { code: 'idempotency_key_in_use', status: 409 });
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.atMs + this.#lifeMs <= Date.now()) {
      this.#kept.remove(key);
      return undefined;
    }
    if (kept.fingerprint !== fingerprint) throw new StripeRefusal(400, { type: 'idempotency_error', message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.' });
    return { status: kept.status, body: kept.body, headers: { 'idempotent-replayed': 'true', 'original-request': kept.requestId } };
  }

  async whileInUse<Result>(key: string | undefined, work: () => Promise<Result>): Promise<Result> {
    if (key === undefined) return await work();
    this.#inFlight.add(key);
    try {
      return await work();
    } finally {
      this.#inFlight.delete(key);
    }
  }

  keep(key: string, fingerprint: string, requestId: string, { status, body }: Answer): void {
    this.#kept.put(key, { key, atMs: Date.now(), fingerprint, requestId, status, body });
  }
}
