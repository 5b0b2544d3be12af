/**
 * The SDK knows how to download the Temporal CLI and the time-skipping test server. It does so in a process of its own,
 * because a download inside this one could not be given up.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError, messageOf } from '../errors.ts';
import { cacheFolder, ensureCached } from './cache.ts';

export type Download = 'cli' | 'test-server';

const child = fileURLToPath(new URL('./sdk-download-child.ts', import.meta.url));
/** Given up when nothing arrives for this long; a slow line that moves is left alone. */
const stallMs = 15_000;

const places = {
  cli: { folder: 'temporal-cli', file: 'temporal' },
  'test-server': { folder: 'test-server-download', file: 'temporal-test-server' },
} as const satisfies Record<Download, { folder: string; file: string }>;

export function cachedDownload(what: Download): string | undefined {
  const file = join(cacheFolder(), places[what].folder, places[what].file);
  return existsSync(file) ? file : undefined;
}

const bytesIn = (folder: string): number => readdirSync(folder).reduce((sum, entry) => sum + statSync(join(folder, entry)).size, 0);

/** @returns the executable. @throws {StackError} when it cannot be had. */
export async function download(what: Download, progress: (detail: string) => void, signal: AbortSignal | undefined): Promise<string> {
  const place = places[what];
  const folder = await ensureCached(place.folder, async (work) => {
    await fetchInto(what, work, progress, signal);
    const made = readdirSync(work).find((entry) => entry.startsWith('temporal') && !entry.endsWith('.downloading'));
    if (made === undefined) throw new StackError('The download left no file.');
    renameSync(join(work, made), join(work, place.file));
    chmodSync(join(work, place.file), 0o755);
    for (const other of readdirSync(work).filter((entry) => entry !== place.file)) rmSync(join(work, other), { recursive: true, force: true });
  }, (pid) => { progress(`another start (pid ${pid}) is at it, waiting`); });
  return join(folder, place.file);
}

async function fetchInto(what: Download, folder: string, progress: (detail: string) => void, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, what, folder], { stdio: ['ignore', 'ignore', 'pipe'], ...(signal !== undefined && { signal }) });
    let said = '';
    let bytes = -1;
    let movedAt = Date.now();
    process_.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString('utf8')).slice(-2_000); });
    const watch = setInterval(() => {
      let now = bytes;
      try {
        now = bytesIn(folder);
      } catch {
        // A file was renamed between listing and looking.
      }
      if (now !== bytes) movedAt = Date.now();
      bytes = now;
      if (bytes > 0) progress(`${(bytes / 1e6).toFixed(0)} MB`);
      if (Date.now() - movedAt > stallMs) process_.kill('SIGKILL');
    }, 500);
    const finish = (error?: Error): void => {
      clearInterval(watch);
      if (error === undefined) resolve();
      else reject(error);
    };
    process_.once('error', (error) => { finish(new StackError(messageOf(error))); });
    process_.once('close', (code, killed) => {
      if (code === 0) finish();
      else finish(new StackError(killed === 'SIGKILL' ? 'no answer' : reasonIn(said)));
    });
  });
}

/** The end of the chain of causes; what comes before it only names the steps of the download. */
function reasonIn(said: string): string {
  return (said.trim().split('\n')[0] ?? '').split(': ').slice(-2).join(': ') || 'refused';
}
