/** What tests stand on: the time-skipping server, and a whole stack in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { readSettings } from '../config/settings.ts';
import { cleanupScheduleId, reconciliationScheduleId } from '../contracts/workflow-ids.ts';
import { createTerminalReport } from '../stack/report.ts';
import type { StackInfo } from '../stack/info.ts';
import { startStack, type RunningStack } from '../stack/start.ts';
import { ensureTestServer } from '../stack/toolchain/test-server.ts';
import { describeFailure } from '../stack/up.ts';

export const project = fileURLToPath(new URL('..', import.meta.url));

// The stack under test must not be shaped by the settings of whoever runs the tests.
const ownSettings = { HOLDFAST_PORT: '', HOLDFAST_HOST: '', HOLDFAST_DATABASE_URL: '', HOLDFAST_DATABASE_READ_URL: '', HOLDFAST_BUILD_ID: '', TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '' };

/** Runs node with these arguments while the stack is up. @returns its exit code; 1 when the stack does not come up. */
export async function runWithStack(nodeArguments: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const home = await mkdtemp(path.join(tmpdir(), 'holdfast-test-'));
  let stack: RunningStack | undefined;
  try {
    const testServer = await ensureTestServer(createTerminalReport(process.stdout));
    const settings = readSettings({ ...process.env, ...ownSettings, HOLDFAST_HOME: home, HOLDFAST_API_KEYS: 'shop-a:test-key-shop-a,shop-b:test-key-shop-b,shop-books:test-key-shop-books' });
    // Tests make their own load, so the limit that protects a shop is off, but for the test that turns it on.
    stack = await startStack({ settings, signal: interrupted.signal, environment: { HOLDFAST_RATE_LIMIT: '0' } });
    await pauseSchedules(stack.info);
    return await runNode(nodeArguments, { ...process.env, HOLDFAST_TEST_STACK: path.join(home, 'stack.json'), HOLDFAST_TEST_SERVER: testServer }, interrupted.signal);
  } catch (error) {
    process.stderr.write(describeFailure(error));
    return 1;
  } finally {
    await stack?.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** What comes by the clock would come into the middle of some test; tests begin it themselves. */
async function pauseSchedules({ temporalAddress, temporalNamespace }: StackInfo): Promise<void> {
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const { schedule } = new Client({ connection, namespace: temporalNamespace });
    await Promise.all([reconciliationScheduleId, cleanupScheduleId].map(async (id) => await schedule.getHandle(id).pause('Tests begin it themselves.')));
  } finally {
    await connection.close();
  }
}

async function runNode(nodeArguments: readonly string[], env: NodeJS.ProcessEnv, stopped: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, nodeArguments, { cwd: project, env, stdio: 'inherit' });
  stopped.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
