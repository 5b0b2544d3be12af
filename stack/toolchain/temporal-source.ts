/** Where Temporal comes from on this machine, and getting it if it has to be got. */
import { join } from 'node:path';
import { z } from 'zod';
import { StackError, messageOf } from '../errors.ts';
import { readJson, writeJson } from '../files.ts';
import type { Home } from '../home.ts';
import type { Report } from '../report.ts';
import { buildGoBinaries, cachedGoBinaries, goCanBuild, goVersion, type GoBinaries } from './go-build.ts';
import { findOnPath } from './run.ts';
import { cachedDownload, download } from './sdk-download.ts';
import { goVersionWanted, temporalServerVersion } from './versions.ts';

export type TemporalSource =
  /** A cluster that someone else runs; nothing is started. */
  | { readonly kind: 'existing'; readonly address: string; readonly from: string }
  /** The Temporal CLI's development server: flows in a SQLite file in the home, Web UI included. */
  | { readonly kind: 'cli'; readonly executable: string; readonly from: string }
  /** The production server on the embedded PostgreSQL. */
  | { readonly kind: 'server'; readonly binaries: GoBinaries; readonly from: string };

const backend = z.object({ kind: z.enum(['cli', 'server']) });
const backendFile = (home: Home): string => join(home.temporal, 'backend.json');

/** What this home's flows are kept in: a home that began on one kind of server goes on with it while it can be had. */
export function keptBackend(home: Home): 'cli' | 'server' | undefined {
  return readJson(backendFile(home), backend)?.kind;
}

export function rememberBackend(home: Home, kind: 'cli' | 'server'): void {
  if (keptBackend(home) !== kind) writeJson(backendFile(home), { kind });
}

function fromPath(): TemporalSource | undefined {
  const executable = findOnPath('temporal');
  return executable === undefined ? undefined : { kind: 'cli', executable, from: `\`temporal\` on the PATH (${executable})` };
}

function fromBuildCache(): TemporalSource | undefined {
  const binaries = cachedGoBinaries();
  return binaries === undefined ? undefined : { kind: 'server', binaries, from: `cached build of server ${temporalServerVersion}` };
}

function fromDownloadCache(): TemporalSource | undefined {
  const executable = cachedDownload('cli');
  return executable === undefined ? undefined : { kind: 'cli', executable, from: 'cached download of the Temporal CLI' };
}

/** What is there already, without getting anything. */
export function findTemporal(address: string | undefined, kept: 'cli' | 'server' | undefined): TemporalSource | undefined {
  if (address !== undefined) return { kind: 'existing', address, from: 'TEMPORAL_ADDRESS' };
  const inOrder = [fromPath(), fromBuildCache(), fromDownloadCache()].filter((source) => source !== undefined);
  return inOrder.find((source) => source.kind === kept) ?? inOrder[0];
}

export interface EnsureOptions {
  readonly address: string | undefined;
  readonly home: Home;
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
}

/** @throws {StackError} naming everything that was tried, when there is no way to get Temporal. */
export async function ensureTemporal(options: EnsureOptions): Promise<TemporalSource> {
  const kept = keptBackend(options.home);
  const found = findTemporal(options.address, kept);
  if (found !== undefined && (found.kind === 'existing' || kept === undefined || found.kind === kept)) return found;

  const version = await goVersion();
  // What is at hand is of the other kind: the flows of this home would seem lost. So the right kind is worth getting.
  if (kept === 'server' && goCanBuild(version)) return await build(options);
  const downloaded = await tryDownload(options);
  if (typeof downloaded !== 'string') {
    if (kept === 'server') warnOther(options.report);
    return downloaded;
  }
  if (found !== undefined) {
    warnOther(options.report);
    return found;
  }
  if (goCanBuild(version)) return await build(options);
  throw new StackError(
    `Temporal is not on this machine and could not be fetched.\n    TEMPORAL_ADDRESS: not set\n    \`temporal\` on the PATH: no\n    cached build or download: no\n    download by the SDK: ${downloaded}\n    Go to build it with: ${version === undefined ? 'not on the PATH' : `${version} is too old`}`,
    `One of these is enough: install Go ${goVersionWanted} or newer · put \`temporal\` (the Temporal CLI) on the PATH · set TEMPORAL_ADDRESS to a cluster that exists.`,
  );
}

function warnOther(report: Report): void {
  report.warn('the Temporal server that this home began with is not there any more; flows that it kept are not visible until it is back');
}

async function build(options: EnsureOptions): Promise<TemporalSource> {
  options.report.note(`Temporal ${temporalServerVersion} is built from source; this takes some minutes (about 8 on 2 cores), once for this machine`);
  return { kind: 'server', binaries: await buildGoBinaries(options.report, options.signal), from: `build of server ${temporalServerVersion}` };
}

/** @returns the reason when it was refused: that is expected where there is no network, so it is no failed step. */
async function tryDownload({ report, signal }: EnsureOptions): Promise<TemporalSource | string> {
  return await report.step('Look for a download of the Temporal CLI', async (progress) => {
    try {
      return { kind: 'cli', executable: await download('cli', progress, signal), from: 'download of the Temporal CLI' };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return messageOf(error);
    }
  });
}
