/** `import` and `imports`. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { importStatuses, type ImportStatus } from '../../contracts/imports/flow.ts';
import { importView, type ImportView } from '../../contracts/imports/schemas.ts';
import type { Query } from '../api-client.ts';
import { findTarget, openApi } from '../connection.ts';
import { CliError } from '../errors.ts';
import { printImport } from '../imports.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, anIdOf, choice, examples, several, withCommonOptions, type CommonOptions } from '../options.ts';
import { printJson, statusStyle } from '../output.ts';
import { outgoing } from '../send-file.ts';
import { when, type Column } from '../text.ts';
import { followImport } from './import-signals.ts';

interface ImportOptions extends CommonOptions {
  readonly dataset?: string;
  readonly addTo?: string;
  readonly map?: readonly (readonly [header: string, column: string | null])[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly dryRun?: boolean;
  readonly stopOnFailure?: boolean;
  readonly requestedBy?: string;
  readonly name?: string;
  readonly watch: boolean;
}

/** `E-mail=email`; a header may have `=` in it. Nothing after it: leave the column out. */
function aMapping(typed: string): readonly [string, string | null] {
  const at = typed.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError("write 'header=column', e.g. 'E-mail=email', or 'header=' to leave it out");
  const column = typed.slice(at + 1).trim();
  return [typed.slice(0, at), column === '' ? null : column];
}

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .summary('load a file into a dataset')
    .description(
      'Sends a csv, xlsx or ndjson file and follows its import: new records are inserted, known ones updated. What is wrong with single rows is kept for `rejects`. Ctrl-C while it is followed ends the looking, not the import. `pause`, `resume` and `cancel` take its id.',
    )
    .argument('<file>', 'the file; - for standard input')
    .option('-d, --dataset <name>', 'into what, as `datasets` lists it')
    .option('--add-to <id>', 'add the file to this import, which has not ended', anIdOf('import', 'imp'))
    .option('-m, --map <header=column>', 'which column a header is; may be given several times', several(aMapping))
    .option('--delimiter <character>', 'between the fields of a csv: , ; | or tab (default: found by looking)')
    .option('--encoding <name>', 'e.g. windows-1252 (default: found by looking)')
    .option('--dry-run', 'read, check and count everything, and write nothing')
    .option('--stop-on-failure', 'stop at the first part that cannot be loaded')
    .option('--requested-by <id>', 'who is told how it ended', aForeignId)
    .option('--name <name>', 'what the file is called (default: its own name)')
    .option('--no-watch', 'do not follow it');
  examples(withCommonOptions(command), [
    'import users.csv --dataset users --tenant seaview',
    "import people.xlsx --dataset users --map 'E-mail=email' --map 'Kundennummer=external_id' --dry-run",
    'import - --dataset products --no-watch',
    'import more.csv --add-to imp_01k…',
  ]).action(async (file: string, { watch, json = false, ...options }: ImportOptions) => {
    const begun = await sent(file, options, json);
    if (watch) return await followImport(begun.id, { json, ...options });
    if (json) printJson(begun);
    else printImport(begun, findTarget(options).tenantId);
  });
}

async function sent(file: string, options: Omit<ImportOptions, 'watch'>, quiet: boolean): Promise<ImportView> {
  const { dataset, addTo, map = [], delimiter, encoding, dryRun, stopOnFailure, requestedBy, name = file === '-' ? undefined : path.basename(file) } = options;
  if ((dataset === undefined) === (addTo === undefined)) throw new CliError('Say what the file is imported into.', 'Give --dataset, or --add-to with the id of an import.', { code: 'usage', exitCode: 2 });
  const reading = { fileName: name, delimiter, encoding };
  const api = openApi(options);
  const { open, close } = await outgoing(file, { quiet });
  const post = async (to: string, query: Query): Promise<ImportView> => {
    try {
      return await api.postFile(to, importView, query, open);
    } finally {
      close();
    }
  };
  if (addTo !== undefined) return await post(`/v1/imports/${addTo}/files`, reading);
  const mapping = map.length === 0 ? undefined : JSON.stringify(Object.fromEntries(map));
  return await post('/v1/imports', { dataset, ...reading, mapping, dryRun: dryRun === true ? 'true' : undefined, stopOnFailure: stopOnFailure === true ? 'true' : undefined, requestedBy });
}

const counted = (count: number): string => new Intl.NumberFormat('en').format(count);

const columns: readonly Column<ImportView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: ({ status, reason }) => (reason === undefined || reason === status ? status : `${status} (${reason})`), style: ({ status }) => statusStyle(status) },
  { title: 'DATASET', text: ({ dataset, dryRun }) => `${dataset}${dryRun ? ' (dry run)' : ''}` },
  { title: 'FILE', text: ({ files }) => `${files[0]?.name ?? ''}${files.length > 1 ? ` and ${files.length - 1} more` : ''}` },
  { title: 'DONE', text: ({ progress }) => `${progress} %`, right: true },
  { title: 'ROWS', text: ({ rows }) => counted(rows.processed), right: true },
  { title: 'REJECTED', text: ({ rows }) => counted(rows.rejected), right: true },
  { title: 'CREATED', text: ({ createdAt }) => when(createdAt) },
];

export function addImports(program: Command): void {
  const command = program
    .command('imports')
    .summary('list imports, newest first')
    .description('Lists the imports of a tenant, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', importStatuses))
    .option('-d, --dataset <name>', 'only into this');
  examples(withPaging(command), ['imports --tenant seaview --status running', 'imports --dataset users --json']).action(async ({ status, dataset, ...options }: PageOptions & { status?: ImportStatus; dataset?: string }) => {
    show(await overHttp('/v1/imports', importView, { status, dataset }, options), columns, options, 'There are no such imports.');
  });
}
