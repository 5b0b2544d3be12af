import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BookingProgress, BookingView } from '../../client/index.ts';
import type { Databases } from '../../services/database/connection.ts';
import { cli, done, expectRefusal, paste, start, type Ended } from '../support/cli.ts';
import { createResource, openTestDatabase, someCar, someConcert, someRoom } from '../support/database.ts';
import { customerWithDeadlocks, holdsTried, installDeadlocks, stopDeadlocks } from '../support/deadlocks.ts';
import { eventually } from '../support/http.ts';

const nights = ['--from', '2031-05-01', '--to', '2031-05-04'];

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

const room = async (): Promise<string> => await createResource(databases, 'shop-a', someRoom);

async function hold(resourceId: string, ...more: string[]): Promise<BookingView> {
  const booking = JSON.parse(await done('book', resourceId, '--customer', 'ada', '--json', ...more)) as BookingView;
  expect(booking.status).toBe('held');
  return booking;
}

const found = async (id: string): Promise<{ status: string; reason: string | null } | undefined> =>
  await databases.write.selectFrom('bookings').select(['status', 'reason']).where('tenant_id', '=', 'shop-a').where('id', '=', id).executeTakeFirst();

describe('book', () => {
  test('says what is held, until when and what it costs, and its next command works when it is pasted', async () => {
    const said = await done('book', await room(), '--customer', 'ada', ...nights);
    expect(said).toMatch(/^bkg_\w{26} {2}held until \d\d:\d\d UTC\n {2}Room with a view, 2031-05-01 to 2031-05-04, EUR 270\.00, customer ada\n {2}Next: /);
    const next = /Next: (.+)\n/.exec(said)?.[1] ?? '';
    expect(await paste(next).ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bkg_\w{26} {2}confirmed\n/) });
  });

  test('takes as many seats as asked for', async () => {
    const concert = await createResource(databases, 'shop-a', someConcert);
    expect(await hold(concert, '--quantity', '4')).toMatchObject({ quantity: 4, amount: 14_000 });
    expectRefusal(await cli(['book', concert, '--customer', 'bob', '--quantity', '2']), /Concert is taken\. \(resource_unavailable\)$/, /resources/);
  });

  test('with --watch stays until the flow ends, and prints one JSON object a line with --json', async () => {
    const watching = start(['book', await room(), '--customer', 'ada', ...nights, '--watch', '--json']);
    await watching.until('"held"');
    const { id } = (JSON.parse(watching.stdout().split('\n')[0] ?? '') as BookingProgress).booking;
    await done('cancel', id);
    const { code, stdout } = await watching.ended;
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as BookingProgress);
    expect(code).toBe(0);
    expect(lines.map(({ percent }) => percent)).toEqual(lines.map(({ percent }) => percent).toSorted((a, b) => a - b));
    expect(lines.at(-1)).toMatchObject({ percent: 100, booking: { id, status: 'released', reason: 'cancelled' } });
  });
});

describe('watch', () => {
  test('shows each step and ends when the booking is confirmed', async () => {
    const { id } = await hold(await room(), ...nights);
    const watching = start(['watch', id]);
    await watching.until('held until');
    await done('confirm', id);
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(new RegExp(`^${id}   50 %  held until `));
    expect(lines.at(-1)).toMatch(new RegExp(`^${id}  100 %  confirmed`));
  });

  test('is left with Ctrl-C: the flow goes on, and the command that comes back to it works', async () => {
    const { id } = await hold(await room(), ...nights);
    const watching = start(['watch', id]);
    await watching.until('held until');
    watching.child.kill('SIGINT');
    const { code, stdout, stderr } = await watching.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Detached; the flow goes on.');
    expect(await found(id)).toMatchObject({ status: 'held' });
    const again = paste(stdout.trimEnd().split('\n').at(-1) ?? '');
    await again.until('held until');
    await done('cancel', id);
    expect(await again.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('released') });
  });

  test('of an ended booking says how it ended and returns at once', async () => {
    const { id } = await hold(await room(), ...nights);
    await done('cancel', id);
    expect(await done('watch', id)).toMatch(new RegExp(`^${id}  100 %  released: it was cancelled`));
  });
});

describe('a booking on the command line', () => {
  test('is confirmed with what the desk wrote down', async () => {
    const { id } = await hold(await room(), ...nights);
    expect(await done('confirm', id, '--reference', 'desk 17')).toContain(`${id}  confirmed (reference desk 17)`);
    expect(await found(id)).toMatchObject({ status: 'confirmed' });
  });

  test('is extended by 15 minutes, once', async () => {
    const held = await hold(await createResource(databases, 'shop-a', someCar));
    const extended = JSON.parse(await done('extend', held.id, '--json')) as BookingView;
    expect(Date.parse(extended.expiresAt ?? '') - Date.parse(held.expiresAt ?? '')).toBe(15 * 60_000);
    expectRefusal(await cli(['extend', held.id]), /\(already_extended\)$/, /Confirm it/);
  });

  test('moves to other dates, and the old ones are free again', async () => {
    const resourceId = await room();
    const { id } = await hold(resourceId, ...nights);
    expect(await done('reschedule', id, '--from', '2031-08-01', '--to', '2031-08-02')).toContain('2031-08-01 to 2031-08-02, EUR 90.00');
    await hold(resourceId, ...nights);
  });

  test('is cancelled by its workflow id too, and the room is free again', async () => {
    const resourceId = await room();
    const { id } = await hold(resourceId, ...nights);
    expect(await done('cancel', `booking:${id}`)).toContain(`${id}  released (cancelled)`);
    await hold(resourceId, ...nights);
  });
});

describe('resume', () => {
  beforeAll(async () => await installDeadlocks(databases.write));

  // A resume that meets no wait (the attempt is being made right now) is simply asked again, as the message says.
  async function resumedUntil(id: string, status: string): Promise<Ended> {
    return await eventually(`${id} to be ${status}`, async () => {
      const ended = await cli(['resume', id, '--json']);
      return ended.code === 0 && (JSON.parse(ended.stdout) as BookingView).status === status && ended;
    });
  }

  async function pending(customer: string): Promise<string> {
    const said = await done('book', await room(), '--customer', customer, ...nights);
    expect(said).toMatch(/^bkg_\w{26} {2}pending\n {2}Next: \S.* watch bkg_/);
    return said.slice(0, 30);
  }

  test('of a pending booking tries at once what would come after 40 seconds of waiting', async () => {
    const customer = await customerWithDeadlocks(databases.write, 6);
    const id = await pending(customer);
    await resumedUntil(id, 'held');
    expect(await holdsTried(databases.write, customer)).toBeGreaterThanOrEqual(7);
  });

  test('of a failed booking starts over, under the same id', async () => {
    const customer = await customerWithDeadlocks(databases.write, 1_000);
    const id = await pending(customer);
    await resumedUntil(id, 'failed');
    expect(await done('bookings', '--customer', customer, '--status', 'failed')).toContain(`${id}  failed (database_conflict)`);
    await stopDeadlocks(databases.write, customer);
    await resumedUntil(id, 'held');
    expect(await found(id)).toEqual({ status: 'held', reason: null });
  });
});
