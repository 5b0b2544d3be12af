/** What is told of an import: its first failure, that it is complete, and in any case that it has ended. */
import type { Transaction } from 'kysely';
import type { Tally } from '../../../contracts/imports/flow.ts';
import { writeNotices, type Notice } from '../notices.ts';
import type { Database } from '../schema.ts';
import type { ImportRow } from './rows.ts';
import { summaryOf } from './summary.ts';

/** To whoever asked for it; to the people who run the shop when that is not known. */
const about = (row: ImportRow, template: string, data: Notice['data']): Notice => ({
  audience: row.requested_by === null ? 'administrators' : 'customer',
  recipientId: row.requested_by ?? row.id,
  template,
  subjectId: row.id,
  data: { dataset: row.dataset, ...data },
});

export interface Trouble {
  /** A code of the failures table. */
  readonly reason: string;
  readonly part: 'chunk' | 'file';
  readonly number: number;
}

/** Only the first of an occasion is told. */
export async function tellTrouble(tx: Transaction<Database>, row: ImportRow, { reason, part, number }: Trouble, occasion: string): Promise<void> {
  await writeNotices(tx, row.tenant_id, [about(row, 'import_trouble', { reason, part, number })], occasion);
}

export async function tellEnded(tx: Transaction<Database>, row: ImportRow, tally: Tally, kept: { rows: number; chunks: number }, occasion: string): Promise<void> {
  const { inserted, updated, rejected } = tally.rows;
  const data = {
    status: row.status,
    ...(row.reason !== null && { reason: row.reason }),
    summary: summaryOf({ status: row.status, dryRun: row.dry_run, detail: row.detail }, tally),
    inserted,
    updated,
    rejected,
    keptRows: kept.rows,
    keptChunks: kept.chunks,
    failedChunks: tally.chunks.failed,
  };
  const notices = [...(row.status === 'completed' ? [about(row, 'import_completed', data)] : []), about(row, 'import_ended', data)];
  await writeNotices(tx, row.tenant_id, notices, occasion);
}
