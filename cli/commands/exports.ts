/** `export` and `exports`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { exportDatasets, exportFormats, exportStatuses, hasEnded, type ExportDataset, type ExportFormat, type ExportStatus } from '../../contracts/exports/flow.ts';
import { filterNames } from '../../contracts/exports/filters.ts';
import { exportView, type ExportView } from '../../contracts/exports/schemas.ts';
import { isFailureCode } from '../../contracts/failures.ts';
import { findTarget, openApi, withHoldfast } from '../connection.ts';
import { downloadTo, downloadToOutput, refuseExistingFile, type Download } from '../download.ts';
import { CliError, remedyFor } from '../errors.ts';
import { follow } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, checkedBy, choice, examples, several, withCommonOptions, type CommonOptions } from '../options.ts';
import { paintedStatus, print, printJson, statusStyle } from '../output.ts';
import { safe, safeJson, when, type Column } from '../text.ts';

const lookPauseMs = 300;
const toOutput = '-';

interface ExportOptions extends CommonOptions {
  readonly format: ExportFormat;
  readonly filter?: readonly (readonly [name: string, value: string])[];
  readonly output?: string;
  readonly force?: boolean;
  readonly watch: boolean;
  readonly requestedBy?: string;
  readonly name?: string;
  readonly days?: number;
  readonly bom?: boolean;
}

/** `status=held` */
function aFilter(typed: string): readonly [string, string] {
  const at = typed.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write name=value, e.g. status=held');
  return [typed.slice(0, at), typed.slice(at + 1)];
}

const someDays = checkedBy(z.string().regex(/^\d+(\.\d+)?$/, 'must be a number of days, 7 at most').transform(Number).pipe(z.number().positive('must be more than 0').max(7, 'must be 7 at most')));

export function addExport(program: Command): void {
  const filters = exportDatasets.map((dataset) => `  ${dataset}: ${filterNames(dataset).join(', ')}`).join('\n');
  const command = program
    .command('export')
    .summary('write rows to a file, and download it')
    .description(`Has the rows of one moment written to a file, follows it, and downloads it or shows its link, which is good for a week. Ctrl-C ends the looking, not the export.\n\nFilters:\n${filters}`)
    .argument('<dataset>', exportDatasets.join(', '))
    .option('-f, --format <format>', exportFormats.join(', '), 'csv')
    .option('--filter <name=value>', 'only rows that meet this; may be given several times', several(aFilter))
    .option('-o, --output <file>', 'download it to this file; - for standard output')
    .option('--force', 'overwrite the file if there is one')
    .option('--no-watch', 'do not wait for it')
    .option('--requested-by <id>', 'who is told when it is ready or has failed', aForeignId)
    .option('--name <name>', 'what the download is called')
    .option('--days <days>', 'how long it is kept (default: 7)', someDays)
    .option('--bom', 'a csv that Excel opens as UTF-8');
  examples(withCommonOptions(command), ['export bookings --format xlsx --filter status=confirmed --output bookings.xlsx --tenant seaview', 'export users --format csv --output - --tenant seaview', 'export attendees --format pdf --filter eventId=event-jazz --no-watch']).action(
    async (dataset: string, { format, filter = [], output, force = false, watch, requestedBy, name, days, bom, ...options }: ExportOptions) => {
      if (!watch && output !== undefined) throw new CliError('A file is downloaded when it is ready, so it has to be waited for.', 'Leave out --no-watch or --output.', { exitCode: 2 });
      if (options.json === true && output === toOutput) throw new CliError('Both the file and the JSON would go to standard output.', 'Leave out --json, or name a file.', { exitCode: 2 });
      if (output !== undefined && output !== toOutput && !force) await refuseExistingFile(output);
      const begun = await openApi(options).post('/v1/exports', exportView, {
        dataset,
        format,
        filters: Object.fromEntries(filter),
        ...(requestedBy !== undefined && { requestedBy }),
        ...(name !== undefined && { fileName: name }),
        ...(days !== undefined && { expiresInDays: days }),
        ...(bom === true && { bom }),
      });
      const now = watch ? await followed(begun, { quiet: output === toOutput, ...options }) : begun;
      if (now === undefined) return;
      await delivered(now, { output, force, watch, ...options });
    },
  );
}

/** @returns undefined if the person has left before it had ended. */
async function followed({ id }: ExportView, { quiet, ...options }: CommonOptions & { readonly quiet: boolean }): Promise<ExportView | undefined> {
  const api = openApi(options);
  const look = async (): Promise<ExportView> => await api.get(`/v1/exports/${id}`, exportView);
  if (!quiet) {
    const seen = await withHoldfast(options, async (holdfast, { tenantId }) => await follow(holdfast, { kind: 'export', id }, { json: options.json === true, tenantId }));
    return seen === 'left' ? undefined : await look();
  }
  for (;;) {
    const now = await look();
    if (hasEnded(now)) return now;
    await sleep(lookPauseMs);
  }
}

/** Says what came of it, and downloads it. @throws {CliError} when it came to nothing. */
async function delivered(now: ExportView, { output, force, watch, ...options }: CommonOptions & { readonly output: string | undefined; readonly force: boolean; readonly watch: boolean }): Promise<void> {
  const { tenantId } = findTarget(options);
  const { id, status, reason, detail, downloadUrl, sha256 } = now;
  if (status === 'failed') throw new CliError(detail ?? 'The export failed.', isFailureCode(reason) ? remedyFor(reason, tenantId) : 'Ask for it again.', { code: reason ?? 'export_failed' });
  if (status === 'cancelled') throw new CliError('The export was cancelled.', `Ask for it again: ${invocation('export --help')}`, { code: 'not_decided_yet' });
  if (output !== undefined) {
    if (downloadUrl === undefined || sha256 === undefined) throw new CliError(`The export is ${status}: its file is not there.`, `Ask for it again: ${invocation('export --help')}`, { code: 'file_not_found' });
    const download: Download = { url: downloadUrl, sha256, again: invocation(`exports --tenant ${quoted(tenantId)}`) };
    if (output === toOutput) return await downloadToOutput(download);
    await downloadTo(output, download, { force });
  }
  // What was followed is a line of JSON each.
  if (options.json === true) print(watch ? safeJson(now) : safeJson(now, 2));
  else printExport(now, tenantId, output);
  if (output === undefined && options.json !== true && !hasEnded(now)) print(`  Next: ${invocation(`watch ${quoted(id)} --tenant ${quoted(tenantId)}`)}`);
}

function printExport({ id, status, dataset, format, rows, bytes, expiresAt, downloadUrl }: ExportView, tenantId: string, saved?: string): void {
  print(`${safe(id)}  ${paintedStatus(status)}`);
  print(`  ${dataset} as ${format}${bytes === undefined ? '' : `, ${counted(rows)} ${rows === 1 ? 'row' : 'rows'}, ${counted(bytes)} bytes`}`);
  if (saved !== undefined) print(`  Saved as ${safe(saved)}`);
  else if (downloadUrl !== undefined) print(`  Until ${when(expiresAt)}: ${safe(downloadUrl)}`);
  else if (status === 'expired') print(`  Its file is removed. Ask for it again: ${invocation(`export ${dataset} --format ${format} --tenant ${quoted(tenantId)}`)}`);
}

const counted = (count: number): string => new Intl.NumberFormat('en').format(count);

/** Nothing of it is kept. */
export async function cancelExport(id: string, options: CommonOptions): Promise<void> {
  const now = await openApi(options).post(`/v1/exports/${id}/cancel`, exportView);
  const { tenantId } = findTarget(options);
  if (options.json === true) printJson(now);
  else printExport(now, tenantId);
  if (now.status === 'ready') throw new CliError('It was too late: the export is ready.', `It is removed by itself. What there is: ${invocation(`exports --tenant ${quoted(tenantId)}`)}`, { code: 'not_cancellable' });
}

const columns: readonly Column<ExportView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, reason }) => (reason === undefined ? status : `${status} (${reason})`), style: ({ status }) => statusStyle(status) },
  { title: 'DATASET', text: ({ dataset }) => dataset },
  { title: 'FORMAT', text: ({ format }) => format },
  { title: 'DONE', text: ({ progress }) => `${progress} %`, right: true },
  { title: 'ROWS', text: ({ rows }) => counted(rows), right: true },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
  { title: 'UNTIL', text: ({ expiresAt }) => when(expiresAt) },
];

export function addExports(program: Command): void {
  const command = program
    .command('exports')
    .summary('list exports, newest first')
    .description('Lists the exports of a tenant, newest first. With --json each that is ready has its link.')
    .addOption(choice('-s, --status <status>', 'only these', exportStatuses))
    .addOption(choice('-d, --dataset <dataset>', 'only of this', exportDatasets));
  examples(withPaging(command), ['exports --tenant seaview --status ready', 'exports --dataset users --json']).action(async ({ status, dataset, ...options }: PageOptions & { status?: ExportStatus; dataset?: ExportDataset }) => {
    show(await overHttp('/v1/exports', exportView, { status, dataset }, options), columns, options, 'There are no such exports.');
  });
}
