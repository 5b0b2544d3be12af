/** What may be wrong with this machine, this configuration or the stack that runs here: one line each, with its remedy. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { freeBytes, homeNeedsBytes, inMegabytes } from './disk.ts';
import { StackError, errorCode, messageOf } from './errors.ts';
import { homeAt, type Home } from './home.ts';
import { identify } from './identity.ts';
import { readStackInfo, type StackInfo } from './info.ts';
import { holderOf } from './lock.ts';
import { listenerOn, whyNotFree } from './ports.ts';
import { postgresUser, checkUser } from './postgres-user.ts';
import { answers, dataFolderProblem } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';
import { temporalAnswers } from './temporal-namespace.ts';
import { cacheFolder } from './toolchain/cache.ts';
import { goCanBuild, goVersion } from './toolchain/go-build.ts';
import { findOnPath } from './toolchain/run.ts';
import { findTemporal, keptBackend } from './toolchain/temporal-source.ts';
import { goVersionWanted } from './toolchain/versions.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

const oldestNode = 24;
const buildNeedsBytes = 5 * 1024 ** 3;

/** Every check, whatever the others say. Nothing is changed, except that an absent home folder is not an error. */
export async function runChecks(settings: Settings): Promise<Check[]> {
  const home = homeAt(settings.home);
  const holder = holderOf(home.lockFile);
  const info = holder === undefined ? undefined : readStackInfo(home);
  const machine = await Promise.all([
    guarded('Node', () => checkNode()),
    guarded('Home folder', () => checkHome(home)),
    guarded('Disk', () => checkDisks(home)),
    guarded('PostgreSQL', async () => await checkPostgres(home, settings)),
    guarded('Temporal', async () => await checkTemporalSource(home, settings)),
    guarded('Test server', () => checkTestServer()),
    guarded('API port', async () => await checkPort(settings, info)),
  ]);
  const stack = holder === undefined ? [{ name: 'Stack', ok: true, detail: existsSync(home.stackFile) ? 'not running; it was killed, and the next start tidies up' : 'not running' }] : await checkStack(holder.pid, info, home);
  return [...machine, ...stack];
}

async function guarded(name: string, check: () => Promise<Check> | Check): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    const remedy = error instanceof StackError ? error.remedy : undefined;
    return { name, ok: false, detail: messageOf(error), ...(remedy !== undefined && { remedy }) };
  }
}

function checkNode(): Check {
  const ok = Number.parseInt(process.versions.node, 10) >= oldestNode;
  return { name: 'Node', ok, detail: `${process.versions.node} (${process.execPath})`, ...(!ok && { remedy: 'Start through npm (`npm start`, `npx holdfast`), which uses the Node that the project brings.' }) };
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function checkHome(home: Home): Check {
  const folder = nearestExisting(home.root);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { name: 'Home folder', ok: true, detail: folder === home.root ? home.root : `${home.root} (not there yet)` };
  } catch (error) {
    return { name: 'Home folder', ok: false, detail: `${folder} cannot be written (${errorCode(error) ?? 'unknown'})`, remedy: 'Set HOLDFAST_HOME to a folder of your own.' };
  }
}

function checkDisks(home: Home): Check {
  const forHome = freeBytes(nearestExisting(home.root));
  const forCache = freeBytes(nearestExisting(cacheFolder()));
  const detail = `${inMegabytes(forHome)} free for the home, ${inMegabytes(forCache)} for the cache`;
  if (forHome < homeNeedsBytes) return { name: 'Disk', ok: false, detail, remedy: `The home needs ${inMegabytes(homeNeedsBytes)}. Free some space, or set HOLDFAST_HOME to another disk.` };
  return { name: 'Disk', ok: true, detail };
}

async function checkPostgres(home: Home, settings: Settings): Promise<Check> {
  const name = 'PostgreSQL';
  if (settings.databaseUrl !== undefined) {
    const ok = await answers(settings.databaseUrl);
    return { name, ok, detail: ok ? 'HOLDFAST_DATABASE_URL answers' : 'HOLDFAST_DATABASE_URL does not answer', ...(!ok && { remedy: 'Start that server or correct HOLDFAST_DATABASE_URL; unset, `npm start` brings its own.' }) };
  }
  const binaries = await findBinaries();
  const problem = dataFolderProblem(home, binaries);
  if (problem !== undefined) throw problem;
  const user = postgresUser(home.postgresData, [home.postgresData, binaries.postgres]);
  checkUser(user);
  const who = user === undefined ? '' : `, as uid ${user.uid} because it refuses root`;
  return { name, ok: true, detail: `embedded ${binaries.version}${existsSync(home.postgresData) ? '' : ', no data folder yet'}${who}` };
}

async function checkTemporalSource(home: Home, settings: Settings): Promise<Check> {
  const name = 'Temporal';
  const kept = keptBackend(home);
  const found = findTemporal(settings.temporalAddress, kept);
  if (found !== undefined) return { name, ok: true, detail: found.from };
  const version = await goVersion();
  if (!goCanBuild(version)) {
    return { name, ok: false, detail: 'not on this machine; only a download is left to try', remedy: `Install Go ${goVersionWanted} or newer, put \`temporal\` on the PATH, or set TEMPORAL_ADDRESS.` };
  }
  const free = freeBytes(nearestExisting(cacheFolder()));
  if (free < buildNeedsBytes) return { name, ok: false, detail: `to be built with Go ${version ?? ''}, but only ${inMegabytes(free)} are free`, remedy: `The build needs ${inMegabytes(buildNeedsBytes)}. Free some space, or put \`temporal\` on the PATH.` };
  return { name, ok: true, detail: `will be downloaded, or else built once with Go ${version ?? ''} (about 8 minutes on 2 cores)` };
}

function checkTestServer(): Check {
  const tools = ['java', 'mvn'].filter((program) => findOnPath(program) !== undefined);
  return { name: 'Test server', ok: true, detail: tools.length === 2 ? 'Java and Maven found (needed by `npm test` where downloads are refused)' : 'only by download; Java and Maven are not both on the PATH (`npm test` only)' };
}

async function checkPort(settings: Settings, info: StackInfo | undefined): Promise<Check> {
  const name = 'API port';
  if (info !== undefined) return { name, ok: true, detail: `${info.apiUrl} (this stack)` };
  if (settings.port === undefined) return { name, ok: true, detail: 'chosen at start (4780, or the next free one)' };
  const code = await whyNotFree(settings.port, settings.host);
  if (code === undefined) return { name, ok: true, detail: `${settings.port} is free` };
  return { name, ok: false, detail: `${settings.port} is not free (${listenerOn(settings.port) ?? code})`, remedy: 'Stop that program, or set HOLDFAST_PORT to another port.' };
}

async function checkStack(supervisor: number, info: StackInfo | undefined, home: Home): Promise<Check[]> {
  if (info === undefined) return [{ name: 'Stack', ok: true, detail: `starting or stopping (pid ${supervisor})` }];
  const answersHttp = async (url: string): Promise<boolean> => await fetch(url, { signal: AbortSignal.timeout(3_000) }).then((response) => response.ok, () => false);
  const part = async (name: string, pid: number | null, reachable: Promise<boolean>): Promise<Check> => {
    const alive = pid === null || identify(pid) !== undefined;
    const ok = alive && (await reachable.catch(() => false));
    const state = alive ? (ok ? 'up' : 'does not answer') : 'not alive';
    return { name: `Stack: ${name}`, ok, detail: pid === null ? `${state} (not ours)` : `${state} (pid ${pid})`, ...(!ok && { remedy: `It is restarted by itself; if it stays so, see ${home.logs}.` }) };
  };
  const { pids } = info;
  return await Promise.all([
    part('database', pids.postgres, answers(info.databaseUrl)),
    part('Temporal', pids.temporal, temporalAnswers({ address: info.temporalAddress })),
    ...(info.temporalUiUrl === null ? [] : [part('Web UI', pids.ui, answersHttp(info.temporalUiUrl))]),
    ...(pids.workers === null ? [] : [part('workers', pids.workers, Promise.resolve(true))]),
    ...(info.sandboxUrl === null ? [] : [part('sandbox', pids.sandbox, answersHttp(`${info.sandboxUrl}/_journal`))]),
    ...(pids.api === null ? [] : [part('API', pids.api, answersHttp(`${info.apiUrl}/health`))]),
  ]);
}
