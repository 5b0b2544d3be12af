/** PostgreSQL's error codes, by what they mean to a flow. Source: PostgreSQL manual, appendix A. */
const serialization = new Set(['40001', '40P01', '55P03', '23P01']);

/** SQLSTATE of a database error, if it is one. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Deadlock, serialization failure, lock timeout, or a lost race for a unit: the transaction left nothing behind, and
 * the same one may go through at once.
 */
export function isConflict(error: unknown): boolean {
  return serialization.has(sqlState(error) ?? '');
}
