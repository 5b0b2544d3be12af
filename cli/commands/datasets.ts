/** `datasets`. */
import type { Command } from 'commander';
import { z } from 'zod';
import { datasetSummary, datasetView, type DatasetSummary, type DatasetView } from '../../contracts/datasets.ts';
import { findTarget, openApi } from '../connection.ts';
import { CliError } from '../errors.ts';
import { invocation, quoted } from '../invocation.ts';
import { show } from '../listing.ts';
import { aForeignId, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { safe, table, type Column } from '../text.ts';

const summaryColumns: readonly Column<DatasetSummary>[] = [
  { title: 'NAME', text: ({ name }) => name, whole: true },
  { title: 'KEY', text: ({ key }) => key.join(', ') },
  { title: 'WHAT', text: ({ description }) => description },
];

const columnColumns: readonly Column<DatasetView['columns'][number]>[] = [
  { title: 'COLUMN', text: ({ name }) => name, whole: true },
  { title: 'NEEDED', text: ({ required }) => (required ? 'yes' : '') },
  { title: 'EXAMPLE', text: ({ example }) => example },
  { title: 'ALSO', text: ({ aliases }) => aliases.join(', ') },
  { title: 'WHAT', text: ({ description }) => description },
];

export function addDatasets(program: Command): void {
  const command = program
    .command('datasets')
    .summary('what can be imported, and which columns it has')
    .description('Lists what can be imported; of one, its columns, or a file with all of them that can be imported as it is.')
    .argument('[name]', 'one of them', aForeignId)
    .option('--example', 'print a csv file with every column');
  examples(withCommonOptions(command), ['datasets --tenant seaview', 'datasets users', 'datasets users --example']).action(async (name: string | undefined, { example, ...options }: CommonOptions & { example?: boolean }) => {
    const api = openApi(options);
    if (name === undefined) {
      if (example === true) throw new CliError('It is not said of which dataset.', 'Name one: datasets users --example', { code: 'usage', exitCode: 2 });
      return show(await api.get('/v1/datasets', z.object({ items: z.array(datasetSummary) })), summaryColumns, options, 'There are none.');
    }
    const at = `/v1/datasets/${encodeURIComponent(name)}`;
    if (example === true) return void process.stdout.write(await (await api.download(`${at}/example`, { format: 'csv' })).text());
    const dataset = await api.get(at, datasetView);
    if (options.json === true) return printJson(dataset);
    print(`${safe(dataset.name)}: ${safe(dataset.description)} Key: ${safe(dataset.key.join(', '))}`);
    print(table(dataset.columns, columnColumns));
    print(`  Next: ${invocation(`import FILE --dataset ${quoted(dataset.name)} --tenant ${quoted(findTarget(options).tenantId)}`)}`);
  });
}
