/** Fetching an export by its link: into a file, whole and unchanged or not at all, or to standard output. */
import { createHash, randomUUID } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from './errors.ts';

export interface Download {
  readonly url: string;
  readonly sha256: string;
  /** How to come back to it. */
  readonly again: string;
}

const exists = (file: string): CliError => new CliError(`There is a file ${file} already.`, 'Choose another name, or overwrite it with --force.', { code: 'file_exists' });

/** Before anything is asked for; the write itself looks again. */
export async function refuseExistingFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw exists(file);
}

/** @throws {CliError} when it cannot be fetched or written; then there is no file. */
export async function downloadTo(file: string, download: Download, { force }: { readonly force: boolean }): Promise<void> {
  await writtenWhole(file, { force }, async (to) => await fetched(download, to));
}

/** @throws {CliError} when it cannot be written; then there is no file. */
export async function writtenWhole(file: string, { force }: { readonly force: boolean }, write: (to: NodeJS.WritableStream) => Promise<void>): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.part`;
  try {
    const handle = await open(unfinished, 'wx');
    await write(handle.createWriteStream());
    // A link fails where there is a file by now.
    if (force) await rename(unfinished, file);
    else await link(unfinished, file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EEXIST') throw exists(file);
    throw new CliError(`${file} cannot be written: ${code}.`, 'Choose a folder that is there and yours to write to.', { code: 'file_not_written', cause: error });
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** @throws {CliError} also when what was written already is not what was made. */
export async function downloadToOutput(download: Download): Promise<void> {
  await fetched(download, process.stdout);
}

/** The link is the key: the API key does not go with it. */
async function fetched({ url, sha256, again }: Download, to: NodeJS.WritableStream): Promise<void> {
  const failed = (why: string, cause?: unknown): CliError => new CliError(`The file could not be downloaded: ${why}.`, `Try again: ${again}`, { code: 'download_failed', cause });
  let broken: unknown;
  const response = await fetch(url).catch((error: unknown) => { throw failed('the HTTP API does not answer', error); });
  if (!response.ok || response.body === null) throw failed(`it was answered ${response.status}`);
  const hash = createHash('sha256');
  const seen = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const body = Readable.fromWeb(response.body);
  body.on('error', (error) => (broken = error));
  try {
    await pipeline(body, seen, to, { end: to !== process.stdout });
  } catch (error) {
    throw broken === undefined ? error : failed('the connection broke off', error);
  }
  if (hash.digest('hex') !== sha256) throw failed('it is not what was made');
}
