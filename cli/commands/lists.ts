/** Lists of what can be booked and what is, from the database of record over HTTP: `bookings`, `resources`. */
import type { Command } from 'commander';
import { z } from 'zod';
import { bookingStatuses, isMade, type BookingStatus, type HoldOutcome } from '../../contracts/bookings/flow.ts';
import { bookingView, unmadeBooking, type BookingView } from '../../contracts/bookings/schemas.ts';
import { resourceKinds, resourceView, type ResourceKind, type ResourceView } from '../../contracts/resources.ts';
import { CliError } from '../errors.ts';
import { overHttp, show, withPaging, type PageOptions } from '../listing.ts';
import { aForeignId, aMoment, choice, examples } from '../options.ts';
import { statusStyle, statusWords } from '../output.ts';
import { money, when, type Column } from '../text.ts';

/** A booking that is still pending has an id and a status, and the database knows no more of it. */
const made = (text: (booking: BookingView) => string) => (booking: HoldOutcome): string => (isMade(booking) ? text(booking) : '');

const bookingColumns: readonly Column<HoldOutcome>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'STATUS', text: statusWords, style: ({ status }) => statusStyle(status) },
  { title: 'WHAT', text: made(({ quantity, resourceName, resourceId }) => `${quantity > 1 ? `${quantity} × ` : ''}${resourceName} (${resourceId})`) },
  { title: 'FROM', text: made(({ from }) => when(from)) },
  { title: 'TO', text: made(({ to }) => when(to)) },
  { title: 'CUSTOMER', text: made(({ customerId }) => customerId) },
  { title: 'PRICE', text: made(({ amount, currency }) => money(amount, currency)), right: true },
];

const resourceColumns: readonly Column<ResourceView>[] = [
  { title: 'ID', text: ({ id }) => id, whole: true },
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'PRICE', text: ({ price, currency }) => money(price, currency), right: true },
  { title: 'FREE', text: ({ available, capacity }) => (available === undefined ? '' : `${available} of ${capacity}`), right: true, style: ({ available }) => (available === 0 ? 'red' : 'green') },
];

export function addBookings(program: Command): void {
  const command = program
    .command('bookings')
    .summary('list bookings, newest first')
    .description('Lists the bookings of a tenant, newest first.')
    .addOption(choice('-s, --status <status>', 'only these', bookingStatuses))
    .option('-r, --resource <id>', 'only of this resource', aForeignId)
    .option('-c, --customer <id>', 'only of this customer', aForeignId);
  examples(withPaging(command), ['bookings --tenant seaview --status held', 'bookings --customer c-1001 --all --json']).action(
    async ({ status, resource, customer, ...options }: PageOptions & { status?: BookingStatus; resource?: string; customer?: string }) => {
      show(await overHttp('/v1/bookings', z.union([bookingView, unmadeBooking]), { status, resourceId: resource, customerId: customer }, options), bookingColumns, options, 'There are no such bookings.');
    },
  );
}

export function addResources(program: Command): void {
  const command = program
    .command('resources')
    .summary('list what can be booked, and what is free')
    .description('Lists what can be booked. For rooms, give the dates to see what is free then; without dates it is what is free now.')
    .addOption(choice('-k, --kind <kind>', 'only these', resourceKinds))
    .option('--from <date>', 'first night, YYYY-MM-DD', aMoment)
    .option('--to <date>', 'day of departure', aMoment);
  examples(withPaging(command), ['resources --tenant motorhaus', 'resources --tenant seaview --kind room --from 2027-05-01 --to 2027-05-03']).action(
    async ({ kind, from, to, ...options }: PageOptions & { kind?: ResourceKind; from?: string; to?: string }) => {
      if ((from === undefined) !== (to === undefined)) throw new CliError('--from and --to go together.', 'Give both, or neither.', { code: 'usage', exitCode: 2 });
      show(await overHttp('/v1/resources', resourceView, { kind, from, to }, options), resourceColumns, options, 'There is nothing like that.');
    },
  );
}
