/** What was really executed: every movement of money and every decline, once. Replayed answers are not in it. */
import { z } from 'zod';
import { party } from './parties.ts';
import type { Store, Table } from './store.ts';

/**
 * authorise: held, not taken. charge: authorised and taken at once. capture: taken after it was held. cancel: given up;
 * `amountMinor` is what had been held. refund: given back.
 */
export const journalEntry = z.object({
  seq: z.int(),
  at: z.string(),
  party,
  operation: z.enum(['authorise', 'charge', 'capture', 'cancel', 'refund']),
  /** The merchant's own id: Stripe `metadata.paymentId`, GoPay `order_number`, Paytm `orderId`. */
  paymentId: z.string(),
  tenantId: z.string().optional(),
  refundId: z.string().optional(),
  gatewayRef: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  status: z.enum(['executed', 'declined']),
  code: z.string().optional(),
});
export type JournalEntry = z.infer<typeof journalEntry>;

export const journalQuery = z.object({
  /** The first `seq` wanted: pass `nextSeq` of the answer before. */
  since: z.coerce.number().int().min(0).default(0),
  party: party.optional(),
  paymentId: z.string().optional(),
});
export type JournalQuery = z.infer<typeof journalQuery>;

export class Journal {
  readonly #table: Table<JournalEntry>;
  readonly #entries: JournalEntry[];

  constructor(store: Store) {
    this.#table = store.table('journal', journalEntry);
    this.#entries = [...this.#table.values()];
  }

  record(entry: Omit<JournalEntry, 'seq' | 'at'>): void {
    const complete = { seq: this.#entries.length + 1, at: new Date().toISOString(), ...entry };
    this.#entries.push(complete);
    this.#table.put(String(complete.seq), complete);
  }

  read({ since, party, paymentId }: JournalQuery): { items: JournalEntry[]; nextSeq: number } {
    const items = this.#entries
      .slice(Math.max(since - 1, 0))
      .filter((entry) => (party === undefined || entry.party === party) && (paymentId === undefined || entry.paymentId === paymentId));
    return { items, nextSeq: this.#entries.length + 1 };
  }
}
