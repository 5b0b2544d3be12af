/** Imports on a terminal: how far one is, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailureCode } from '../contracts/failures.ts';
import { hasEnded, type ImportStatus } from '../contracts/imports/flow.ts';
import { importView, type ImportView } from '../contracts/imports/schemas.ts';
import { openApi, type ConnectionOptions } from './connection.ts';
import { CliError, remedyFor } from './errors.ts';
import type { Sight } from './follow.ts';
import { invocation, quoted } from './invocation.ts';
import { paintedStatus, print } from './output.ts';
import { clockOf, safe } from './text.ts';

const lookPauseMs = 500;
const format = new Intl.NumberFormat('en');

export const lookAtImport = async (id: string, options: ConnectionOptions): Promise<ImportView> => await openApi(options).get(`/v1/imports/${id}`, importView);

/** From the API, which has the numbers also while no worker is there. While the API is away it keeps asking. */
export async function* importSights(id: string, tenant: string, signal: AbortSignal): AsyncGenerator<Sight> {
  let last = '';
  let seen = false;
  for (;;) {
    const view = await lookAtImport(id, { tenant }).catch((error: unknown) => {
      if (seen && error instanceof CliError && passing.has(error.code)) return undefined;
      throw error;
    });
    if (view !== undefined) {
      seen = true;
      const text = JSON.stringify(view);
      if (text !== last) yield sightOf(view);
      last = text;
      if (hasEnded(view)) return;
    }
    if (signal.aborted) return;
    await sleep(lookPauseMs, undefined, { signal }).catch(() => undefined);
  }
}

const passing: ReadonlySet<string> = new Set(['stack_not_running', 'database_unavailable', 'internal_error']);

const steps: Record<ImportStatus, string> = { pending: 'waiting', inspecting: 'looking what is in the file', running: 'importing', paused: 'paused', completed: 'completed', failed: 'failed', cancelled: 'cancelled' };

function sightOf(view: ImportView): Sight {
  const step = view.reason === undefined || view.reason === view.status ? steps[view.status] : `${steps[view.status]} (${view.reason})`;
  return { percent: view.progress, step, json: view, ...(view.rows.total > 0 && { pace: paceOf(view) }) };
}

/** `340,000 of 1,000,000 rows, 12 rejected, 41,000 rows/s, 0:16 left` */
function paceOf({ rows, rate, secondsLeft }: ImportView): string {
  const rejected = rows.rejected === 0 ? '' : `, ${format.format(rows.rejected)} rejected`;
  const speed = rate === undefined || secondsLeft === undefined ? '' : `, ${format.format(rate)} rows/s, ${clockOf(secondsLeft)} left`;
  return `${format.format(rows.processed)} of ${format.format(rows.total)} rows${rejected}${speed}`;
}

/**
 * How it stands; of one that has ended what came of it, and how to get at the rest.
 * @param failure what is said about it after this, so not here.
 */
export function printImport(view: ImportView, tenantId: string, failure?: CliError): void {
  const { id, status, reason, dataset, files, report, rows, chunks, dryRun } = view;
  const tenant = `--tenant ${quoted(tenantId)}`;
  const names = files.map(({ name }) => name ?? 'a file').join(', ');
  print(`${safe(id)}  ${paintedStatus(status)}${reason === undefined || reason === status ? '' : safe(` (${reason})`)}`);
  print(`  ${safe(names)} → ${safe(dataset)}${dryRun ? ', a dry run' : ''}`);
  if (report === undefined && rows.total > 0) print(`  ${paceOf(view)}`);
  if (report !== undefined && failure === undefined) print(`  ${safe(report.summary)}`);
  const said = failure?.message ?? report?.summary ?? '';
  for (const { name = 'a file', detail = '', line } of files.filter((file) => file.status === 'failed' && !said.includes(file.detail ?? ''))) print(`  ${safe(`${name}${line === undefined ? '' : `, line ${line}`}: ${detail}`)}`);
  if (rows.rejected > 0) print(`  Rejected rows: ${invocation(`rejects ${quoted(id)} --output rejects.csv ${tenant}`)}`);
  if (hasEnded(view) && chunks.failed > 0) print(`  Load what is left: ${invocation(`resume ${quoted(id)} ${tenant}`)}`);
  if (!hasEnded(view)) print(`  Next: ${invocation(`${status === 'paused' ? 'resume' : 'watch'} ${quoted(id)} ${tenant}`)}`);
}

/** @returns why it failed, as an error of the command; nothing if it did not. */
export function failureOf({ status, reason, detail, line, report }: ImportView, tenantId: string): CliError | undefined {
  if (status !== 'failed') return undefined;
  const code = isFailureCode(reason) ? reason : 'internal_error';
  // What stays, and what could not be loaded.
  const rest = report?.summary.replace(detail === undefined ? 'Failed.' : `Failed: ${detail}`, '') ?? '';
  return new CliError(`The import failed${line === undefined ? '' : ` at line ${line}`}: ${detail ?? code}${rest}`, remedyFor(code, tenantId), { code });
}

/** The command that imports the corrected rows: their headers go where those of the file before went. */
export function importAgain({ dataset, files }: ImportView, file: string, tenantId: string): string {
  const mapped = new Map(files.flatMap(({ columns = [] }) => columns).map(({ header, column }) => [header, column]));
  const told = [...mapped].flatMap(([header, column]) => (column === null || header === column ? [] : [`--map ${quoted(`${header}=${column}`)}`]));
  return invocation(['import', quoted(file), '--dataset', quoted(dataset), ...told, '--tenant', quoted(tenantId)].join(' '));
}
