/** What the deployment files must have in common with the code. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { taskQueueNames, taskQueues } from '../../contracts/task-queues.ts';

const root = path.resolve(import.meta.dirname, '../..');
const text = async (file: string): Promise<string> => await readFile(path.join(root, file), 'utf8');
const longestStopMs = Math.max(...taskQueueNames.map((name) => msToNumber(taskQueues[name].shutdownForceTime)));
const queuesAfter = (source: string, pattern: RegExp): string[] => [...source.matchAll(pattern)].flatMap(([, names]) => (names ?? '').split(','));

describe('docker-compose.yml', () => {
  test('has a worker for every task queue, and none for a queue that does not exist', async () => {
    expect(queuesAfter(await text('docker-compose.yml'), /--queues, '?([\w,]+)'?\]/g).toSorted()).toEqual(taskQueueNames.toSorted());
  });

  test('checks the health of exactly the queues that a worker was given', async () => {
    const compose = await text('docker-compose.yml');
    expect(queuesAfter(compose, /worker-health\.ts, '?([\w,]+)'?\]/g)).toEqual(queuesAfter(compose, /--queues, '?([\w,]+)'?\]/g));
  });

  test('gives a worker longer to stop than the worker itself takes', async () => {
    const [, seconds] = /x-holdfast: &holdfast[\s\S]*?stop_grace_period: (\d+)s/.exec(await text('docker-compose.yml')) ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(longestStopMs);
  });

  test('publishes every port on this machine only', async () => {
    const ports = [...(await text('docker-compose.yml')).matchAll(/ports: \['([^']+)'\]/g)].map(([, port]) => port ?? '');
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('names every variable that must be set in the example', async () => {
    const needed = [...new Set([...(await text('docker-compose.yml')).matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? ''))];
    const example = await text('deploy/.env.example');
    expect(needed.length).toBeGreaterThan(0);
    expect(needed.filter((name) => !new RegExp(`^${name}=$`, 'm').test(example))).toEqual([]);
  });
});

describe('deploy/', () => {
  test('systemd gives a worker longer to stop than the worker itself takes', async () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)s?$/m.exec(await text('deploy/systemd/holdfast-worker@.service')) ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(longestStopMs);
  });

  test('the namespace script makes the search attributes of the contracts', async () => {
    const [, names] = /^keywords='([\w ]+)'$/m.exec(await text('deploy/temporal-namespace.sh')) ?? [];
    expect(names?.split(' ').toSorted()).toEqual(Object.values(searchAttributes).map(({ name }) => name).toSorted());
    expect(Object.values(searchAttributes).every(({ type }) => type === 'KEYWORD')).toBe(true);
  });

  test('the image gets every folder that production imports', async () => {
    const copied = [...(await text('Dockerfile')).matchAll(/^COPY (\w+) \.\/\1$/gm)].map(([, folder]) => folder);
    const [, list] = /const folders = \[([^\]]+)\]/.exec(await text('deploy/production-packages.mjs')) ?? [];
    expect(copied.map((folder) => `'${folder}'`).join(', ')).toBe(list);
    expect(await readdir(root)).toEqual(expect.arrayContaining(copied));
  });
});
