/** One supervised process: started, watched until it is ready, restarted with backoff when it dies, stopped in time. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StackError, messageOf } from './errors.ts';
import { identify, isAlive, processIdentity, signalProcess, waitUntilGone, type ProcessIdentity } from './identity.ts';
import { writeJson } from './files.ts';
import type { LogFile } from './log-file.ts';

export const partNames = ['postgres', 'temporal', 'ui', 'sandbox', 'workers', 'api'] as const;
export type PartName = (typeof partNames)[number];

/** What is kept about a running child, so that the next start can find it if this one is killed. */
export const runRecord = processIdentity.extend({ part: z.enum(partNames), stopSignal: z.enum(['SIGTERM', 'SIGINT']) });

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Sent by our own children when they serve: `process.send({ type: 'ready', url })`. */
const readyMessage = z.object({ type: z.literal('ready'), url: z.string().optional() });
export type ReadyMessage = z.infer<typeof readyMessage>;

export interface ProcessSpec {
  readonly name: PartName;
  /** Called before every start, restarts included. */
  readonly launch: () => Launch;
  /** `message`: the child says so itself. Else asked again and again until it answers true. */
  readonly ready: 'message' | (() => Promise<boolean>);
  readonly readyTimeoutMs: number;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly log: LogFile;
}

export interface ProcessEvents {
  /** One line for the person at the terminal. */
  readonly onLine: (line: string) => void;
  readonly onChange: () => void;
}

const firstDelayMs = 100;
const longestDelayMs = 10_000;
const attemptsBeforeGivingUp = 5;
const probeEveryMs = 50;

interface Outcome {
  readonly becameReady: boolean;
  readonly reason: string;
}

export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly #runFolder: string;
  readonly #events: ProcessEvents;
  readonly #first = Promise.withResolvers<ReadyMessage>();
  readonly #abort = new AbortController();
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #ready = false;
  #everReady = false;
  #loop: Promise<void> | undefined;

  constructor(spec: ProcessSpec, runFolder: string, events: ProcessEvents) {
    this.spec = spec;
    this.#runFolder = runFolder;
    this.#events = events;
    // Whoever started the part listens; without this a stop before that would count as unhandled.
    this.#first.promise.catch(() => undefined);
  }

  get pid(): number | null {
    return this.#identity?.pid ?? null;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** @returns when the part is ready for the first time. @throws {StackError} when it dies again and again before that. */
  async start(): Promise<ReadyMessage> {
    this.#loop ??= this.#supervise();
    return await this.#first.promise;
  }

  async #supervise(): Promise<void> {
    let failures = 0;
    while (!this.#abort.signal.aborted) {
      const outcome = await this.#runOnce();
      if (this.#abort.signal.aborted) break;
      failures = outcome.becameReady ? 0 : failures + 1;
      this.spec.log.event(`stopped: ${outcome.reason}`, { failures });
      if (!this.#everReady && failures >= attemptsBeforeGivingUp) {
        this.#first.reject(this.#giveUp(outcome.reason));
        return;
      }
      const delayMs = failures === 0 ? firstDelayMs : Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
      this.#events.onLine(`${this.spec.name} stopped (${outcome.reason}), restarting in ${(delayMs / 1000).toFixed(1)} s`);
      await sleep(delayMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
    this.#first.reject(new StackError(`${this.spec.name} was stopped before it was ready.`));
  }

  #giveUp(reason: string): StackError {
    const tail = this.spec.log.tail(6).map((line) => `    ${line.slice(0, 300)}`).join('\n');
    return new StackError(`${this.spec.name} does not start (${reason}).${tail === '' ? '' : `\n  Its last words:\n${tail}`}`, `The whole log is ${this.spec.log.path}. \`holdfast doctor\` checks this machine.`);
  }

  async #runOnce(): Promise<Outcome> {
    const { spec } = this;
    let child: ChildProcess;
    try {
      const launch = spec.launch();
      const stdio: StdioOptions = spec.ready === 'message' ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'];
      child = spawn(launch.command, launch.args, {
        env: launch.env,
        ...(launch.cwd !== undefined && { cwd: launch.cwd }),
        ...(launch.uid !== undefined && { uid: launch.uid }),
        ...(launch.gid !== undefined && { gid: launch.gid }),
        stdio,
        // Its own process group: Ctrl-C reaches the supervisor only, which then stops the parts in order.
        detached: true,
      });
    } catch (error) {
      return { becameReady: false, reason: messageOf(error) };
    }
    const ended = Promise.withResolvers<string>();
    child.once('error', (error) => { ended.resolve(error.message); });
    child.once('exit', (code, signal) => { ended.resolve(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`); });
    this.#child = child;
    this.#remember(child);
    if (child.stdout !== null) spec.log.follow(child.stdout);
    if (child.stderr !== null) spec.log.follow(child.stderr);

    let becameReady = false;
    let timedOut = false;
    const gone = new AbortController();
    const waiting = this.#waitUntilReady(child, gone.signal).then((message) => {
      if (message === undefined) return;
      becameReady = true;
      this.#ready = true;
      const again = this.#everReady;
      this.#everReady = true;
      this.#first.resolve(message);
      if (again) this.#events.onLine(`${spec.name} is up again (pid ${child.pid ?? 0})`);
      this.#events.onChange();
    });
    const limit = setTimeout(() => {
      if (becameReady) return;
      timedOut = true;
      child.kill('SIGKILL');
    }, spec.readyTimeoutMs);
    const reason = await ended.promise;
    clearTimeout(limit);
    gone.abort();
    await waiting;
    this.#forget();
    return { becameReady, reason: timedOut ? `not ready after ${spec.readyTimeoutMs / 1000} s` : reason };
  }

  async #waitUntilReady(child: ChildProcess, gone: AbortSignal): Promise<ReadyMessage | undefined> {
    const { ready } = this.spec;
    if (ready === 'message') {
      return await new Promise((resolve) => {
        child.on('message', (message) => {
          const parsed = readyMessage.safeParse(message);
          if (parsed.success) resolve(parsed.data);
        });
        gone.addEventListener('abort', () => { resolve(undefined); });
      });
    }
    while (!gone.aborted) {
      const answered = await ready().catch(() => false);
      if (answered && !gone.aborted) return { type: 'ready' };
      await sleep(probeEveryMs, undefined, { signal: gone }).catch(() => undefined);
    }
    return undefined;
  }

  #remember(child: ChildProcess): void {
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    if (this.#identity === undefined) return;
    writeJson(join(this.#runFolder, `${this.spec.name}.json`), { ...this.#identity, part: this.spec.name, stopSignal: this.spec.stopSignal });
  }

  #forget(): void {
    this.#ready = false;
    this.#identity = undefined;
    this.#child = undefined;
    rmSync(join(this.#runFolder, `${this.spec.name}.json`), { force: true });
  }

  /** Asks it to stop and waits; at `deadline` (ms since the epoch) it is killed. @returns whether it had to be. */
  async stop(deadline: number): Promise<boolean> {
    this.#abort.abort();
    const identity = this.#identity;
    let killed = false;
    if (identity !== undefined && isAlive(identity)) {
      signalProcess(identity, this.spec.stopSignal);
      if (!(await waitUntilGone(identity, Math.max(deadline - Date.now(), 0)))) {
        killed = signalProcess(identity, 'SIGKILL');
        this.spec.log.event('killed: it did not stop in time');
        await waitUntilGone(identity, 2_000);
      }
    }
    await this.#loop;
    return killed;
  }

  /** The second Ctrl-C. */
  killNow(): void {
    this.#abort.abort();
    this.#child?.kill('SIGKILL');
  }
}
