/** The time-skipping test server, for tests that use real durations. Not part of a running stack. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError, messageOf } from '../errors.ts';
import type { Report } from '../report.ts';
import { cacheFolder, ensureCached } from './cache.ts';
import { findOnPath, runTool } from './run.ts';
import { cachedDownload, download } from './sdk-download.ts';
import { testServerVersion } from './versions.ts';

const folderName = `temporal-test-server-${testServerVersion}`;
const scriptName = 'temporal-test-server';

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>holdfast</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${testServerVersion}</version>
    </dependency>
  </dependencies>
</project>
`;

// The SDK waits 5 s for the server, so the JVM is told to start fast rather than to run fast. It passes the port only, as
// it does to its own download: with `--enable-time-skipping` the clock would run free from the start, and the SDK's own
// unlocking (`environment.sleep`, waiting for a result) would then be unbalanced and skip twice as far.
const script = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/lib/*" io.temporal.testserver.TestServer "$@"
`;

/**
 * @returns an executable for the SDK: `TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type:
 * 'existing-path', path } } })`.
 * @throws {StackError} when there is no way to get it.
 */
export async function ensureTestServer(report: Report, signal?: AbortSignal): Promise<string> {
  const made = join(cacheFolder(), folderName, scriptName);
  if (existsSync(made)) return made;
  const cached = cachedDownload('test-server');
  if (cached !== undefined) return cached;

  const refused = await report.step('Look for a download of the test server', async (progress) => {
    try {
      return { path: await download('test-server', progress, signal) };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return messageOf(error);
    }
  });
  if (typeof refused !== 'string') return refused.path;
  if (findOnPath('java') === undefined || findOnPath('mvn') === undefined) {
    throw new StackError(`The time-skipping test server could not be downloaded (${refused}), and Java and Maven, to fetch it another way, are not both on the PATH.`, 'Install Java 17 or newer and Maven, or allow the download.');
  }
  const folder = await report.step('Fetch the test server with Maven (once)', async (progress) => await ensureCached(folderName, async (work) => { await fetchWithMaven(work, progress, signal); }, (pid) => { progress(`another start (pid ${pid}) is at it, waiting`); }));
  return join(folder, scriptName);
}

async function fetchWithMaven(folder: string, progress: (detail: string) => void, signal: AbortSignal | undefined): Promise<void> {
  const project = join(folder, 'pom.xml');
  const lib = join(folder, 'lib');
  mkdirSync(lib);
  writeFileSync(project, pom);
  const result = await runTool('mvn', ['-B', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'], {
    cwd: folder,
    signal,
    onLine: (line) => { progress(line.slice(0, 80)); },
  });
  if (!result.ok) {
    throw new StackError(`Maven could not fetch the test server:\n${result.tail.map((line) => `    ${line.slice(0, 300)}`).join('\n')}`, 'Check the network and the Maven settings, then start again.');
  }
  rmSync(project);
  const file = join(folder, scriptName);
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}
