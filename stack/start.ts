/** Brings a whole stack up in one home: what is needed, in the order in which it is needed, in parallel where it can be. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabases } from '../services/database/connection.ts';
import { migrate } from '../services/database/migrate.ts';
import type { Settings } from '../config/settings.ts';
import { temporalConnection } from '../config/temporal.ts';
import { childEnvironment, passwordsIn, type ApiKey } from './environment.ts';
import { StackError, messageOf } from './errors.ts';
import { writeJson } from './files.ts';
import { homeAt, loadSecrets, prepareHome, type Home, type Secrets } from './home.ts';
import { readStackInfo, type StackInfo } from './info.ts';
import { isLock, tryLock } from './lock.ts';
import { LogFile } from './log-file.ts';
import { choosePorts, loopback, type Ports } from './ports.ts';
import { databaseUrl, dataFolderProblem, ensureDatabases, initialise, postgresSpec } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';
import { partNames, type PartName, type ProcessSpec } from './process.ts';
import { createTerminalReport, silentReport, type Report } from './report.ts';
import { checkDisk } from './disk.ts';
import { sandboxedGateways, sandboxSettings, sandboxUrl, writeSandboxConfig } from './sandbox.ts';
import { Supervisor, stopLeftovers } from './supervisor.ts';
import { cliSpec, ensureSchema, serverSpec, uiSpec } from './temporal.ts';
import { ensureNamespace } from './temporal-namespace.ts';
import { workerArguments, workerEnvironment } from './worker-process.ts';
import { portReservations } from './toolchain/cache.ts';
import { ensureTemporal, rememberBackend, type TemporalSource } from './toolchain/temporal-source.ts';

export interface StartOptions {
  readonly settings: Settings;
  /** Says nothing on the terminal; the logs have everything all the same. */
  readonly quiet?: boolean;
  /** All of them when absent. What a part stands on is started with it. */
  readonly parts?: readonly PartName[];
  /** Aborted: what was started is stopped again and the start fails. */
  readonly signal?: AbortSignal;
  /** Aborted: every process is killed at once, also while the start is still going on. */
  readonly killSignal?: AbortSignal;
  /** Settings that the workers and the API get on top of the environment, e.g. HOLDFAST_RATE_LIMIT in tests. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunningStack {
  /** Current: the pids change when a part is restarted. */
  readonly info: StackInfo;
  readonly report: Report;
  /** In order, within 15 s. */
  stop(): Promise<void>;
  /** Writes an error with its place in the code to supervisor.log. */
  logError(error: unknown): void;
}

const project = fileURLToPath(new URL('..', import.meta.url));

/** @throws {StackError} with one message and its remedy; nothing that was started is left running then. */
export async function startStack(options: StartOptions): Promise<RunningStack> {
  const { settings } = options;
  const home = homeAt(settings.home);
  prepareHome(home);
  checkDisk(home);
  const lock = tryLock(home.lockFile);
  if (!isLock(lock)) {
    const running = readStackInfo(home);
    throw new StackError(`A stack is already running in ${home.root} (pid ${lock.pid})${running === undefined ? '; it is still starting.' : `, API at ${running.apiUrl}`}`, 'Use that one, stop it with Ctrl-C, or set HOLDFAST_HOME to another folder for a second stack.');
  }
  try {
    const start = new Start(options, home, loadSecrets(home));
    return await start.run(() => { lock.release(); });
  } catch (error) {
    lock.release();
    throw error;
  }
}

class Start {
  readonly #options: StartOptions;
  readonly #settings: Settings;
  readonly #home: Home;
  readonly #secrets: Secrets;
  readonly #report: Report;
  readonly #log: LogFile;
  readonly #logs: LogFile[] = [];
  readonly #supervisor: Supervisor;
  readonly #keys: readonly ApiKey[];
  readonly #hidden: readonly string[];
  #info: StackInfo | undefined;

  constructor(options: StartOptions, home: Home, secrets: Secrets) {
    this.#options = options;
    this.#settings = options.settings;
    this.#home = home;
    this.#secrets = secrets;
    this.#keys = this.#settings.apiKeys.length > 0 ? this.#settings.apiKeys : secrets.apiKeys;
    this.#hidden = [secrets.postgresPassword, secrets.holdfastPassword, secrets.temporalPassword, secrets.signingKey, ...Object.values(secrets.sandbox), ...this.#keys.map(({ key }) => key), ...passwordsIn(this.#settings)];
    this.#log = new LogFile(join(home.logs, 'supervisor.log'), 'supervisor', this.#hidden);
    const write = (line: string): void => { this.#log.event(line); };
    this.#report = options.quiet === true ? { ...silentReport, note: write, warn: write } : createTerminalReport(process.stdout, write);
    this.#supervisor = new Supervisor(home, { onLine: (line) => { this.#report.warn(line); }, onChange: () => { this.#rewriteInfo(); } });
  }

  #wants(part: PartName): boolean {
    return (this.#options.parts ?? partNames).includes(part);
  }

  #logOf(part: PartName): LogFile {
    const log = new LogFile(join(this.#home.logs, `${part}.log`), part, this.#hidden);
    this.#logs.push(log);
    return log;
  }

  async run(releaseLock: () => void): Promise<RunningStack> {
    const stop = async (): Promise<void> => {
      await this.#supervisor.stop();
      rmSync(this.#home.stackFile, { force: true });
      for (const log of [...this.#logs, this.#log]) log.close();
      releaseLock();
    };
    const interrupt = (): void => { this.#supervisor.stop().catch((error: unknown) => { this.#log.event(`the interrupted start could not be stopped: ${messageOf(error)}`); }); };
    this.#options.signal?.addEventListener('abort', interrupt, { once: true });
    this.#options.killSignal?.addEventListener('abort', () => { this.#supervisor.killAll(); }, { once: true });
    try {
      rmSync(this.#home.stackFile, { force: true });
      await stopLeftovers(this.#home, (line) => { this.#report.note(line); });
      const { ports, release } = await choosePorts({ home: this.#home, reservations: portReservations(), host: this.#settings.host, fixedApiPort: this.#settings.port, onChange: (message) => { this.#report.note(message); } });
      try {
        await this.#startParts(ports);
      } finally {
        release();
      }
    } catch (error) {
      this.#logError(error);
      await stop();
      throw this.#options.signal?.aborted === true ? new StackError('The start was interrupted; everything that ran was stopped.') : error;
    } finally {
      this.#options.signal?.removeEventListener('abort', interrupt);
    }
    const info = (): StackInfo => this.#currentInfo();
    return { get info() { return info(); }, report: this.#report, stop, logError: (error) => { this.#logError(error); } };
  }

  #logError(error: unknown): void {
    this.#log.event(messageOf(error), { stack: error instanceof Error ? error.stack : undefined });
  }

  #currentInfo(): StackInfo {
    if (this.#info === undefined) throw new Error('The stack is not up yet.');
    const pid = (part: PartName): number | null => this.#supervisor.pid(part);
    return { ...this.#info, pids: { supervisor: process.pid, postgres: pid('postgres'), temporal: pid('temporal'), ui: pid('ui'), workers: pid('workers'), api: pid('api'), sandbox: pid('sandbox') } };
  }

  #rewriteInfo(): void {
    if (this.#info !== undefined) writeJson(this.#home.stackFile, this.#currentInfo());
  }

  async #startParts(ports: Ports): Promise<void> {
    const ownDatabase = this.#settings.databaseUrl === undefined;
    // The database needs nothing of Temporal, so it comes up while Temporal is looked for or built.
    const early = ownDatabase ? this.#startPostgres(ports) : undefined;
    early?.catch(() => undefined);
    const source = await ensureTemporal({ address: this.#settings.temporalAddress, home: this.#home, report: this.#report, signal: this.#options.signal });
    if (source.kind !== 'existing') rememberBackend(this.#home, source.kind);
    await (early ?? (source.kind === 'server' ? this.#startPostgres(ports) : undefined));

    const url = this.#settings.databaseUrl ?? databaseUrl('holdfast', this.#secrets.holdfastPassword, ports.postgres, 'holdfast');
    const address = source.kind === 'existing' ? source.address : `${loopback}:${ports.temporal}`;
    const ui = source.kind === 'existing' ? (this.#settings.temporalUiUrl ?? null) : `http://${loopback}:${ports.ui}`;
    await Promise.all([this.#migrate(url), this.#startTemporal(source, ports, address)]);

    const publicUrl = this.#settings.publicUrl ?? `http://${this.#settings.host === '0.0.0.0' ? loopback : this.#settings.host}:${ports.api}`;
    const sandbox = { settings: this.#settings, home: this.#home, secrets: this.#secrets, port: ports.sandbox, tenantIds: [...new Set(this.#keys.map(({ tenantId }) => tenantId))], publicUrl };
    const sandboxed = this.#wants('sandbox') ? sandboxedGateways(this.#settings) : [];
    const environment = childEnvironment({
      signingKey: this.#secrets.signingKey, publicUrl, sandbox: sandboxed.length > 0 ? sandboxSettings(sandbox) : {},
      settings: this.#settings, home: this.#home, apiKeys: this.#keys, apiPort: ports.api, databaseUrl: url,
      temporalAddress: address, temporalUiUrl: ui, ownTemporal: source.kind !== 'existing', additions: this.#options.environment ?? {},
    });
    const [api] = await Promise.all([
      this.#wants('api') ? this.#child('api', 'HTTP API', ['api/main.ts'], environment) : undefined,
      sandboxed.length > 0 ? this.#child('sandbox', 'Sandbox of the payment gateways', ['sandbox/main.ts', '--config', writeSandboxConfig(sandbox)], environment) : undefined,
      this.#wants('workers') ? this.#child('workers', 'Workers', [...workerArguments, 'workers/main.ts'], { ...environment, ...workerEnvironment }) : undefined,
    ]);
    this.#info = {
      apiUrl: api?.url ?? `http://${this.#settings.host === '0.0.0.0' ? loopback : this.#settings.host}:${ports.api}`,
      apiKey: this.#keys[0]?.key ?? '',
      apiKeys: Object.fromEntries(this.#keys.toReversed().map(({ tenantId, key }) => [tenantId, key])),
      temporalAddress: address,
      temporalNamespace: this.#settings.temporalNamespace,
      temporalUiUrl: ui,
      databaseUrl: url,
      sandboxUrl: sandboxed.length > 0 ? sandboxUrl(ports.sandbox) : null,
      sandboxedGateways: sandboxed,
      inboxUrl: null,
      home: this.#home.root,
      logs: this.#home.logs,
      pids: { supervisor: process.pid, postgres: null, temporal: null, ui: null, workers: null, api: null, sandbox: null },
    };
    this.#rewriteInfo();
  }

  async #launch(title: string, spec: ProcessSpec): Promise<{ url?: string | undefined }> {
    return await this.#report.step(title, async () => await this.#supervisor.start(spec));
  }

  async #startPostgres(ports: Ports): Promise<void> {
    const binaries = await findBinaries();
    const problem = dataFolderProblem(this.#home, binaries);
    if (problem !== undefined) throw problem;
    await this.#report.step(`PostgreSQL ${binaries.version} on port ${ports.postgres}`, async () => {
      await initialise(this.#home, binaries, this.#secrets);
      await this.#supervisor.start(postgresSpec(this.#home, binaries, this.#secrets, ports.postgres, this.#logOf('postgres')));
      await ensureDatabases(this.#secrets, ports.postgres);
    });
  }

  async #migrate(url: string): Promise<void> {
    const databases = openDatabases({ writeUrl: url, applicationName: 'holdfast migrate' });
    try {
      await this.#report.step('Migrations', async () => { await migrate(databases.write); });
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
      throw new StackError(`The database could not be migrated: ${messageOf(error)}${cause}`, this.#settings.databaseUrl === undefined ? 'See postgres.log in the home folder.' : 'Check that HOLDFAST_DATABASE_URL answers and that its role may create tables and the extension btree_gist.', { cause: error });
    } finally {
      await databases.close().catch(() => undefined);
    }
  }

  async #startTemporal(source: TemporalSource, ports: Ports, address: string): Promise<void> {
    const namespace = this.#settings.temporalNamespace;
    const { signal } = this.#options;
    let ui: Promise<unknown> | undefined;
    if (source.kind === 'cli' && this.#wants('temporal')) {
      await this.#launch(`Temporal (${source.from})`, cliSpec(source.executable, this.#home, namespace, ports, this.#logOf('temporal')));
    }
    if (source.kind === 'server' && this.#wants('temporal')) {
      const { binaries } = source;
      // The Web UI connects when it is asked for something, so it need not wait for the server.
      ui = this.#wants('ui') ? this.#launch(`Temporal Web UI on port ${ports.ui}`, uiSpec(binaries, address, namespace, ports.ui, this.#logOf('ui'))) : undefined;
      ui?.catch(() => undefined);
      await this.#report.step(`Temporal (${source.from})`, async () => {
        await ensureSchema(binaries, this.#secrets, ports.postgres, signal);
        await this.#supervisor.start(serverSpec(binaries, this.#secrets, ports, this.#logOf('temporal')));
      });
    }
    const own = source.kind !== 'existing';
    if (!own || this.#wants('temporal')) {
      const connection = own ? { address } : temporalConnection(this.#settings).connectionOptions;
      await this.#report.step(`Namespace ${namespace} and search attributes`, async () => { await ensureNamespace({ connection, namespace, own }); });
    }
    await ui;
  }

  async #child(part: PartName, title: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ url?: string | undefined }> {
    return await this.#launch(title, { name: part, launch: () => ({ command: process.execPath, args, env, cwd: project }), ready: 'message', readyTimeoutMs: 90_000, stopSignal: 'SIGTERM', log: this.#logOf(part) });
  }
}
