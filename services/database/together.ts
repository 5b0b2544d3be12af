/**
 * Changes made by one statement: for most of them the round trip costs more than the change. None sees what another does,
 * so they have to be of different rows. https://www.postgresql.org/docs/18/queries-with.html, "Data-Modifying Statements
 * in WITH".
 */
import { sql, type Kysely, type QueryCreator, type RawBuilder } from 'kysely';
import type { Database } from './schema.ts';

/** By name; what comes later may read what an earlier one returns. */
export type Changes = Readonly<Record<string, RawBuilder<unknown>>>;

/** @returns what begins a statement that makes these changes, too. */
export function together(db: Kysely<Database>, changes: Changes): QueryCreator<Database> {
  return Object.entries(changes).reduce<QueryCreator<Database>>((statement, [name, change]) => statement.with(name, () => sql<Record<string, unknown>>`(${change})`), db);
}
