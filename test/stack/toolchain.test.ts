import '../support/realm.ts';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { homeAt, prepareHome, type Home } from '../../stack/home.ts';
import { silentReport } from '../../stack/report.ts';
import { ensureCached } from '../../stack/toolchain/cache.ts';
import { goCanBuild } from '../../stack/toolchain/go-build.ts';
import { ensureTemporal, findTemporal, keptBackend, rememberBackend } from '../../stack/toolchain/temporal-source.ts';
import { freePort } from '../support/ports.ts';

let folder: string;
let home: Home;
let before: { path: string | undefined; cache: string | undefined; home: string | undefined };
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-tools-'));
  home = homeAt(path.join(folder, 'home'));
  prepareHome(home);
  before = { path: process.env['PATH'], cache: process.env['XDG_CACHE_HOME'], home: process.env['HOME'] };
  // A machine with nothing on it.
  await mkdir(path.join(folder, 'bin'));
  process.env['PATH'] = path.join(folder, 'bin');
  process.env['XDG_CACHE_HOME'] = path.join(folder, 'cache');
});
afterEach(async () => {
  process.env['PATH'] = before.path;
  if (before.cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before.cache;
  await rm(folder, { recursive: true, force: true });
});

const ensure = async (address?: string) => await ensureTemporal({ address, home, report: silentReport, signal: undefined });
const program = async (name: string, script: string): Promise<string> => {
  const file = path.join(folder, 'bin', name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
};
const cached = path.join('holdfast', `${process.platform}-${process.arch}`);
async function fill(...files: string[]): Promise<void> {
  for (const file of files) {
    const full = path.join(folder, 'cache', cached, file);
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, '');
  }
}
const build = ['temporal-server-1.32.0/temporal-server', 'temporal-sql-tool-1.32.0/temporal-sql-tool', 'temporal-ui-2.54.1/temporal-ui'];

const module = (file: string): string => JSON.stringify(path.resolve(import.meta.dirname, '../../stack', file));
const attempt = `
  const { ensureTemporal } = await import(${module('toolchain/temporal-source.ts')});
  const { homeAt } = await import(${module('home.ts')});
  const { silentReport } = await import(${module('report.ts')});
  await ensureTemporal({ address: undefined, home: homeAt(process.argv[1]), report: silentReport, signal: undefined }).then(
    (source) => console.log(JSON.stringify({ message: 'found: ' + source.from, remedy: '' })),
    ({ message, remedy }) => console.log(JSON.stringify({ message, remedy })),
  );`;

describe('where Temporal comes from', () => {
  test('with nothing on the machine and no network the start says soon what was tried, and each way out', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const began = Date.now();
    // In a process of its own, whose environment the download inherits.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', attempt, home.root], {
      env: { PATH: path.join(folder, 'bin'), HOME: folder, XDG_CACHE_HOME: path.join(folder, 'cache'), HTTP_PROXY: nobody, HTTPS_PROXY: nobody, ALL_PROXY: nobody, https_proxy: nobody },
    });
    const { message, remedy } = JSON.parse(stdout) as { message: string; remedy: string };
    expect(message).toMatch(/^Temporal is not on this machine.*\n.*TEMPORAL_ADDRESS: not set\n.*on the PATH: no\n.*cached build or download: no\n.*download by the SDK: \S.*\n.*Go to build it with: not on the PATH$/);
    expect(remedy).toMatch(/install Go .*`temporal` .*on the PATH.*TEMPORAL_ADDRESS/);
    expect(Date.now() - began).toBeLessThan(30_000);
    expect((await readdir(path.join(folder, 'cache', cached))).filter((entry) => entry.startsWith('new-'))).toEqual([]);
  });

  test('an address that is set goes before everything, and nothing is started for it', async () => {
    await program('temporal', 'exit 0');
    await fill(...build);
    expect(await ensure('temporal.example:7233')).toEqual({ kind: 'existing', address: 'temporal.example:7233', from: 'TEMPORAL_ADDRESS' });
  });

  test('`temporal` on the PATH goes before a cached build, and that before a cached download', async () => {
    await fill(...build, 'temporal-cli/temporal');
    expect(await ensure()).toMatchObject({ kind: 'server', from: expect.stringContaining('cached build') });
    const executable = await program('temporal', 'exit 0');
    expect(await ensure()).toMatchObject({ kind: 'cli', executable });
    await rm(path.join(folder, 'bin/temporal'));
    await rm(path.join(folder, 'cache', cached, build[0] ?? ''));
    expect(await ensure()).toMatchObject({ kind: 'cli', from: 'cached download of the Temporal CLI' });
  });

  test('a home goes on with the kind of server that it began with, while that can be had', async () => {
    rememberBackend(home, 'server');
    await fill(...build);
    await program('temporal', 'exit 0');
    expect(keptBackend(home)).toBe('server');
    expect(await ensure()).toMatchObject({ kind: 'server' });
    expect(findTemporal(undefined, undefined)).toMatchObject({ kind: 'cli' });
  });

  test('half a build is no build', async () => {
    await fill(...build.slice(0, 2), 'temporal-cli/temporal');
    expect(findTemporal(undefined, undefined)).toMatchObject({ kind: 'cli' });
  });

  test('a build that fails ends with what Go said and what to do about it', async () => {
    rememberBackend(home, 'server');
    await program('go', `case "$1" in version) echo 'go version go1.24.1 linux/amd64' ;; *) echo 'go: dial tcp: lookup registry: no such host' >&2; exit 1 ;; esac`);
    await expect(ensure()).rejects.toMatchObject({
      message: expect.stringMatching(/^The Temporal server could not be built:\n.*no such host/),
      remedy: expect.stringMatching(/module registry was not reached.*GOPROXY.*`temporal`.*TEMPORAL_ADDRESS/),
    });
    expect((await readdir(path.join(folder, 'cache', cached))).filter((entry) => entry.startsWith('new-') || entry.startsWith('temporal-server'))).toEqual([]);
  });

  test('a build that a full disk has stopped says so', async () => {
    rememberBackend(home, 'server');
    await program('go', `case "$1" in version) echo 'go version go1.24.1 linux/amd64' ;; *) echo 'write x.a: no space left on device' >&2; exit 1 ;; esac`);
    await expect(ensure()).rejects.toMatchObject({ remedy: expect.stringContaining('The disk is full.') });
  });
});

test.each([[undefined, false], ['1.20.14', false], ['1.21', true], ['1.24.1', true], ['1.26rc1', true], ['2.0', true], ['nonsense', false]])('Go %s can build it: %s', (version, can) => {
  expect(goCanBuild(version)).toBe(can);
});

describe('the cache', () => {
  const make = async (work: string): Promise<void> => await writeFile(path.join(work, 'made'), '');

  test('is filled once, whole or not at all', async () => {
    let calls = 0;
    await expect(ensureCached('thing', async (work) => {
      await make(work);
      throw new Error('in the middle of it');
    }, () => undefined)).rejects.toThrow('in the middle of it');
    expect((await readdir(path.join(folder, 'cache', cached))).filter((entry) => entry !== 'ports')).toEqual([]);
    const made = async (): Promise<string> => await ensureCached('thing', async (work) => {
      calls += 1;
      await make(work);
    }, () => undefined);
    expect(await readdir(await made())).toEqual(['made']);
    await made();
    expect(calls).toBe(1);
  });

  test('that cannot be made is told with its remedy', async () => {
    process.env['XDG_CACHE_HOME'] = path.join(folder, 'a-file');
    await writeFile(path.join(folder, 'a-file'), '');
    await expect(ensureCached('thing', make, () => undefined)).rejects.toThrow(/a-file/);
  });
});
