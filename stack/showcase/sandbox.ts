/** The sandbox, as whoever pays and whoever checks the books sees it. Nothing here ever reaches a real gateway. */
import { z } from 'zod';
import type { GatewayName } from '../../contracts/payments/flow.ts';
import { journalEntry, type JournalEntry } from '../../sandbox/core/journal.ts';
import type { StackInfo } from '../info.ts';

const timeoutMs = 10_000;

export class Sandbox {
  readonly #url: string | null;
  readonly #gateways: readonly GatewayName[];

  constructor({ sandboxUrl, sandboxedGateways }: StackInfo) {
    this.#url = sandboxUrl;
    this.#gateways = sandboxedGateways;
  }

  standsInFor(gateway: GatewayName): boolean {
    return this.#url !== null && this.#gateways.includes(gateway);
  }

  /**
   * The payer's decision on the gateway's page.
   * @returns the state that the payment has then, in the gateway's words.
   * @throws {Error} for a page that is not the sandbox's.
   */
  async decide(redirectUrl: string, outcome: string): Promise<string> {
    if (this.#url === null || new URL(redirectUrl).origin !== new URL(this.#url).origin) throw new Error('not a page of the sandbox');
    const answer = await this.#post(redirectUrl, { outcome });
    return z.object({ state: z.string() }).parse(answer).state;
  }

  /** The next time this payment is sent, it is executed, and then the connection is cut. */
  async loseAnswer(paymentId: string): Promise<void> {
    await this.#post(this.#address('/_faults'), { kind: 'drop', operation: 'create', times: 1, match: { paymentId } });
  }

  /** What was really executed for one payment. */
  async journal(paymentId: string): Promise<readonly JournalEntry[]> {
    const response = await fetch(this.#address(`/_journal?${new URLSearchParams({ paymentId }).toString()}`), { signal: AbortSignal.timeout(timeoutMs) });
    return z.object({ items: z.array(journalEntry) }).parse(await response.json()).items;
  }

  #address(path: string): string {
    if (this.#url === null) throw new Error('there is no sandbox');
    return new URL(path, this.#url).href;
  }

  async #post(url: string, body: unknown): Promise<unknown> {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`the sandbox answered ${response.status}`);
    return await response.json();
  }
}
