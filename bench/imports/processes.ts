/** What processes have used, from /proc (Linux; elsewhere nothing is said). */
import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ: the unit of times in /proc/<pid>/stat; 100 on every Linux that Node runs on.
const tickMs = 10;

function statOf(pid: number | string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces; what is counted from its closing bracket does not move.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

const msOf = (stat: readonly string[], fields: readonly number[]): number => fields.reduce((sum, field) => sum + Number(stat[field] ?? 0), 0) * tickMs;

/** Of the process and its children, those that have ended included. */
export function cpuMsOf(pid: number | null): number {
  if (pid === null) return 0;
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(statOf).filter((stat) => stat[1] === String(pid));
  return msOf(statOf(pid), [11, 12, 13, 14]) + children.reduce((sum, stat) => sum + msOf(stat, [11, 12]), 0);
}

/** The most memory that it has had since it began. */
export function peakMiBOf(pid: number): number {
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
