/**
 * PostgreSQL refuses to run as root. When this is started as root (containers, CI), it runs as another user; and if that
 * user may not pass through a folder above the data (a 0700 home), it gets just the right to read past it.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StackError } from './errors.ts';
import type { Launch } from './process.ts';

export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
  /** Some folder on the way is closed to this user. */
  readonly needsReadPast: boolean;
}

/** @returns undefined when PostgreSQL can simply run as the user who starts it. */
export function postgresUser(dataFolder: string, paths: readonly string[]): PostgresUser | undefined {
  const self = process.getuid?.();
  const owner = existsSync(dataFolder) ? statSync(dataFolder) : undefined;
  if (self === undefined) return undefined;
  if (self !== 0) {
    if (owner !== undefined && owner.uid !== self) {
      throw new StackError(`The data folder ${dataFolder} belongs to another user (uid ${owner.uid}).`, `Start as that user or as root, or give it to yourself: chown -R ${self} ${dataFolder}`);
    }
    return undefined;
  }
  const account = owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : unprivilegedAccount();
  return { ...account, needsReadPast: paths.some((path) => !reachable(path, account)) };
}

/** Whether the user that PostgreSQL will run as may pass through every folder above the program. */
export function mayRun(program: string): boolean {
  return process.getuid?.() !== 0 || reachable(program, unprivilegedAccount());
}

function unprivilegedAccount(): { uid: number; gid: number } {
  const accounts = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')) : [];
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find((fields) => fields[0] === name);
    const uid = Number(account?.[2]);
    const gid = Number(account?.[3]);
    if (account !== undefined && uid > 0 && gid > 0) return { uid, gid };
  }
  throw new StackError('PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`.', 'Start as an ordinary user, or set HOLDFAST_DATABASE_URL and TEMPORAL_ADDRESS to servers that exist.');
}

/** Whether the account may pass through every folder above the path. Access lists are not looked at: they only ever add rights. */
function reachable(path: string, account: { uid: number; gid: number }): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder)) {
      const { mode, uid, gid } = statSync(folder);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** The same command, run as that user. `setpriv` replaces itself by the command, so pid and start time stay the child's. */
export function asUser(user: PostgresUser | undefined, launch: Launch): Launch {
  if (user === undefined) return launch;
  if (!user.needsReadPast) return { ...launch, uid: user.uid, gid: user.gid };
  const rights = '+dac_override,+dac_read_search';
  return {
    ...launch,
    command: 'setpriv',
    args: [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', `--inh-caps=${rights}`, `--ambient-caps=${rights}`, '--', launch.command, ...launch.args],
  };
}

/** @throws {StackError} when the folders are closed to the user and there is no way past. */
export function checkUser(user: PostgresUser | undefined): void {
  if (user?.needsReadPast !== true) return;
  try {
    execFileSync('setpriv', asUser(user, { command: 'true', args: [], env: {} }).args, { stdio: 'ignore' });
  } catch {
    throw new StackError('PostgreSQL refuses to run as root, and its own user may not pass through the folders of this project or of HOLDFAST_HOME.', 'Start as an ordinary user, or put both into folders that everyone may pass through (chmod o+x).');
  }
}

export function giveTo(user: PostgresUser | undefined, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
