/** `npm start`: brings the stack up, says what runs where, and stays until it is told to stop. */
import { SettingsError, readSettings, type Settings } from '../config/settings.ts';
import { StackError, explain, messageOf } from './errors.ts';
import type { StackInfo } from './info.ts';
import { seconds } from './report.ts';
import { startStack, type RunningStack } from './start.ts';

export interface UpOptions {
  /** Ends after `afterReady`. */
  readonly once: boolean;
  /** Seeding and the showcase. @returns whether all went as it should. */
  readonly afterReady?: (stack: StackInfo) => Promise<boolean>;
}

// A terminal sends Ctrl-C to the whole group, and npm sends it on once more: one press can arrive twice.
const samePressMs = 1_000;

/** @returns the exit code: 0 after an orderly stop (with `once`: only if `afterReady` gave true), else 1, or 130. */
export async function up(options: UpOptions): Promise<number> {
  // A reader that went away (`npm start | head`) must not take the stack down.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopping = new AbortController();
  const killing = new AbortController();
  const stopped = new Promise<void>((resolve) => { stopping.signal.addEventListener('abort', () => { resolve(); }); });
  let running: RunningStack | undefined;
  let pressedAt = 0;
  const onSignal = (): void => {
    if (!stopping.signal.aborted) {
      pressedAt = Date.now();
      process.stdout.write('\nStopping … (Ctrl-C again kills everything at once)\n');
      stopping.abort();
    } else if (Date.now() - pressedAt > samePressMs) {
      killing.abort();
      process.exit(130);
    }
  };
  const onUnforeseen = (error: unknown): void => {
    process.stderr.write(describeFailure(error));
    running?.logError(error);
    process.exitCode = 1;
    stopping.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onUnforeseen);

  try {
    const began = Date.now();
    const settings: Settings = readSettings();
    running = await startStack({ settings, signal: stopping.signal, killSignal: killing.signal });
    process.stdout.write(describe(running.info, pagesOf(running.info, settings), Date.now() - began, options.once));
    const passed = await Promise.race([options.afterReady?.(running.info) ?? true, stopped.then(() => false)]);
    if (!options.once) await stopped;
    const stopBegan = Date.now();
    await running.stop();
    process.stdout.write(`Stopped in ${seconds(Date.now() - stopBegan)}. The data stays in ${running.info.home}.\n`);
    if (process.exitCode === 1) return 1;
    return !options.once || (passed && !stopping.signal.aborted) ? 0 : 1;
  } catch (error) {
    process.stderr.write(describeFailure(error));
    running?.logError(error);
    await running?.stop();
    return 1;
  } finally {
    process.off('uncaughtException', onUnforeseen);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** One message and its remedy. Only what nobody foresaw comes with its place in the code. */
export function describeFailure(error: unknown): string {
  const known = explain(error);
  if (known instanceof StackError) return `\n✖ ${known.message}\n${known.remedy === undefined ? '' : `  → ${known.remedy}\n`}`;
  if (known instanceof SettingsError) return `\n✖ ${known.message}\n`;
  return `\n✖ Something broke that was not foreseen: ${messageOf(known)}\n  → See supervisor.log in the logs folder of HOLDFAST_HOME; \`holdfast doctor\` checks this machine.\n`;
}

/**
 * One for each shop, with the key that was made up for this home; a key that somebody set is not printed. The page takes
 * it out of the address.
 */
export const pagesOf = ({ apiUrl, apiKeys }: Pick<StackInfo, 'apiUrl' | 'apiKeys'>, settings: Pick<Settings, 'apiKeys'>): readonly (readonly [string, string])[] =>
  settings.apiKeys.length > 0 ? [['Page', `${apiUrl}/`]] : Object.entries(apiKeys).map(([tenant, key]) => [`Page of ${tenant}`, `${apiUrl}/#key=${encodeURIComponent(key)}`]);

function describe(info: StackInfo, pages: ReturnType<typeof pagesOf>, tookMs: number, once: boolean): string {
  const rows: readonly (readonly [string, string])[] = [
    ...pages,
    ['API', info.apiUrl],
    ['API docs', `${info.apiUrl}/docs`],
    ['Temporal Web UI', info.temporalUiUrl ?? '(of your cluster)'],
    ['Temporal', `${info.temporalAddress}, namespace ${info.temporalNamespace}`],
    ['Database', withoutPassword(info.databaseUrl)],
    ['Logs', info.logs],
    ['API keys, all URLs', `${info.home}/stack.json`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
  const stay = once ? '' : '\n  Ctrl-C stops everything; the flows go on at the next start.\n';
  return `\nHoldfast is up after ${seconds(tookMs)}.\n\n${table}\n${stay}\n`;
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return '(HOLDFAST_DATABASE_URL)';
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username}@${host}${pathname}`;
}
