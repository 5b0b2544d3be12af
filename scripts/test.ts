/**
 * `npm test`: what the tests need is made first (Temporal, the time-skipping server, a whole stack in a folder of its
 * own), then jest runs. Arguments go to jest: `npm test -- test/flows`.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../config/settings.ts';
import { createTerminalReport } from '../stack/report.ts';
import { startStack, type RunningStack } from '../stack/start.ts';
import { ensureTestServer } from '../stack/toolchain/test-server.ts';
import { describeFailure } from '../stack/up.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const resultsFile = path.join(project, '.holdfast', 'test-results.json');

/** @returns jest's exit code. */
async function runJest(environment: NodeJS.ProcessEnv, stopped: AbortSignal): Promise<number> {
  const jest = path.join(project, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--no-warnings', jest, '--json', `--outputFile=${resultsFile}`, ...process.argv.slice(2)];
  // Jest prints its report to stderr; what --json prints to stdout is in the file as well.
  const child = spawn(process.execPath, flags, { cwd: project, env: environment, stdio: ['inherit', 'ignore', 'inherit'] });
  stopped.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  await mkdir(path.dirname(resultsFile), { recursive: true });
  await rm(resultsFile, { force: true });
  const home = await mkdtemp(path.join(tmpdir(), 'holdfast-test-'));
  let stack: RunningStack | undefined;
  try {
    const testServer = await ensureTestServer(createTerminalReport(process.stdout));
    // Tests make their own load, so the limit that protects a shop is off, but for the test that turns it on.
    const settings = readSettings({ ...process.env, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: 'shop-a:test-key-shop-a,shop-b:test-key-shop-b', HOLDFAST_PORT: '', HOLDFAST_DATABASE_URL: '', HOLDFAST_DATABASE_READ_URL: '', TEMPORAL_ADDRESS: '' });
    stack = await startStack({ settings, signal: interrupted.signal, environment: { HOLDFAST_RATE_LIMIT: '0' } });
    return await runJest({ ...process.env, HOLDFAST_TEST_STACK: path.join(home, 'stack.json'), HOLDFAST_TEST_SERVER: testServer }, interrupted.signal);
  } catch (error) {
    process.stderr.write(describeFailure(error));
    return 1;
  } finally {
    await stack?.stop();
    await rm(home, { recursive: true, force: true });
  }
}

process.exitCode = await main();
