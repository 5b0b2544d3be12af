import '../support/realm.ts';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StackError } from '../../stack/errors.ts';
import { homeAt, loadSecrets, prepareHome, type Home } from '../../stack/home.ts';
import { identify, isAlive, signalProcess } from '../../stack/identity.ts';
import { isLock, tryLock } from '../../stack/lock.ts';
import { choosePorts, portNames, type Ports } from '../../stack/ports.ts';
import { dataFolderProblem } from '../../stack/postgres.ts';
import { stopLeftovers } from '../../stack/supervisor.ts';
import { cli } from '../support/cli.ts';
import { listener } from '../support/ports.ts';
import { endSleepers, sleeper } from '../support/sleeper.ts';

let folder: string;
let home: Home;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-home-'));
  home = homeAt(path.join(folder, 'home'));
});
afterEach(async () => {
  await endSleepers();
  await rm(folder, { recursive: true, force: true });
});

/** What went wrong, as a person reads it. */
function failure(work: () => unknown): StackError {
  try {
    work();
  } catch (error) {
    if (error instanceof StackError) return error;
    throw error;
  }
  throw new Error('nothing went wrong');
}

describe('a home', () => {
  test('that is a file is refused with one message and its remedy', async () => {
    await writeFile(home.root, '');
    expect(failure(() => prepareHome(home))).toMatchObject({ message: `HOLDFAST_HOME (${home.root}) is not a folder.`, remedy: expect.stringContaining('HOLDFAST_HOME') });
  });

  test('below a file is refused in the same way', async () => {
    await writeFile(path.join(folder, 'file'), '');
    expect(failure(() => prepareHome(homeAt(path.join(folder, 'file/below')))).remedy).toContain('HOLDFAST_HOME');
  });

  test('that is a file ends a start with that message, without a stack trace', async () => {
    await writeFile(home.root, '');
    const { code, stderr } = await cli(['up', '--once'], { environment: { HOLDFAST_HOME: home.root } });
    expect(code).toBe(1);
    expect(stderr).toBe(`\n✖ HOLDFAST_HOME (${home.root}) is not a folder.\n  → Set HOLDFAST_HOME to a folder, or remove the file that is in its place.\n`);
  });

  test('keeps its secrets from one start to the next, readable by their owner only', async () => {
    prepareHome(home);
    const secrets = loadSecrets(home);
    expect(loadSecrets(home)).toEqual(secrets);
    expect((await stat(home.secretsFile)).mode & 0o077).toBe(0);
    expect(loadSecrets(homeAt(path.join(folder, 'other'))).holdfastPassword).not.toBe(secrets.holdfastPassword);
  });

  test('can be prepared again and again, and nobody else can list it', async () => {
    prepareHome(home);
    prepareHome(home);
    for (const inside of [home.root, home.logs, home.run]) expect([inside, (await stat(inside)).mode & 0o066]).toEqual([inside, 0]);
  });
});

describe('a data folder', () => {
  const binaries = { initdb: '/none/initdb', postgres: '/none/postgres', major: 18, version: '18.4' };

  test('that another major version has made is refused, and the remedy says how to keep the data', async () => {
    await mkdir(home.postgresData, { recursive: true });
    await writeFile(path.join(home.postgresData, 'PG_VERSION'), '15\n');
    const problem = dataFolderProblem(home, binaries);
    expect(problem?.message).toBe(`The data folder ${home.postgresData} was made by PostgreSQL 15; this is PostgreSQL 18.`);
    expect(problem?.remedy).toMatch(/^Move it away .*HOLDFAST_HOME.*pg_dumpall/);
  });

  test('that is none is refused too; the right one and an absent one are fine', async () => {
    expect(dataFolderProblem(home, binaries)).toBeUndefined();
    await mkdir(home.postgresData, { recursive: true });
    expect(dataFolderProblem(home, binaries)?.message).toContain('is not a PostgreSQL data folder');
    await writeFile(path.join(home.postgresData, 'PG_VERSION'), '18\n');
    expect(dataFolderProblem(home, binaries)).toBeUndefined();
  });

  test('of another version ends a start with that message, and is left as it was', async () => {
    prepareHome(home);
    await mkdir(home.postgresData, { recursive: true });
    const file = path.join(home.postgresData, 'PG_VERSION');
    await writeFile(file, '15\n');
    const { code, stderr } = await cli(['up', '--once'], { environment: { HOLDFAST_HOME: home.root } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\n✖ The data folder .* was made by PostgreSQL 15; this is PostgreSQL \d+\.\n {2}→ Move it away .*\n$/);
    expect(await readFile(file, 'utf8')).toBe('15\n');
  });
});

describe('ports', () => {
  const choose = async (more: { fixed?: number; said?: string[]; at?: Home } = {}): Promise<{ ports: Ports; release: () => void }> =>
    await choosePorts({ home: more.at ?? home, reservations: path.join(folder, 'reservations'), host: '127.0.0.1', fixedApiPort: more.fixed, onChange: (message) => more.said?.push(message) });

  test('are chosen once, all different, and are the same at the next start', async () => {
    prepareHome(home);
    const first = await choose();
    first.release();
    expect(new Set(Object.values(first.ports)).size).toBe(portNames.length);
    const second = await choose();
    second.release();
    expect(second.ports).toEqual(first.ports);
  });

  test('that are taken at the next start give way to others, which is said and kept', async () => {
    prepareHome(home);
    const first = await choose();
    first.release();
    const { server } = await listener(first.ports.postgres);
    try {
      const said: string[] = [];
      const second = await choose({ said });
      second.release();
      expect(second.ports).toEqual({ ...first.ports, postgres: second.ports.postgres });
      expect(second.ports.postgres).not.toBe(first.ports.postgres);
      expect(said).toEqual([expect.stringMatching(new RegExp(`^port ${first.ports.postgres} \\(postgres\\) is in use by .*; using ${second.ports.postgres} from now on$`))]);
      const third = await choose();
      third.release();
      expect(third.ports).toEqual(second.ports);
    } finally {
      server.close();
    }
  });

  test('that people type have a default, and the next one when it is busy', async () => {
    prepareHome(home);
    const one = await choose();
    try {
      const other = await choose({ at: homeAt(path.join(folder, 'other')) });
      other.release();
      expect(other.ports.api).toBeGreaterThan(one.ports.api);
      expect(one.ports.api).toBeGreaterThanOrEqual(4780);
      expect(new Set([...Object.values(one.ports), ...Object.values(other.ports)]).size).toBe(2 * portNames.length);
    } finally {
      one.release();
    }
  });

  test('that were asked for are taken or refused, never replaced, and are not remembered', async () => {
    prepareHome(home);
    const before = await choose();
    before.release();
    const { server, port } = await listener();
    await expect(choose({ fixed: port })).rejects.toMatchObject({ message: expect.stringContaining(`Port ${port} (HOLDFAST_PORT) is in use`), remedy: expect.stringContaining('HOLDFAST_PORT') });
    server.close();
    await new Promise((resolve) => server.once('close', resolve));
    const fixed = await choose({ fixed: port });
    fixed.release();
    expect(fixed.ports.api).toBe(port);
    const after = await choose();
    after.release();
    expect(after.ports.api).toBe(before.ports.api);
  });
});

describe('a lock', () => {
  const file = (): string => path.join(folder, 'run/lock');

  test('is held by one process, and free again when it is released', () => {
    const first = tryLock(file());
    expect(isLock(first)).toBe(true);
    expect(tryLock(file())).toEqual(identify(process.pid));
    if (isLock(first)) first.release();
    const second = tryLock(file());
    expect(isLock(second)).toBe(true);
    if (isLock(second)) second.release();
    expect(existsSync(file())).toBe(false);
  });

  test('of a dead process, or of one whose pid went to somebody else, holds nothing', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const stranger = await sleeper();
    for (const left of [JSON.stringify({ pid, startedAt: 'x' }), JSON.stringify({ pid: stranger.pid, startedAt: 'long ago' }), '{"pid":', '']) {
      await mkdir(path.dirname(file()), { recursive: true });
      await writeFile(file(), left);
      const lock = tryLock(file());
      expect([left, isLock(lock)]).toEqual([left, true]);
      if (isLock(lock)) lock.release();
    }
  });

  test('of a live process is respected', async () => {
    const holder = await sleeper();
    await mkdir(path.dirname(file()), { recursive: true });
    await writeFile(file(), JSON.stringify(identify(holder.pid)));
    expect(tryLock(file())).toEqual(identify(holder.pid));
    expect(holder.endedBy()).toBeNull();
  });
});

describe('what a killed run has left behind', () => {
  const record = async (part: string, content: object | string): Promise<string> => {
    const file = path.join(home.run, `${part}.json`);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify({ part, stopSignal: 'SIGTERM', ...content }));
    return file;
  };

  test('is stopped when pid and start time are those that were written down', async () => {
    prepareHome(home);
    const own = await sleeper();
    const database = await sleeper();
    const files = [await record('workers', identify(own.pid) ?? {}), await record('postgres', { ...identify(database.pid), stopSignal: 'SIGINT' })];
    const said: string[] = [];
    await stopLeftovers(home, (line) => said.push(line));
    await Promise.all([own.ended, database.ended]);
    expect([own.endedBy(), database.endedBy()]).toEqual(['SIGTERM', 'SIGINT']);
    expect(said).toEqual([expect.stringContaining(`stopping workers (pid ${own.pid})`), expect.stringContaining(`stopping postgres (pid ${database.pid})`)]);
    expect(files.map((file) => existsSync(file))).toEqual([false, false]);
  });

  test('is left alone when the pid belongs to somebody else by now, and a broken record stops nobody', async () => {
    prepareHome(home);
    const stranger = await sleeper();
    const files = [await record('api', { pid: stranger.pid, startedAt: 'long ago' }), await record('ui', '{"pid":'), await record('temporal', { ...identify(stranger.pid), part: 'something else' })];
    const said: string[] = [];
    await stopLeftovers(home, (line) => said.push(line));
    expect(stranger.endedBy()).toBeNull();
    expect(isAlive(identify(stranger.pid) ?? { pid: 0, startedAt: '' })).toBe(true);
    expect(said).toEqual([]);
    expect(files.map((file) => existsSync(file))).toEqual([false, false, false]);
  });

  test('gets no signal through an identity that is not its own', async () => {
    const stranger = await sleeper();
    expect(signalProcess({ pid: stranger.pid, startedAt: 'long ago' }, 'SIGKILL')).toBe(false);
    expect(stranger.endedBy()).toBeNull();
  });
});

// Permissions mean nothing to root.
if (process.getuid?.() !== 0) {
  test('a home that cannot be written is refused with its remedy', async () => {
    await chmod(folder, 0o500);
    expect(failure(() => prepareHome(home)).remedy).toContain('HOLDFAST_HOME');
    await chmod(folder, 0o700);
  });
}
