/** Where the processor time goes: by part of the stack, from /proc (Linux; elsewhere nothing is said). */
import { readdir, readFile } from 'node:fs/promises';

// USER_HZ: the unit of utime and stime in /proc/<pid>/stat; 100 on every Linux that Node runs on.
const tickMs = 10;

interface Usage {
  readonly parent: number;
  readonly ms: number;
}

async function usageOf(pid: number): Promise<Usage | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name may hold spaces; what is counted from its closing bracket does not move.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : { parent: Number(fields[1]), ms: (Number(fields[11]) + Number(fields[12])) * tickMs };
}

/** @returns processor time so far, in ms, of each part; PostgreSQL's with its backends. */
export async function cpuOf(parts: Readonly<Record<string, number | null | undefined>>): Promise<Record<string, number>> {
  const names = await readdir('/proc').catch(() => []);
  const all = new Map<number, Usage>();
  for (const name of names) {
    const usage = /^\d+$/.test(name) ? await usageOf(Number(name)) : undefined;
    if (usage !== undefined) all.set(Number(name), usage);
  }
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, pid]) => {
      const own = pid == null ? undefined : all.get(pid);
      if (own === undefined) return [];
      const children = [...all.values()].filter(({ parent }) => parent === pid).reduce((sum, { ms }) => sum + ms, 0);
      return [[part, own.ms + (part === 'postgres' ? children : 0)]];
    }),
  );
}

/** `temporal 12.3 ms · postgres 8.0 ms` for each request. */
export function perRequest(before: Record<string, number>, after: Record<string, number>, requests: number): string {
  return Object.entries(after)
    .map(([part, ms]) => `${part} ${((ms - (before[part] ?? 0)) / requests).toFixed(1)} ms`)
    .join(' · ');
}
