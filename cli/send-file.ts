/** A file, or what comes through a pipe, on its way to the API: read as it is sent, and shown on a terminal. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CliError } from './errors.ts';
import { invocation } from './invocation.ts';
import { styled } from './text.ts';

const barWidth = 20;
const redrawMs = 200;
const million = 1_000_000;

export interface Outgoing {
  /** May be called again when it has to be sent again; what came through a pipe cannot. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Takes what was shown of it off the terminal. */
  readonly close: () => void;
}

/**
 * @param file a path, or `-` for standard input.
 * @param quiet shows nothing.
 * @throws {CliError} for what is no file.
 */
export async function outgoing(file: string, { quiet }: { readonly quiet: boolean }): Promise<Outgoing> {
  const bytes = file === '-' ? undefined : await sizeOf(file);
  if (file === '-' && process.stdin.isTTY) throw new CliError('There is nothing on standard input.', `Send a file through a pipe, or name one: ${invocation('import --help')}`, { code: 'usage', exitCode: 2 });
  const show = quiet || !process.stderr.isTTY ? undefined : createDisplay(bytes);
  let opened = false;
  return {
    open: () => {
      if (file === '-' && opened) throw new CliError('The connection broke off, and what came through the pipe cannot be sent again.', 'Run the whole line again.', { code: 'upload_incomplete' });
      opened = true;
      return counted(file === '-' ? process.stdin : createReadStream(file), show);
    },
    close: () => show?.end(),
  };
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw new CliError(`There is no file ${file}.`, 'Name a file that is there, or - for standard input.', { code: 'usage', exitCode: 2 });
  return found.size;
}

async function* counted(source: AsyncIterable<unknown>, show: Display | undefined): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('bytes were expected');
    yield chunk;
    sent += chunk.length;
    show?.at(sent);
  }
}

interface Display {
  at(sent: number): void;
  end(): void;
}

/** On standard error: standard output is for what came of it. */
function createDisplay(bytes: number | undefined): Display {
  const began = Date.now();
  let drawnAt = 0;
  return {
    at: (sent) => {
      const now = Date.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      const speed = `${(sent / million / Math.max((now - began) / 1_000, 0.1)).toFixed(1)} MB/s`;
      const done = bytes === undefined || bytes === 0 ? undefined : sent / bytes;
      const bar = done === undefined ? '' : `${styled('green', '█'.repeat(Math.round(done * barWidth)), process.stderr)}${styled('dim', '░'.repeat(barWidth - Math.round(done * barWidth)), process.stderr)} ${String(Math.floor(done * 100)).padStart(3)} %  `;
      process.stderr.write(`\r\u001b[2K${bar}sending, ${(sent / million).toFixed(1)} MB, ${speed}`);
    },
    end: () => {
      if (drawnAt > 0) process.stderr.write('\r\u001b[2K');
    },
  };
}
