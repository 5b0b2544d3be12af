/** Saving an invoice's PDF, whole and unchanged or not at all. */
import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import type { InvoiceView } from '../contracts/invoices/schemas.ts';
import { CliError } from './errors.ts';

const timeoutMs = 60_000;

const exists = (file: string): CliError => new CliError(`There is a file ${file} already.`, 'Choose another name, or overwrite it with --force.', { code: 'file_exists' });

/** Before anything is asked for; the write itself looks again. */
export async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw exists(file);
}

/**
 * @returns the file's name.
 * @throws {CliError} when the PDF is not there yet, is not the one that was made, or cannot be written.
 */
export async function savePdf({ downloadUrl, sha256 }: InvoiceView, file: string, { force, again }: { force: boolean; again: string }): Promise<string> {
  if (downloadUrl === undefined) throw new CliError('The invoice has its number, but its PDF is not drawn yet.', `Ask again in a moment: ${again}`, { code: 'not_decided_yet' });
  const pdf = await downloaded(downloadUrl, again);
  if (createHash('sha256').update(pdf).digest('hex') !== sha256) throw new CliError('What was downloaded is not the PDF that was made.', `Try again: ${again}`, { code: 'download_failed' });
  try {
    await writeFile(file, pdf, { flag: force ? 'w' : 'wx' });
    return file;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw exists(file);
    throw new CliError(`${file} cannot be written: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}.`, 'Choose a folder that is there and yours to write to.', { code: 'file_not_written', cause: error });
  }
}

/** The link is the key: the API key does not go with it. */
async function downloaded(url: string, again: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
    throw new Error(`answered ${response.status}`);
  } catch (error) {
    throw new CliError(`The PDF could not be downloaded: ${error instanceof Error ? error.message : 'unknown'}.`, `Try again: ${again}`, { code: 'download_failed', cause: error });
  }
}
