/** A transaction that a refusal rolls back: what was done before it was found must not stay. */
import type { Kysely, Transaction } from 'kysely';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { Database } from './schema.ts';

class RolledBack extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.refused);
    this.refusal = refusal;
  }
}

export async function allOrNothing<Result extends object>(db: Kysely<Database>, work: (tx: Transaction<Database>) => Promise<Result | Refusal>): Promise<Result | Refusal> {
  try {
    return await db.transaction().execute(async (tx) => {
      const result = await work(tx);
      if (isRefusal(result)) throw new RolledBack(result);
      return result;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.refusal;
    throw error;
  }
}
