/** Idempotency keys: the first request under a key is the one that counts; a repeat is told what the first was told. */
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** An answer as it went out. The body is kept as text: a replay is the same to the byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
  readonly location?: string;
}

export type IdempotencyOutcome =
  /** Nobody has used the key before. */
  | { readonly kind: 'first'; readonly bookingId: string }
  /** The same request came before, but its answer was never written: it is being worked on, or its process died. */
  | { readonly kind: 'again'; readonly bookingId: string }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  | { readonly kind: 'reused' };

export interface IdempotencyClaim {
  readonly tenantId: string;
  readonly key: string;
  readonly requestHash: string;
  /** Kept with the key, so that a repeat of an unanswered request meets the same flow. */
  readonly bookingId: string;
}

/** Two requests under one new key at once: the database lets one be first. */
export async function claimIdempotencyKey(db: Kysely<Database>, { tenantId, key, requestHash, bookingId }: IdempotencyClaim): Promise<IdempotencyOutcome> {
  const inserted = await db
    .insertInto('idempotency_keys')
    .values({ tenant_id: tenantId, key, request_hash: requestHash, booking_id: bookingId })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'key']).doNothing())
    .executeTakeFirstOrThrow();
  if (inserted.numInsertedOrUpdatedRows === 1n) return { kind: 'first', bookingId };
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'booking_id', 'response_status', 'response_body'])
    .where('tenant_id', '=', tenantId)
    .where('key', '=', key)
    .executeTakeFirst();
  // Housekeeping removed the old row between the two statements: nobody remembers the key, so it is new.
  if (row === undefined) return await claimIdempotencyKey(db, { tenantId, key, requestHash, bookingId });
  if (row.request_hash !== requestHash) return { kind: 'reused' };
  if (row.response_status !== null && isStored(row.response_body)) return { kind: 'answered', answer: { status: row.response_status, ...row.response_body } };
  return { kind: 'again', bookingId: row.booking_id ?? bookingId };
}

/** The first answer stays: of two requests that ran at once, both callers' repeats are told the same. */
export async function storeAnswer(db: Kysely<Database>, tenantId: string, key: string, { status, ...rest }: StoredAnswer): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ response_status: status, response_body: JSON.stringify(rest) })
    .where('tenant_id', '=', tenantId)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .execute();
}

function isStored(value: unknown): value is Omit<StoredAnswer, 'status'> {
  return typeof value === 'object' && value !== null && 'body' in value && typeof value.body === 'string' && (!('location' in value) || typeof value.location === 'string');
}
