/** Process entry: `node sandbox/main.ts --config file.json`. Stops on SIGTERM, SIGINT, or when the process that supervises it goes away. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { buildSandbox } from './server.ts';

/** Below the supervisor's kill delay. */
const closePatienceMs = 3_000;

class ConfigError extends Error {}

function readConfig(): unknown {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new ConfigError('Usage: node sandbox/main.ts --config file.json');
  try {
    return JSON.parse(readFileSync(values.config, 'utf8'));
  } catch (error) {
    throw new ConfigError(`The config ${values.config} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function main(): Promise<void> {
  const sandbox = buildSandbox(readConfig());
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), closePatienceMs).unref();
    sandbox.close().then(() => process.exit(0), () => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);

  const url = await sandbox.listen();
  process.stdout.write(`sandbox ready at ${url}\n`);
  process.send?.({ type: 'ready', url });
}

try {
  await main();
} catch (error) {
  const known = error instanceof ConfigError ? error.message : error instanceof z.ZodError ? `The config is wrong:\n${z.prettifyError(error)}` : undefined;
  process.stderr.write(`${known ?? `The sandbox stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`}\n`);
  process.exit(1);
}
