/**
 * Commands for the machine the stack runs on: `up`, `showcase`, `doctor`, `worker`. What they need is loaded only when
 * they run: an installation that only talks to a stack has no `stack/`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { readSettings, SettingsError } from '../../config/settings.ts';
import { taskQueueNames, taskQueues } from '../../contracts/task-queues.ts';
import { findTarget } from '../connection.ts';
import { CliError, reportError } from '../errors.ts';
import { checkedBy, examples } from '../options.ts';
import { print, printJson } from '../output.ts';
import { padded, safe, styled, widthOf } from '../text.ts';
import { z } from 'zod';

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('start everything on this machine (npm start)')
    .description('Starts PostgreSQL, Temporal, its Web UI, the workers and the HTTP API, fills an empty catalogue, shows real flows, and stays up until Ctrl-C.')
    .option('--once', 'end after the showcase; exit code 0 only if every flow ended as it should')
    .option('--no-showcase', 'do not show flows after the start');
  examples(command, ['up', 'up --once']).action(async ({ once: onlyOnce, showcase }: { once?: boolean; showcase: boolean }) => {
    const [{ up }, { afterReady }] = await Promise.all([import('../../stack/up.ts'), import('../showcase/after-ready.ts')]);
    const once = onlyOnce === true;
    process.exitCode = await up({ once, afterReady: async (stack) => await afterReady(stack, { once, showcase, onError: (error) => void reportError(error, false) }) });
  });
}

export function addShowcase(program: Command): void {
  const command = program
    .command('showcase')
    .summary('show real flows on the running stack')
    .description('Books, confirms, cancels, races and kills a worker on the running stack, and checks what came of it. Everything is given back at the end.')
    .option('--leave-hold', 'leave one hold to end by itself after its 15 minutes');
  examples(command, ['showcase']).action(async ({ leaveHold }: { leaveHold?: boolean }) => {
    const [{ homeAt }, { readStackInfo }, { runShowcase }, { createView }] = await Promise.all([import('../../stack/home.ts'), import('../../stack/info.ts'), import('../../stack/showcase/index.ts'), import('../showcase/view.ts')]);
    const { home } = readSettings();
    const stack = readStackInfo(homeAt(home));
    if (stack === undefined) throw new CliError(`The stack is not running (home: ${homeAt(home).root}).`, 'Start it with `npm start`, or point HOLDFAST_HOME to one that runs.', { code: 'stack_not_running' });
    const stopping = new AbortController();
    process.once('SIGINT', () => { stopping.abort(); });
    process.exitCode = (await runShowcase(stack, { view: createView(process.stdout), interactive: leaveHold === true, signal: stopping.signal, giveBackWhenInterrupted: true })) ? 0 : 1;
  });
}

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('what is wrong with this machine or this configuration')
    .description('Checks this machine, the settings and, if it runs, the stack. Exit code 1 when something is wrong.')
    .option('--json', 'print JSON for machines');
  examples(command, ['doctor', 'doctor --json']).action(async ({ json }: { json?: boolean }) => {
    const checks = await examined();
    if (json === true) printJson({ ok: checks.every(({ ok }) => ok), checks });
    else printChecks(checks);
    if (!checks.every(({ ok }) => ok)) process.exitCode = 1;
  });
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

/** Wrong settings are a finding like any other. */
async function examined(): Promise<readonly Check[]> {
  try {
    const settings = readSettings();
    const { runChecks } = await import('../../stack/preflight.ts');
    return [{ name: 'Settings', ok: true, detail: 'every setting is valid' }, ...(await runChecks(settings))];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const problems = error.message.split('\n').slice(1, -1).map((line) => line.trim());
    return problems.map((detail) => ({ name: 'Settings', ok: false, detail, remedy: 'Correct it in the environment, or unset it.' }));
  }
}

function printChecks(checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ name }) => widthOf(name)));
  for (const { name, ok, detail, remedy } of checks) {
    print(`${ok ? styled('green', '✔') : styled('red', '✖')} ${padded(safe(name), width)}  ${safe(detail)}`);
    if (!ok && remedy !== undefined) print(`  ${' '.repeat(width)}  → ${safe(remedy)}`);
  }
  const wrong = checks.filter(({ ok }) => !ok).length;
  print(wrong === 0 ? '\nNothing is wrong.' : `\n${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong.`);
}

const aQueueList = checkedBy(z.string().transform((names) => names.split(',').map((name) => name.trim())).pipe(z.array(z.enum(taskQueueNames, `choose from: ${taskQueueNames.join(', ')}`)).min(1)));

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .summary('run workers in the foreground')
    .description(`Runs one worker for each task queue until Ctrl-C. Further workers may join a stack that runs.\n\nQueues:\n${taskQueueNames.map((name) => `  ${name.padEnd(14)} ${taskQueues[name].why}`).join('\n')}`)
    .option('--queues <names>', 'only these, separated by commas (default: all)', aQueueList);
  examples(command, ['worker', 'worker --queues bookings,notifications']).action(async ({ queues }: { queues?: readonly string[] }) => {
    process.exitCode = await runWorkerProcess(queues);
  });
}

/** A process of its own, which gets the stack's addresses where the environment does not name others. */
async function runWorkerProcess(queues: readonly string[] | undefined): Promise<number> {
  const { temporal, temporalNamespace, databaseUrl } = findTarget({});
  const known = { TEMPORAL_ADDRESS: temporal?.address, TEMPORAL_NAMESPACE: temporalNamespace, HOLDFAST_DATABASE_URL: databaseUrl };
  const entry = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
  // oxlint-disable-next-line node/no-process-env -- handed on whole to a process of our own, which reads it by its schema
  const environment = { ...process.env, ...known };
  const child = spawn(process.execPath, [entry, ...(queues === undefined ? [] : ['--queues', queues.join(',')])], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: environment });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  // Ctrl-C on a terminal reaches the child by itself; this process only waits for its orderly end.
  const stay = (): void => undefined;
  process.on('SIGINT', stay).on('SIGTERM', passOn);
  child.on('message', () => process.stderr.write('Workers are ready. Ctrl-C stops them in order.\n'));
  return await new Promise((resolve) => child.once('exit', (code) => { resolve(code ?? 1); }));
}
