/** Servers of other people, built once from the Go module registry into the cache, so that adapters meet what nobody here wrote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder, ensureCached } from '../../stack/toolchain/cache.ts';
import { goCanBuild, goVersion } from '../../stack/toolchain/go-build.ts';
import { runTool } from '../../stack/toolchain/run.ts';

const buildMs = 180_000;

export interface GoProgram {
  /** Of the program that comes out of the build. */
  readonly name: string;
  readonly version: string;
  /** Without its version. */
  readonly package: string;
}

/** @returns the program, or why this machine cannot have it. */
export async function ensureGoProgram({ name, version, package: module }: GoProgram): Promise<{ readonly file: string } | { readonly missing: string }> {
  const folder = `${name}-${version}`;
  const file = path.join(cacheFolder(), folder, name);
  if (existsSync(file)) return { file };
  const go = await goVersion();
  if (!goCanBuild(go)) return { missing: go === undefined ? 'there is no Go on the PATH' : `Go ${go} is too old` };
  try {
    await ensureCached(folder, async (work) => {
      const built = await runTool('go', ['install', '-trimpath', `${module}@v${version}`], { cwd: work, env: { ...process.env, GOBIN: work }, signal: AbortSignal.timeout(buildMs) });
      if (!built.ok) throw new Error(built.tail.join('\n'));
    }, () => undefined);
    return { file };
  } catch (error) {
    return { missing: `Go could not build it: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export interface RunningProgram {
  readonly url: string;
  stop(): Promise<void>;
}

/** Resolves when it answers at `url`, whatever it answers. */
export async function startProgram(file: string, parameters: readonly string[], url: string): Promise<RunningProgram> {
  const child = spawn(file, parameters, { stdio: 'ignore' });
  const ended = once(child, 'close');
  for (let tries = 0; ; tries += 1) {
    if (await fetch(url).then(() => true, () => false)) break;
    if (child.exitCode !== null || tries > 100) throw new Error(`${path.basename(file)} did not start.`);
    await sleep(100);
  }
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
