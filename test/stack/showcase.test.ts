/** By itself in a file: it kills the workers of the stack that the other tests share, and waits until they are back. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newBookingId } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, controlCharacters, done } from '../support/cli.ts';
import { createResource, openTestDatabase, someCar } from '../support/database.ts';
import { eventually } from '../support/http.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));

const workers = async (): Promise<number | null> => (JSON.parse(await readFile(process.env['HOLDFAST_TEST_STACK'] ?? '', 'utf8')) as { pids: { workers: number | null } }).pids.workers;

// Whoever comes next finds a worker that answers.
afterAll(async () => {
  await eventually('a hold by the restarted workers', async () => {
    const resourceId = await createResource(databases, 'shop-a', someCar);
    return (await cli(['book', resourceId, '--customer', 'ada', '--json'])).stdout.includes('"held"');
  }, 120_000);
  await databases.close();
}, 180_000);

test('the showcase passes on a running stack, kills its workers once, and gives everything back', async () => {
  const before = await workers();
  const newest = newBookingId();
  const { code, stdout, stderr } = await cli(['showcase']);
  expect({ code, stderr, wrong: stdout.match(/✖.*/g) }).toEqual({ code: 0, stderr: '', wrong: null });
  expect(stdout).toMatch(/✔ \d+ flows ended as they should, 0 did not/);
  expect(stdout).toMatch(/SIGKILL to the worker.*saw killed/);
  expect(stdout).toMatch(/1 held, 19 × 409/);
  expect(stdout.replaceAll('\n', '')).not.toMatch(controlCharacters);
  expect(await workers()).not.toBe(before);
  expect(await bookings(newest)).toBeGreaterThan(5);
  await eventually('everything to be given back', async () => (await bookings(newest, ['held', 'confirmed'])) === 0);
}, 240_000);

test('a showcase of a stack that is not there says how to start it', async () => {
  const said = await cli(['showcase'], { environment: { HOLDFAST_HOME: '/nonexistent/holdfast' } });
  expect(said).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('npm start') });
  expect(await done('showcase', '--help')).toContain('--leave-hold');
});

/** Ids sort by time, so these are the bookings that were made since. */
async function bookings(after: string, statuses: ('held' | 'confirmed' | 'released')[] = ['held', 'confirmed', 'released']): Promise<number> {
  const { n } = await databases.write.selectFrom('bookings').select(({ fn }) => fn.countAll<number>().as('n')).where('id', '>', after).where('status', 'in', statuses).executeTakeFirstOrThrow();
  return n;
}
