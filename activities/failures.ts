/** What an activity says when the database fails it. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { isConflict } from '../services/database/errors.ts';

/** Runs a step and gives a database error its name from the failures table; its text would carry SQL and values into the history. */
export async function named<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    const conflict = isConflict(error);
    Context.current().log.warn('database step failed', { error: error instanceof Error ? error.message : 'not an Error', conflict });
    throw ApplicationFailure.retryable(conflict ? 'Another booking got in the way.' : 'The database did not answer as it should.', conflict ? 'database_conflict' : 'database_unavailable');
  }
}
