/** The production server, built from the Go module registry at pinned versions. About 8 minutes on two cores, once. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors.ts';
import type { Report } from '../report.ts';
import { cacheFolder, ensureCached } from './cache.ts';
import { findOnPath, runTool } from './run.ts';
import { goVersionWanted, temporalServerVersion, temporalUiVersion } from './versions.ts';

interface Program {
  readonly title: string;
  readonly module: string;
  readonly folder: string;
  readonly file: string;
  /** Packages that are compiled, measured; only for the progress line. */
  readonly packages: number;
}

const programs = {
  server: { title: 'Temporal server', module: `go.temporal.io/server/cmd/server@v${temporalServerVersion}`, folder: `temporal-server-${temporalServerVersion}`, file: 'temporal-server', packages: 1800 },
  sqlTool: { title: 'schema tool', module: `go.temporal.io/server/cmd/tools/sql@v${temporalServerVersion}`, folder: `temporal-sql-tool-${temporalServerVersion}`, file: 'temporal-sql-tool', packages: 700 },
  ui: { title: 'Web UI', module: `github.com/temporalio/ui-server/v2/cmd/server@v${temporalUiVersion}`, folder: `temporal-ui-${temporalUiVersion}`, file: 'temporal-ui', packages: 500 },
} as const satisfies Record<string, Program>;

export interface GoBinaries {
  readonly server: string;
  readonly sqlTool: string;
  readonly ui: string;
}

const fileOf = (program: Program): string => join(cacheFolder(), program.folder, program.file);

export function cachedGoBinaries(): GoBinaries | undefined {
  const found = { server: fileOf(programs.server), sqlTool: fileOf(programs.sqlTool), ui: fileOf(programs.ui) };
  return Object.values(found).every((file) => existsSync(file)) ? found : undefined;
}

/** @returns the version of Go on the PATH, e.g. `1.26.8`. */
export async function goVersion(): Promise<string | undefined> {
  if (findOnPath('go') === undefined) return undefined;
  return /go version go(\S+)/.exec((await runTool('go', ['version'])).output)?.[1];
}

/** Go fetches the version that a module asks for since 1.21. */
export function goCanBuild(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '0.0').split('.').map((part) => Number.parseInt(part, 10));
  return major > 1 || (major === 1 && minor >= 21);
}

export const otherWays = `Or put \`temporal\` (the Temporal CLI) on the PATH, or set TEMPORAL_ADDRESS to a cluster that exists.`;

/** @throws {StackError} when a build fails. */
export async function buildGoBinaries(report: Report, signal: AbortSignal | undefined): Promise<GoBinaries> {
  for (const program of Object.values(programs)) {
    if (existsSync(fileOf(program))) continue;
    await report.step(`Build the ${program.title} (once)`, async (progress) => {
      await ensureCached(program.folder, async (folder) => { await build(program, folder, progress, signal); }, (pid) => { progress(`another start (pid ${pid}) is building, waiting for it`); });
    });
  }
  const built = cachedGoBinaries();
  if (built === undefined) throw new StackError(`The build is not complete in ${cacheFolder()}.`, `Remove that folder and start again. ${otherWays}`);
  return built;
}

async function build(program: Program, folder: string, progress: (detail: string) => void, signal: AbortSignal | undefined): Promise<void> {
  let compiled = 0;
  let downloaded = 0;
  const result = await runTool('go', ['install', '-v', '-trimpath', program.module], {
    cwd: folder,
    env: { ...process.env, GOBIN: folder },
    signal,
    onLine: (line) => {
      if (line.startsWith('go: downloading')) {
        downloaded += 1;
        progress(`downloading ${line.split(' ')[2] ?? ''} (${downloaded})`);
      } else {
        compiled += 1;
        progress(`compiling ${line.slice(0, 60)} (${compiled} of about ${program.packages})`);
      }
    },
  });
  if (!result.ok) throw buildFailed(program, result.tail, signal);
  const made = readdirSync(folder)[0];
  if (made === undefined) throw new StackError(`Go built no ${program.title}.`, otherWays);
  renameSync(join(folder, made), join(folder, program.file));
  for (const other of readdirSync(folder).filter((entry) => entry !== program.file)) rmSync(join(folder, other), { recursive: true, force: true });
}

function buildFailed(program: Program, tail: readonly string[], signal: AbortSignal | undefined): StackError {
  const text = tail.join('\n');
  const said = `The ${program.title} could not be built:\n${tail.map((line) => `    ${line.slice(0, 300)}`).join('\n')}`;
  if (signal?.aborted === true) return new StackError('The build was interrupted.', 'Start again; what is already compiled is kept.');
  if (/no space left/i.test(text)) return new StackError(said, `The disk is full. The build needs about 5 GB. ${otherWays}`);
  if (/dial tcp|no such host|i\/o timeout|connection refused|proxyconnect|TLS handshake/i.test(text)) return new StackError(said, `The Go module registry was not reached. Check the network or GOPROXY. ${otherWays}`);
  if (/requires go|invalid go version|toolchain/i.test(text)) return new StackError(said, `Install Go ${goVersionWanted} or newer. ${otherWays}`);
  return new StackError(said, `Install Go ${goVersionWanted} or newer and start again. ${otherWays}`);
}
