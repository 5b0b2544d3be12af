/** `rejects`. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { findTarget, openApi } from '../connection.ts';
import { refuseExistingFile, writtenWhole } from '../download.ts';
import { CliError } from '../errors.ts';
import { importAgain, lookAtImport } from '../imports.ts';
import { anIdOf, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { print } from '../output.ts';
import { safe } from '../text.ts';

interface RejectsOptions extends CommonOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export function addRejects(program: Command): void {
  const command = program
    .command('rejects')
    .summary('the rows that an import rejected, as csv')
    .description('The rows as they were sent, and before each its line and why it was rejected. Correct them and import that file: the first two columns are then left out, and so are the apostrophes before what a spreadsheet would take for a formula.')
    .argument('<id>', 'imp_…', anIdOf('import', 'imp'))
    .option('-o, --output <file>', 'into this file (default: standard output)')
    .option('-f, --force', 'overwrite the file if there is one');
  examples(withCommonOptions(command), ['rejects imp_01k… --output rejects.csv --tenant seaview', 'rejects imp_01k…']).action(async (id: string, { output, force = false, ...options }: RejectsOptions) => {
    if (output !== undefined && !force) await refuseExistingFile(output);
    const response = await openApi(options).download(`/v1/imports/${id}/rejects`);
    if (output === undefined) return await copied(response, process.stdout);
    await writtenWhole(output, { force }, async (to) => await copied(response, to));
    print(`Saved as ${safe(output)}`);
    print(`  Correct it, then: ${safe(importAgain(await lookAtImport(id, options), output, findTarget(options).tenantId))}`);
  });
}

/** @throws {CliError} when the connection breaks off. */
async function copied({ body }: Response, to: NodeJS.WritableStream): Promise<void> {
  if (body === null) return;
  let broken = false;
  const from = Readable.fromWeb(body).once('error', () => (broken = true));
  try {
    await pipeline(from, to, { end: to !== process.stdout });
  } catch (error) {
    throw broken ? new CliError('The connection broke off.', 'Try again.', { code: 'download_failed', cause: error }) : error;
  }
}
