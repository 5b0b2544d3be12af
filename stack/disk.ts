/** Room on the disk, looked at before anything is written: a full disk in the middle of a start is hard to understand. */
import { statfsSync } from 'node:fs';
import { StackError } from './errors.ts';
import type { Home } from './home.ts';

const megabyte = 1024 * 1024;
/** A new home takes about 150 MB; the database's own log may grow to 2 GB under load. */
export const homeNeedsBytes = 300 * megabyte;

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export function inMegabytes(bytes: number): string {
  return `${Math.floor(bytes / megabyte).toLocaleString('en')} MB`;
}

/** @throws {StackError} when the home has too little room to start in. */
export function checkDisk(home: Home): void {
  const free = freeBytes(home.root);
  if (free < homeNeedsBytes) throw new StackError(`The disk is full: ${home.root} has ${inMegabytes(free)} left, ${inMegabytes(homeNeedsBytes)} are needed to start.`, 'Free some space, or set HOLDFAST_HOME to a folder on another disk.');
}
