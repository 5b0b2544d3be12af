/** Brings the rows of a chunk into their table: straight if all of them are new, else by a temporary table and a merge. */
import type pg from 'pg';
import { sqlState } from '../../database/errors.ts';
import type { Chunk } from './chunk-row.ts';
import { copyInto } from './copy.ts';
import { fieldsOf, lineOf, type Prepared, type Reject } from './prepare.ts';
import type { Statements } from './statements.ts';

export interface Written {
  readonly inserted: number;
  readonly updated: number;
  /** Rows that were right by themselves and not by what is stored. */
  readonly refused: readonly Reject[];
}

export async function write(client: pg.Client, chunk: Chunk, statements: Statements, prepared: Prepared, bytes: Buffer): Promise<Written> {
  const { rows, keys, text } = prepared;
  if (rows === 0) return { inserted: 0, updated: 0, refused: [] };
  if (statements.straight && !chunk.dryRun && (await copyStraight(client, chunk, statements, prepared))) return { inserted: keys, updated: rows - keys, refused: [] };

  await client.query(statements.createStaging);
  await copyInto(client, `${statements.staging} (${statements.columns})`, text);
  const refused = await refuse(client, chunk, statements, bytes);
  const superseded = keys < rows ? await change(client, statements.dropSuperseded) : 0;
  const staged = rows - refused.length - superseded;
  const inserted = chunk.dryRun ? await change(client, statements.rememberKeys, [chunk.tenantId, chunk.importId]) : await merge(client, chunk, statements, staged);
  return { inserted, updated: rows - refused.length - inserted, refused };
}

async function change(client: pg.Client, sql: string, values?: readonly unknown[]): Promise<number> {
  return (await client.query(sql, values === undefined ? [] : [...values])).rowCount ?? 0;
}

/** https://www.postgresql.org/docs/18/errcodes-appendix.html */
const uniqueViolation = '23505';

/** Twice as fast as a merge, but a single key that is there already undoes it; so a few of them are looked for first. */
async function copyStraight(client: pg.Client, { tenantId }: Chunk, statements: Statements, { last, sample }: Prepared): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(statements.findKeys, [tenantId, ...sample]);
  if (rows[0]?.found === true) return false;
  await client.query('SAVEPOINT straight');
  try {
    await copyInto(client, `${statements.table} (${statements.columns})`, last());
    return true;
  } catch (error) {
    if (sqlState(error) !== uniqueViolation) throw error;
    await client.query('ROLLBACK TO straight');
    return false;
  }
}

async function refuse(client: pg.Client, chunk: Chunk, { checks }: Statements, bytes: Buffer): Promise<Reject[]> {
  const reasons = new Map<number, string>();
  for (const { check, sql } of checks) {
    const { rows } = await client.query<{ position: string }>(sql, [chunk.tenantId]);
    for (const { position } of rows) reasons.set(lineOf(Number(position)), `${check.column}: ${check.problem}`);
  }
  if (reasons.size === 0) return [];
  const fields = fieldsOf(chunk, bytes, reasons);
  return [...reasons].map(([line, reason]) => ({ line, reason, fields: fields.get(line) ?? [] }));
}

/** @returns how many were inserted. */
async function merge(client: pg.Client, { tenantId }: Chunk, { update, insert }: Statements, staged: number): Promise<number> {
  const updated = await change(client, update, [tenantId]);
  if (updated === staged) return 0;
  const inserted = await change(client, insert, [tenantId]);
  // What is left was set by a later row, or inserted by somebody else between the two statements.
  if (updated + inserted < staged) await change(client, update, [tenantId]);
  return inserted;
}
