/** The cache of things that take long to get. It lies outside the project, so that a fresh clone finds it filled. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { explain } from '../errors.ts';
import { makeFolder } from '../files.ts';
import { isLock, tryLock } from '../lock.ts';

/** `$XDG_CACHE_HOME/holdfast`, else `~/.cache/holdfast`, one folder a platform: a home may be shared between machines. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'holdfast', `${process.platform}-${process.arch}`);
}

/** Where all stacks of this user reserve ports while they start. */
export const portReservations = (): string => join(cacheFolder(), 'ports');

const workPrefix = 'new-';

/**
 * @param target what must exist in the cache afterwards, relative to it.
 * @param make fills a folder aside; it is renamed into place whole, so a broken attempt leaves nothing behind.
 * @param onWait told who else is making it; then this start waits and uses the result.
 */
export async function ensureCached(target: string, make: (folder: string) => Promise<void>, onWait: (pid: number) => void): Promise<string> {
  const root = cacheFolder();
  const finished = join(root, target);
  if (existsSync(finished)) return finished;
  try {
    makeFolder(root, 0o755);
  } catch (error) {
    throw explain(error);
  }
  for (;;) {
    const lock = tryLock(join(root, 'make.lock'));
    if (!isLock(lock)) {
      onWait(lock.pid);
      await sleep(1_000);
      continue;
    }
    let work: string | undefined;
    try {
      if (existsSync(finished)) return finished;
      for (const leftover of readdirSync(root).filter((entry) => entry.startsWith(workPrefix))) rmSync(join(root, leftover), { recursive: true, force: true });
      work = mkdtempSync(join(root, workPrefix));
      await make(work);
      renameSync(work, finished);
      return finished;
    } catch (error) {
      throw explain(error);
    } finally {
      if (work !== undefined) rmSync(work, { recursive: true, force: true });
      lock.release();
    }
  }
}
