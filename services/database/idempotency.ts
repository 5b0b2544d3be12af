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
  | { readonly kind: 'first'; readonly newId: string }
  /** The same request came before, but its answer was never written: it is being worked on, or its process died. */
  | { readonly kind: 'again'; readonly newId: string }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer }
  | { readonly kind: 'reused' };

export interface IdempotencyClaim {
  readonly tenantId: string;
  readonly key: string;
  readonly requestHash: string;
  /** What the request makes is named after it. Kept with the key, so that a repeat of an unanswered request meets the same flow. */
  readonly newId: string;
}

/** Two requests under one new key at once: the database lets one be first. */
export async function claimIdempotencyKey(db: Kysely<Database>, { tenantId, key, requestHash, newId }: IdempotencyClaim): Promise<IdempotencyOutcome> {
  const inserted = await db
    .insertInto('idempotency_keys')
    .values({ tenant_id: tenantId, key, request_hash: requestHash, new_id: newId })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'key']).doNothing())
    .executeTakeFirstOrThrow();
  if (inserted.numInsertedOrUpdatedRows === 1n) return { kind: 'first', newId };
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'new_id', 'response_status', 'response_body'])
    .where('tenant_id', '=', tenantId)
    .where('key', '=', key)
    .executeTakeFirst();
  // Housekeeping removed the old row between the two statements: nobody remembers the key, so it is new.
  if (row === undefined) return await claimIdempotencyKey(db, { tenantId, key, requestHash, newId });
  if (row.request_hash !== requestHash) return { kind: 'reused' };
  if (row.response_status !== null && isStored(row.response_body)) return { kind: 'answered', answer: { status: row.response_status, ...row.response_body } };
  return { kind: 'again', newId: row.new_id ?? newId };
}

/** Whether a request under this key has its answer, so that a repeat need not be worked on. */
export async function isAnswered(db: Kysely<Database>, tenantId: string, key: string): Promise<boolean> {
  const row = await db.selectFrom('idempotency_keys').select('key').where('tenant_id', '=', tenantId).where('key', '=', key).where('response_status', 'is not', null).executeTakeFirst();
  return row !== undefined;
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
