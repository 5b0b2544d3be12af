/** The SQL of a plan: a temporary table, and how its rows get into the table they are meant for. */
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Check } from '../datasets/dataset.ts';
import type { Plan } from './plan.ts';

export interface Statements {
  readonly table: string;
  /** Columns as COPY gets them, in the table itself as in the staging table. */
  readonly columns: string;
  readonly staging: string;
  readonly createStaging: string;
  /** The rows are as they have to be in the table, and nothing has to be asked of the database about them. */
  readonly straight: boolean;
  /** `$1` the tenant, `$2`… for each column of the key, an array. */
  readonly findKeys: string;
  readonly checks: readonly { readonly check: Check; readonly sql: string }[];
  /** Leaves the last row of each key. */
  readonly dropSuperseded: string;
  readonly update: string;
  /** Of rows whose key is not there. What somebody else has inserted in the same moment is passed over. */
  readonly insert: string;
  /** `$1` the tenant, `$2` the import. As many rows as there are new keys. */
  readonly rememberKeys: string;
}

const name = (identifier: string): string => pg.escapeIdentifier(identifier);

/**
 * The later row of a file wins, and the later import, whichever is loaded when: each row says where it was set last, and
 * is not set again by something earlier. So a chunk that is loaded beside others, or again, changes nothing it should not.
 */
const isOlder = '(t.import_no IS NULL OR (t.import_no, t.import_position) < (s.import_no, s.import_position))';

export function createStatements({ dataset, targets, mapped }: Plan): Statements {
  const constants = Object.entries(dataset.constants ?? {});
  const staged = [...targets.map(({ column, type }) => ({ column, type })), ...constants.map(([column, value]) => ({ column, type: typeof value === 'number' ? 'bigint' : 'text' }))];
  const columnNames = [...staged.map(({ column }) => name(column)), 'tenant_id', 'import_no', 'import_position'];
  const columns = columnNames.join(', ');
  const definition = [...staged.map(({ column, type }) => `${name(column)} ${type}`), 'tenant_id text', 'import_no bigint', 'import_position bigint'].join(', ');
  const staging = `staging_${createHash('sha256').update(`${dataset.name} ${definition}`).digest('hex').slice(0, 16)}`;
  const table = name(dataset.table);
  const keys = dataset.key.map(name);
  const sameKey = (a: string, b: string): string => keys.map((key) => `${a}.${key} = ${b}.${key}`).join(' AND ');
  const ofKey = `t.tenant_id = $1 AND ${sameKey('t', 's')}`;
  const order = keys.map((key) => `s.${key}`).join(', ');

  const settings = [
    ...targets.filter(({ column }) => !dataset.key.includes(column)).map(({ column, onUpdate }) => [column, onUpdate?.(`s.${name(column)}`, `t.${name(column)}`) ?? `s.${name(column)}`] as const),
    ...Object.entries(dataset.alsoOnUpdate?.('s', 't') ?? {}),
    ...['import_no', 'import_position'].map((column) => [column, `s.${column}`] as const),
    ['updated_at', 'now()'] as const,
  ]
    .map(([column, value]) => `${name(column)} = ${value}`)
    .join(', ');
  const inserted = [...targets.map(({ column, onInsert }) => onInsert?.(`s.${name(column)}`) ?? `s.${name(column)}`), ...constants.map(([column]) => `s.${name(column)}`), 's.tenant_id', 's.import_no', 's.import_position'].join(', ');
  const isNew = `NOT EXISTS (SELECT FROM ${table} AS t WHERE ${ofKey})`;
  const checks = (dataset.checks ?? []).filter(({ without }) => without === undefined || !mapped.has(without));

  return {
    table,
    columns,
    staging,
    createStaging: `CREATE TEMPORARY TABLE IF NOT EXISTS ${staging} (${definition}) ON COMMIT DELETE ROWS`,
    straight: checks.length === 0 && targets.every(({ onInsert }) => onInsert === undefined),
    findKeys: `SELECT EXISTS (SELECT FROM unnest(${keys.map((_, at) => `$${at + 2}::text[]`).join(', ')}) AS s (${keys.join(', ')}) JOIN ${table} AS t ON ${ofKey}) AS found`,
    checks: checks.map((check) => ({ check, sql: `DELETE FROM ${staging} AS s WHERE ${check.where} RETURNING s.import_position AS position` })),
    dropSuperseded: `DELETE FROM ${staging} AS s USING ${staging} AS later WHERE ${sameKey('later', 's')} AND later.import_position > s.import_position`,
    update: `UPDATE ${table} AS t SET ${settings} FROM ${staging} AS s WHERE ${ofKey} AND ${isOlder}`,
    insert: `INSERT INTO ${table} (${columns}) SELECT ${inserted} FROM ${staging} AS s WHERE ${isNew} ORDER BY ${order} ON CONFLICT DO NOTHING`,
    rememberKeys: `INSERT INTO import_dry_run_keys (tenant_id, import_id, key) SELECT $1, $2, ARRAY[${keys.map((key) => `s.${key}`).join(', ')}] FROM ${staging} AS s WHERE ${isNew} ORDER BY 3 ON CONFLICT DO NOTHING`,
  };
}
