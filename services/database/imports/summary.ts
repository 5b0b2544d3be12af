/** What came of an import, in a sentence: for its report and for whoever is told. */
import { hasEnded, type ImportStatus, type Tally } from '../../../contracts/imports/flow.ts';

const format = new Intl.NumberFormat('en');
export const counted = (count: number, what: string): string => `${format.format(count)} ${what}${count === 1 ? '' : 's'}`;

export interface Ended {
  readonly status: ImportStatus;
  readonly dryRun: boolean;
  readonly detail: string | null;
}

/** Rows that are in the dataset now, by chunks that are done. */
export function keptOf({ rows, chunks }: Tally, dryRun: boolean): { rows: number; chunks: number } {
  return dryRun ? { rows: 0, chunks: 0 } : { rows: rows.inserted + rows.updated, chunks: chunks.total - chunks.pending - chunks.failed };
}

export function summaryOf({ status, dryRun, detail }: Ended, tally: Tally): string {
  if (!hasEnded({ status })) return '';
  const { rows, chunks } = tally;
  const outcome = dryRun
    ? `Dry run: ${format.format(rows.inserted)} would be inserted, ${format.format(rows.updated)} updated, ${format.format(rows.rejected)} rejected; nothing was written.`
    : `${counted(rows.processed, 'row')}: ${format.format(rows.inserted)} inserted, ${format.format(rows.updated)} updated, ${format.format(rows.rejected)} rejected.`;
  const lost = chunks.failed === 0 ? [] : [`${format.format(chunks.failed)} of ${counted(chunks.total, 'chunk')} (${counted(rows.failed, 'row')}) could not be loaded.`];
  if (status === 'completed') return [outcome, ...lost].join(' ');
  const head = status === 'cancelled' ? 'Cancelled.' : `Failed${detail === null ? '.' : `: ${detail}`}`;
  return [head, ...(dryRun ? [outcome] : [stays(tally)]), ...lost].join(' ');
}

/** `340,000 rows of 17 chunks stay imported.` */
function stays(tally: Tally): string {
  const kept = keptOf(tally, false);
  return kept.chunks === 0 ? 'Nothing was imported.' : `${counted(kept.rows, 'row')} of ${counted(kept.chunks, 'chunk')} ${kept.rows === 1 ? 'stays' : 'stay'} imported.`;
}
