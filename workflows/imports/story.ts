/** What a person reads in the Web UI: which file into what, how far it is, how fast, and how it ended. */
import { setCurrentDetails } from '@temporalio/workflow';
import { isRefusal } from '../../contracts/failures.ts';
import { hasEnded, type ImportState, type ImportStatus } from '../../contracts/imports/flow.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { amount } from '../words.ts';
import type { ImportRun } from './run.ts';

export function progressOf(run: ImportRun): FlowProgress {
  const { state } = run;
  if (state === undefined) return { percent: 0, step: 'looking it up' };
  if (isRefusal(state)) return { percent: 100, step: `refused: ${state.detail}` };
  return { percent: state.percent, step: `${headline(state)}${hasEnded(state) ? '' : pace(run)}` };
}

export function tell(run: ImportRun): void {
  const { state } = run;
  if (state === undefined) return;
  if (isRefusal(state)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${state.refused}\`): ${state.detail}`);
    return;
  }
  const { dataset, tally, requestedBy, dryRun } = state;
  label(state.status, requestedBy === undefined ? undefined : { resource: dataset, customer: requestedBy });
  setCurrentDetails(
    [
      `**${headline(state)}${hasEnded(state) ? '' : pace(run)}**\n`,
      `- Into: ${dataset}${dryRun ? ', as a dry run: nothing is written' : ''}`,
      `- Rows: ${amount(tally.rows.inserted)} inserted, ${amount(tally.rows.updated)} updated, ${amount(tally.rows.rejected)} rejected`,
      `- Chunks: ${amount(tally.chunks.total)}, of which ${amount(tally.chunks.pending)} are left${tally.chunks.failed === 0 ? '' : ` and ${amount(tally.chunks.failed)} could not be loaded`}`,
      ...(requestedBy === undefined ? [] : [`- For: \`${requestedBy}\``]),
      // It may quote the file, and a history has none of that.
      ...(state.status === 'failed' || tally.rows.rejected > 0 ? [`- Why, line by line: \`GET /v1/imports/${state.id}${state.status === 'failed' ? '' : '/rejects'}\`, or the page of the API`] : []),
    ].join('\n'),
  );
}

const heads: Record<ImportStatus, string> = {
  pending: 'Waiting',
  inspecting: 'Looking what is in the file',
  running: 'Importing',
  paused: 'Paused',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled; what is loaded stays',
};

function headline({ status, reason, tally: { rows } }: ImportState): string {
  const head = status === 'failed' && reason !== undefined ? `Failed (${reason.replaceAll('_', ' ')})` : heads[status];
  if (rows.total === 0) return head;
  return `${head}: ${amount(rows.processed)} of ${amount(rows.total)} rows${rows.rejected === 0 ? '' : `, ${amount(rows.rejected)} rejected`}`;
}

/** `, 41,000 rows/s` */
function pace({ pace: done, state }: ImportRun): string {
  const [first] = done;
  const last = done.at(-1);
  if (state === undefined || isRefusal(state) || state.status !== 'running' || first === undefined || last === undefined || last.atMs <= first.atMs) return '';
  const rows = done.slice(1).reduce((sum, { rows }) => sum + rows, 0);
  return `, ${amount(Math.round((rows * 1_000) / (last.atMs - first.atMs)))} rows/s`;
}
