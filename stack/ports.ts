/** Ports: free ones are chosen once, kept for the home, and not given to two stacks that start at the same moment. */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { StackError, errorCode } from './errors.ts';
import { readJson, writeJson } from './files.ts';
import type { Home } from './home.ts';
import { isLock, tryLock, type Lock } from './lock.ts';

export const loopback = '127.0.0.1';

export const portNames = [
  'api', 'ui', 'sandbox', 'postgres', 'temporal', 'temporalHttp', 'temporalMetrics', 'frontendMembership', 'matching', 'matchingMembership',
  'history', 'historyMembership', 'worker', 'workerMembership',
] as const;
export type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

/** Preferred because people type them; all others only machines read. */
const preferred: Partial<Record<PortName, number>> = { api: 4780, ui: 8233, sandbox: 4790 };

// Below the range from which systems take ports for outgoing connections, so a port is still free at the next start.
const lowestPort = 20_000;
const highestPort = 29_999;

const portsFile = z.partialRecord(z.enum(portNames), z.int().min(1).max(65_535));

/** @returns undefined when it can be bound, else the system's code, e.g. EADDRINUSE. */
export async function whyNotFree(port: number, host: string = loopback): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => { resolve(errorCode(error) ?? 'EUNKNOWN'); });
    server.listen({ port, host, exclusive: true }, () => { server.close(() => { resolve(undefined); }); });
  });
}

/** Names who listens there, when the system tells. */
export function listenerOn(port: number): string | undefined {
  const run = (command: string, args: string[]): string => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 3_000 });
    } catch {
      return '';
    }
  };
  const socket = /\("([^"]+)",pid=(\d+)/.exec(run('ss', ['-ltnpH', `sport = :${port}`]));
  if (socket !== null) return `${socket[1] ?? ''} (pid ${socket[2] ?? ''})`;
  const file = /^p(\d+)\nc(.+)$/m.exec(run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']));
  return file === null ? undefined : `${file[2] ?? ''} (pid ${file[1] ?? ''})`;
}

export interface PortRequest {
  readonly home: Home;
  /** Where stacks of all homes reserve the ports that they are about to bind. */
  readonly reservations: string;
  readonly host: string;
  /** Set by the user: this port or none. */
  readonly fixedApiPort: number | undefined;
  readonly onChange: (message: string) => void;
}

/** The ports of this home. @throws {StackError} when the port that the user asked for is taken. */
export async function choosePorts(request: PortRequest): Promise<{ ports: Ports; release: () => void }> {
  const known = readJson(request.home.portsFile, portsFile) ?? {};
  const locks: Lock[] = [];
  const taken = new Set<number>();
  const claim = async (port: number, host: string): Promise<boolean> => {
    if (taken.has(port) || port > 65_535) return false;
    const lock = tryLock(join(request.reservations, String(port)));
    if (!isLock(lock)) return false;
    if ((await whyNotFree(port, host)) !== undefined) {
      lock.release();
      return false;
    }
    locks.push(lock);
    taken.add(port);
    return true;
  };
  const release = (): void => { for (const lock of locks) lock.release(); };

  try {
    const chosen: Partial<Record<PortName, number>> = {};
    for (const name of portNames) {
      const host = name === 'api' ? request.host : loopback;
      if (name === 'api' && request.fixedApiPort !== undefined) {
        if (!(await claim(request.fixedApiPort, host))) throw await portTaken(request.fixedApiPort, host);
        chosen.api = request.fixedApiPort;
        continue;
      }
      const before = known[name];
      if (before !== undefined && (await claim(before, host))) {
        chosen[name] = before;
        continue;
      }
      chosen[name] = await firstFree(name, host, claim);
      if (before !== undefined) request.onChange(`port ${before} (${name}) is in use by ${listenerOn(before) ?? 'another program'}; using ${chosen[name]} from now on`);
    }
    const ports = z.record(z.enum(portNames), z.number()).parse(chosen);
    // A port given for this start only is not remembered.
    writeJson(request.home.portsFile, request.fixedApiPort === undefined ? ports : { ...ports, api: known.api });
    return { ports, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function firstFree(name: PortName, host: string, claim: (port: number, host: string) => Promise<boolean>): Promise<number> {
  const start = preferred[name];
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const candidate = start === undefined ? lowestPort + Math.floor(Math.random() * (highestPort - lowestPort + 1)) : start + attempt;
    if (await claim(candidate, host)) return candidate;
  }
  throw new StackError(`No free port was found for ${name} on ${host}.`, host === loopback ? 'Stop programs that hold many ports.' : 'Set HOLDFAST_HOST to an address of this machine, e.g. 127.0.0.1.');
}

async function portTaken(port: number, host: string): Promise<StackError> {
  const code = await whyNotFree(port, host);
  if (code === 'EACCES') return new StackError(`Port ${port} (HOLDFAST_PORT) needs more rights than this user has.`, 'Set HOLDFAST_PORT to a port above 1023.');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return new StackError(`${host} (HOLDFAST_HOST) is not an address of this machine.`, 'Set HOLDFAST_HOST to 127.0.0.1, or to 0.0.0.0 for every address.');
  const holder = code === undefined ? 'another stack that is starting' : (listenerOn(port) ?? 'another program');
  return new StackError(`Port ${port} (HOLDFAST_PORT) is in use by ${holder}.`, 'Stop that program, set HOLDFAST_PORT to another port, or leave HOLDFAST_PORT unset to get a free one.');
}
