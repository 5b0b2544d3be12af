/** A lock that one live process holds. It needs no clean-up after a crash: a dead holder holds nothing. */
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StackError, errorCode } from './errors.ts';
import { identify, isAlive, processIdentity, type ProcessIdentity } from './identity.ts';
import { makeFolder, readJson } from './files.ts';

export interface Lock {
  release(): void;
}

/** @returns the live process that holds the lock, if any. */
export function holderOf(path: string): ProcessIdentity | undefined {
  const holder = readJson(path, processIdentity);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** @returns the lock, or the process that holds it. */
export function tryLock(path: string): Lock | ProcessIdentity {
  const self = identify(process.pid);
  if (self === undefined) throw new StackError('The start time of this process cannot be read.', 'Make sure that /proc is mounted (Linux) or that `ps` is on the PATH.');
  makeFolder(dirname(path), 0o700);
  const own = `${path}.${process.pid}`;
  // Written first and then linked into place: a lock is never seen half-written.
  writeFileSync(own, JSON.stringify(self), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(own, path);
        return { release: () => { if (readJson(path, processIdentity)?.pid === process.pid) rmSync(path, { force: true }); } };
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
      }
      const holder = holderOf(path);
      if (holder !== undefined) return holder;
      discardStale(path);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves a dead holder's lock aside. If a third process took it in that instant, its lock is put back. */
function discardStale(path: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = readJson(aside, processIdentity);
  if (moved !== undefined && isAlive(moved)) {
    try {
      linkSync(aside, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}

export function isLock(value: Lock | ProcessIdentity): value is Lock {
  return 'release' in value;
}
