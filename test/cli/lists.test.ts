import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newBookingId, type BookingView, type FlowView } from '../../client/index.ts';
import type { ResourceView } from '../../contracts/resources.ts';
import type { Databases } from '../../services/database/connection.ts';
import { putResource } from '../../services/database/resources.ts';
import { cli, controlCharacters, done } from '../support/cli.ts';
import { createResource, createTenant, openTestDatabase, someRoom } from '../support/database.ts';
import { eventually } from '../support/http.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openTestDatabase()));
afterAll(async () => await databases.close());

interface List<Item> {
  readonly items: Item[];
  readonly nextCursor?: string;
}
const list = async <Item>(...args: string[]): Promise<List<Item>> => JSON.parse(await done(...args, '--json')) as List<Item>;
const ids = ({ items }: List<{ id: string }>): string[] => items.map(({ id }) => id);

/** Ended bookings in any number, straight into the database. @returns their ids, newest first. */
async function bookings(resourceId: string, customerId: string, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, newBookingId).toSorted();
  await sql`
    INSERT INTO bookings (tenant_id, id, resource_id, customer_id, quantity, status, reason, amount_minor, currency)
    SELECT 'shop-a', id, ${resourceId}, ${customerId}, 1, 'released', 'cancelled', 9000, 'EUR' FROM unnest(${made}::text[]) AS id`.execute(databases.write);
  return made.toReversed();
}

describe('bookings', () => {
  test('shows only what the filter asks for', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const [released = ''] = await bookings(resourceId, 'lists-filter-1', 1);
    const held = JSON.parse(await done('book', resourceId, '--customer', 'lists-filter-2', '--from', '2031-05-01', '--to', '2031-05-02', '--json')) as BookingView;
    expect(ids(await list('bookings', '--resource', resourceId))).toEqual([held.id, released]);
    expect(ids(await list('bookings', '--resource', resourceId, '--status', 'held'))).toEqual([held.id]);
    expect(ids(await list('bookings', '--resource', resourceId, '--customer', 'lists-filter-1'))).toEqual([released]);
    expect(await done('bookings', '--resource', resourceId, '--status', 'failed')).toBe('There are no such bookings.\n');
  });

  test('shows a table with one line for each booking', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const [id = ''] = await bookings(resourceId, 'lists-table', 1);
    const lines = (await done('bookings', '--resource', resourceId)).trimEnd().split('\n');
    expect(lines[0]?.split(/ {2,}/)).toEqual(['ID', 'STATUS', 'WHAT', 'FROM', 'TO', 'CUSTOMER', 'PRICE']);
    expect(lines.slice(1)).toEqual([expect.stringMatching(new RegExp(`^${id} {2}released \\(cancelled\\) {2}Room with a view .* lists-table {2}EUR 90\\.00$`))]);
  });

  test('goes on page after page with the cursor, and every booking is on exactly one page', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const made = await bookings(resourceId, 'lists-paging', 5);
    const seen: string[] = [];
    for (let cursor: string[] = []; ; ) {
      const page = await list<BookingView>('bookings', '--resource', resourceId, '--limit', '2', ...cursor);
      seen.push(...ids(page));
      if (page.nextCursor === undefined) break;
      cursor = ['--cursor', page.nextCursor];
    }
    expect(seen).toEqual(made);
    expect(await done('bookings', '--resource', resourceId, '--limit', '2')).toMatch(/There are more: add --all, or --cursor \S+\n$/);
  });

  test('with --all has every booking, also when they are more than one page of the API', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const made = await bookings(resourceId, 'lists-all', 203);
    expect(ids(await list('bookings', '--resource', resourceId, '--all'))).toEqual(made);
  });

  test('of another tenant are not there', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    await bookings(resourceId, 'lists-tenant', 1);
    expect(ids(await list('bookings', '--resource', resourceId, '--tenant', 'shop-b'))).toEqual([]);
  });
});

describe('flows', () => {
  test('lists a running booking with how it stands', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    const { id } = JSON.parse(await done('book', resourceId, '--customer', 'lists-flows', '--from', '2031-05-01', '--to', '2031-05-02', '--json')) as BookingView;
    const flow = await eventually('the flow in the list', async () => (await list<FlowView>('flows', '--status', 'running', '--limit', '20')).items.find((item) => item.id === `booking:${id}`));
    expect(flow).toMatchObject({ type: 'booking', status: 'running', businessStatus: 'held' });
  });
});

describe('text from outside', () => {
  const hostile = 'evil\u001b[2J\u001b]0;pwned\u0007\r\u202etxt.exe\u009b31m\u2028x';
  // What a contract lets pass: no C0, but C1 and the marks that turn text around.
  const accepted = 'evil\u009b31m\u202etxt.exe\u2028x';

  // Today's contract keeps C0 out of a name; rows from before, or from another program, are as they are.
  test('never reaches the terminal as commands, neither in a table nor as JSON, and JSON keeps it whole', async () => {
    await createTenant(databases, 'shop-a');
    const id = `hostile-${Date.now()}`;
    await putResource(databases.write, 'shop-a', id, { ...someRoom, name: hostile });
    await bookings(id, accepted, 1);
    for (const args of [['bookings', '--resource', id], ['bookings', '--resource', id, '--json']]) {
      const said = await done(...args);
      expect(said).toContain('evil');
      expect(said).not.toMatch(controlCharacters);
    }
    expect((await list<BookingView>('bookings', '--resource', id)).items[0]).toMatchObject({ resourceName: hostile, customerId: accepted });
    const booked = await done('book', id, '--customer', 'ada', '--from', '2031-05-01', '--to', '2031-05-02');
    expect(booked).toContain('evil');
    expect(booked).not.toMatch(controlCharacters);
    expect((await list<ResourceView>('resources', '--all')).items.find((resource) => resource.id === id)).toMatchObject({ name: hostile });
    expect(await done('resources', '--all')).not.toMatch(controlCharacters);
    const taken = await cli(['book', id, '--customer', 'bob', '--from', '2031-05-01', '--to', '2031-05-02']);
    expect(taken.stderr).toContain('evil');
    expect(taken.stderr).not.toMatch(controlCharacters);
  });

  test('that was typed is not echoed as commands either', async () => {
    for (const args of [['book', hostile, '--customer', 'ada'], ['watch', hostile], [hostile], ['bookings', '--status', hostile], ['book', 'room', '--customer', 'ada', `--${hostile}`]]) {
      const ended = await cli(args);
      expect(ended.code).toBe(2);
      expect(ended.stderr).not.toMatch(controlCharacters);
    }
  });
});

describe('colour', () => {
  // oxlint-disable-next-line no-control-regex -- the point of the expression
  const escapes = /\u001b\[/u;

  test('is there on a terminal only, and not where NO_COLOR is set', async () => {
    const resourceId = await createResource(databases, 'shop-a', someRoom);
    await bookings(resourceId, 'lists-colour', 1);
    const args = ['bookings', '--resource', resourceId];
    expect((await cli(args, { onTerminal: true })).stdout).toMatch(escapes);
    expect((await cli(args, { onTerminal: true, environment: { NO_COLOR: '1' } })).stdout).not.toMatch(escapes);
    expect((await cli(args)).stdout).not.toMatch(escapes);
  });

  test('of an error follows the same rule', async () => {
    const args = ['confirm', newBookingId()];
    expect((await cli(args, { onTerminal: true })).stderr).toMatch(escapes);
    expect((await cli(args, { onTerminal: true, environment: { NO_COLOR: '1' } })).stderr).not.toMatch(escapes);
    expect((await cli(args)).stderr).not.toMatch(escapes);
  });
});
