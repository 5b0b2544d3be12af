/** PostgreSQL's error codes, by what they mean to a flow. Source: PostgreSQL manual, appendix A. */
const serialization = new Set(['40001', '40P01', '55P03', '23P01']);

/** SQLSTATE of a database error, if it is one. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Data out of range, or against a NOT NULL or CHECK: what was asked can never be stored, and a repeat fails the same way. */
export function isImpossible(error: unknown): boolean {
  return /^(22...|23502|23514)$/.test(sqlState(error) ?? '');
}

/** A prepared statement whose table was changed: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/cache/plancache.c, RevalidateCachedQuery. */
export function isStalePlan(error: unknown): boolean {
  return sqlState(error) === '0A000' && error instanceof Error && 'routine' in error && error.routine === 'RevalidateCachedQuery';
}

/**
 * Deadlock, serialization failure, lock timeout, a plan from before a migration, or a lost race for a unit: the transaction left nothing behind, and
 * the same one may go through at once.
 */
export function isConflict(error: unknown): boolean {
  return serialization.has(sqlState(error) ?? '') || isStalePlan(error);
}

// Class 08: connection. 53: out of connections, memory or disk. 57P01–57P03: shutting down or starting. 57014: took too long.
const unavailableStates = /^(08...|53...|57P0.|57014|58...|25006)$/;
const networkErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
// node-postgres has no code for these: https://github.com/brianc/node-postgres, packages pg and pg-pool.
const withoutCode = /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout)/;

/** The database is away, or too busy to serve: nothing is wrong with what it was asked. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A host with two addresses that both refuse.
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const code = sqlState(error);
  return code === undefined ? withoutCode.test(error.message) : unavailableStates.test(code) || networkErrors.has(code);
}
