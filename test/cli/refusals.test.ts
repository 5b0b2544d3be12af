import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newBookingId, type BookingView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, done, expectRefusal, stackTrace, testHome } from '../support/cli.ts';
import { createResource, openTestDatabase, someCar, someRoom } from '../support/database.ts';
import { freePort } from '../support/ports.ts';

const nights = ['--from', '2031-05-01', '--to', '2031-05-04'];

let databases: Databases;
let room: string;
let folder: string;
beforeAll(async () => {
  databases = await openTestDatabase();
  room = await createResource(databases, 'shop-a', someRoom);
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-cli-'));
});
afterAll(async () => {
  await databases.close();
  await rm(folder, { recursive: true, force: true });
});

async function booking(state: 'held' | 'cancelled', of: typeof someRoom = someCar): Promise<string> {
  const resourceId = await createResource(databases, 'shop-a', of);
  const { id } = JSON.parse(await done('book', resourceId, '--customer', 'ada', '--json', ...(of.kind === 'room' ? nights : []))) as BookingView;
  if (state === 'cancelled') await done('cancel', id);
  return id;
}

describe('what is refused is told in two lines, what happened and what to do', () => {
  const refusals: [string, () => Promise<readonly string[]> | readonly string[], RegExp, RegExp][] = [
    ['a resource that does not exist', () => ['book', 'no-such-room', '--customer', 'ada', ...nights], /no-such-room.* \(resource_not_found\)$/, /resources/],
    ["another tenant's room", () => ['book', room, '--customer', 'ada', ...nights, '--tenant', 'shop-b'], /\(resource_not_found\)$/, /--tenant/],
    ['an end before the start', () => ['book', room, '--customer', 'ada', '--from', '2031-05-04', '--to', '2031-05-01'], /`to` must be after `from`\. \(invalid_dates\)$/, /--from and --to/],
    ['a room without dates', () => ['book', room, '--customer', 'ada'], /\(invalid_dates\)$/, /--from and --to/],
    ['more beds than there are', () => ['book', room, '--customer', 'ada', ...nights, '--quantity', '2'], /Asked for 2.* \(quantity_over_capacity\)$/, /Ask for less/],
    ['a booking that does not exist, to confirm', () => ['confirm', newBookingId()], /\(booking_not_found\)$/, /bookings/],
    ['a booking that does not exist, to extend', () => ['extend', newBookingId()], /\(booking_not_found\)$/, /bookings/],
    ['a booking that does not exist, to cancel', () => ['cancel', newBookingId()], /\(booking_not_found\)$/, /bookings/],
    ['a booking that does not exist, to resume', () => ['resume', newBookingId()], /\(booking_not_found\)$/, /bookings/],
    ["another tenant's booking, to cancel", async () => ['cancel', await booking('held'), '--tenant', 'shop-b'], /_not_found\)$/, /--tenant/],
    ['confirming what was cancelled', async () => ['confirm', await booking('cancelled')], /released \(cancelled\).* \(booking_not_held\)$/, /bookings/],
    ['other dates for a car', async () => ['reschedule', await booking('held'), ...nights], /\(not_reschedulable\)$/, /Cancel it/],
    ['other dates for what was cancelled', async () => ['reschedule', await booking('cancelled', someRoom), ...nights], /\(booking_closed\)$/, /Book again/],
    ['a cursor of nobody', () => ['bookings', '--cursor', '%%%'], /\(invalid_cursor\)$/, /leave out --cursor/],
    ['a cursor of nobody, for flows', () => ['flows', '--cursor', '%%%'], /\(invalid_cursor\)$/, /leave out --cursor/],
    ['a tenant that does not exist', () => ['bookings', '--tenant', 'nobody'], /no tenant nobody/, /shop-a/],
  ];
  test.each(refusals)('%s', async (_, command, what, remedy) => {
    expectRefusal(await cli(await command()), what, remedy);
  });

  test('a booking that does not exist, to watch', async () => {
    expectRefusal(await cli(['watch', newBookingId()]), /\(flow_not_found\)$/, /bookings/);
  });

  test('and as JSON with --json, nothing on standard output', async () => {
    const { code, stdout, stderr } = await cli(['confirm', newBookingId(), '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'booking_not_found', message: expect.any(String), remedy: expect.stringContaining('bookings') } });
  });
});

describe('a command that is not written right ends with 2 and names what is wrong', () => {
  const id = 'bkg_01jq0000000000000000000000';
  const wrong: [string, readonly string[], RegExp][] = [
    ['an unknown command', ['bok'], /unknown command 'bok'/],
    ['an unknown option', ['bookings', '--nonsense'], /unknown option '--nonsense'/],
    ['no customer', ['book', 'room-1'], /--customer/],
    ['no resource', ['book', '--customer', 'ada'], /resource/],
    ['a date that is none', ['book', 'room-1', '--customer', 'ada', '--from', '2031-02-30'], /--from.*2031-02-30.*ISO 8601/s],
    ['a quantity of zero', ['book', 'room-1', '--customer', 'ada', '--quantity', '0'], /--quantity.*from 1 to 1000/s],
    ['half a quantity', ['book', 'room-1', '--customer', 'ada', '--quantity', '1.5'], /--quantity.*from 1 to 1000/s],
    ['a customer id of 65 characters', ['book', 'room-1', '--customer', 'x'.repeat(65)], /--customer/],
    ['an id that cannot be one', ['watch', 'room-1'], /an id looks like bkg_01jq….*ord_/],
    ['an id that cannot be one, of a booking', ['confirm', 'pay_01jq0000000000000000000000'], /a booking id looks like bkg_/],
    ['an id under the name of another flow', ['watch', 'order:pay_01jq0000000000000000000000'], /an id looks like bkg_/],
    ['one date of two', ['reschedule', id, '--from', '2031-05-01'], /--to/],
    ['one date of two for a search', ['resources', '--from', '2031-05-01'], /--from and --to go together/],
    ['a status that does not exist', ['bookings', '--status', 'paid'], /held/],
    ['a limit over 200', ['bookings', '--limit', '201'], /from 1 to 200/],
    ['a tenant that cannot be one', ['bookings', '--tenant', 'Shop A'], /lower-case/],
    ['a queue that does not exist', ['worker', '--queues', 'bookings,payroll'], /choose from: .*bookings/],
    ['no queue at all', ['worker', '--queues', ''], /choose from: .*bookings/],
  ];
  test.each(wrong)('%s', async (_, command, what) => {
    const { code, stdout, stderr } = await cli(command);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^✖ /);
    expect(stderr).toMatch(what);
    expect(stderr).not.toMatch(stackTrace);
  });
});

describe('without a stack', () => {
  const commands: [string, readonly string[]][] = [
    ['book', ['book', 'room-1', '--customer', 'ada']],
    ['watch', ['watch', newBookingId()]],
    ['cancel', ['cancel', newBookingId()]],
    ['bookings', ['bookings']],
    ['flows', ['flows']],
    ['worker', ['worker', '--queues', 'notifications']],
    ['showcase', ['showcase']],
  ];
  test.each(commands)('%s says how to start it', async (_, command) => {
    expectRefusal(await cli(command, { environment: { HOLDFAST_HOME: folder } }), `home: ${folder}`, /`npm start`/);
  });

  // What kill -9 leaves behind: a stack.json whose addresses nobody answers any more.
  test.each(commands.slice(0, 5))('%s says so too when a killed one has left its addresses behind', async (_, command) => {
    const home = await mkdtemp(path.join(folder, 'killed-'));
    const port = await freePort();
    await writeFile(path.join(home, 'stack.json'), JSON.stringify({ apiUrl: `http://127.0.0.1:${port}`, apiKey: 'test-key-shop-a', apiKeys: { 'shop-a': 'test-key-shop-a' }, temporalAddress: `127.0.0.1:${port}` }));
    expectRefusal(await cli(command, { environment: { HOLDFAST_HOME: home } }), /not answer at .*127\.0\.0\.1/, /`npm start`/);
  });

  test('a setting that is wrong is named, its value is not shown', async () => {
    const ended = await cli(['bookings'], { environment: { HOLDFAST_API_KEYS: 'no-colon-but-secret', HOLDFAST_PORT: 'ninety' } });
    expectRefusal(ended, /HOLDFAST_PORT.*HOLDFAST_API_KEYS/, /Correct them/);
    expect(ended.stderr).not.toContain('no-colon-but-secret');
  });

  test('the help needs none, and each of its examples begins with the command', async () => {
    for (const args of [['--help'], ['book', '--help'], ['help', 'worker']]) {
      const { code, stdout } = await cli(args, { environment: { HOLDFAST_HOME: folder } });
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n.*cli\/holdfast /s);
    }
  });
});

describe('doctor', () => {
  interface Check {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
    readonly remedy?: string;
  }
  const examined = async (environment: Record<string, string> = {}): Promise<{ code: number | null; ok: boolean; checks: Check[] }> => {
    const { code, stdout } = await cli(['doctor', '--json'], { environment });
    return { code, ...(JSON.parse(stdout) as { ok: boolean; checks: Check[] }) };
  };

  test('lists what it looked at, part by part, and ends with 0 when all is well', async () => {
    const { code, ok, checks } = await examined();
    expect({ code, ok, wrong: checks.filter((check) => !check.ok) }).toEqual({ code: 0, ok: true, wrong: [] });
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['Settings', 'Node', 'Home folder', 'Disk', 'PostgreSQL', 'Temporal', 'API port', 'Stack: database', 'Stack: Temporal', 'Stack: workers', 'Stack: API']));
    const said = await done('doctor');
    expect(said).toContain(testHome());
    expect(said).toMatch(/✔ Node +\d+\./);
    expect(said).toMatch(/\nNothing is wrong\.\n$/);
  });

  test('names every setting that is wrong and ends with 1, and shows no value', async () => {
    const { code, stdout } = await cli(['doctor'], { environment: { HOLDFAST_PORT: 'ninety', HOLDFAST_API_KEYS: 'no-colon-but-secret' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✖ Settings +HOLDFAST_PORT: .*\n +→ \S/);
    expect(stdout).toMatch(/✖ Settings +HOLDFAST_API_KEYS: .*\n +→ \S/);
    expect(stdout).toMatch(/2 things are wrong\./);
    expect(stdout).not.toContain('no-colon-but-secret');
  });

  test('finds a home that is a file, with its remedy', async () => {
    const file = path.join(folder, 'a-file');
    await writeFile(file, '');
    const { code, checks } = await examined({ HOLDFAST_HOME: file });
    expect(code).toBe(1);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'Home folder', ok: false, remedy: expect.stringContaining('HOLDFAST_HOME') }));
  });

  test('finds a data folder that another PostgreSQL has made', async () => {
    const home = await mkdtemp(path.join(folder, 'old-'));
    await mkdir(path.join(home, 'postgres/data'), { recursive: true });
    await writeFile(path.join(home, 'postgres/data/PG_VERSION'), '9.6\n');
    const { code, checks } = await examined({ HOLDFAST_HOME: home });
    expect(code).toBe(1);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'PostgreSQL', ok: false, detail: expect.stringContaining('9.6'), remedy: expect.stringContaining('HOLDFAST_HOME') }));
  });

  test('finds a database that does not answer, and does not show its password', async () => {
    const { code, stdout } = await cli(['doctor'], { environment: { HOLDFAST_HOME: folder, HOLDFAST_DATABASE_URL: `postgres://shop:s3cret-pass@127.0.0.1:${await freePort()}/shop` } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✖ PostgreSQL +HOLDFAST_DATABASE_URL does not answer\n +→ \S/);
    expect(stdout).not.toContain('s3cret-pass');
  });

  test('finds a port that is taken', async () => {
    const { apiUrl } = JSON.parse(await readFile(path.join(testHome(), 'stack.json'), 'utf8')) as { apiUrl: string };
    const { code, checks } = await examined({ HOLDFAST_HOME: folder, HOLDFAST_PORT: new URL(apiUrl).port });
    expect(code).toBe(1);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'API port', ok: false }));
  });
});
