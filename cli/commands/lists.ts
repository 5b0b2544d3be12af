/** Lists: `bookings` and `resources` from the database of record over HTTP, `flows` from Temporal. */
import type { Command } from 'commander';
import { z, type ZodType } from 'zod';
import { bookingStatuses, isMade, type BookingStatus, type HoldOutcome } from '../../contracts/bookings/flow.ts';
import { bookingView, unmadeBooking, type BookingView } from '../../contracts/bookings/schemas.ts';
import { flowStatuses, type FlowStatus, type FlowView } from '../../contracts/flows.ts';
import { resourceKinds, resourceView, type ResourceKind, type ResourceView } from '../../contracts/resources.ts';
import type { Page } from '../../contracts/values.ts';
import type { Query } from '../api-client.ts';
import { openApi, withHoldfast } from '../connection.ts';
import { CliError } from '../errors.ts';
import { aCount, aForeignId, aMoment, choice, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { print, printJson, statusStyle, statusWords } from '../output.ts';
import { money, safe, styled, table, when, type Column } from '../text.ts';

interface PageOptions extends CommonOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

function withPaging(command: Command): Command {
  return withCommonOptions(command)
    .option('-n, --limit <n>', 'how many to show (default: 50)', aCount(200))
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('-a, --all', 'every page');
}

/** A booking that is still pending has an id and a status, and the database knows no more of it. */
const made = (text: (booking: BookingView) => string) => (booking: HoldOutcome): string => (isMade(booking) ? text(booking) : '');

const bookingColumns: readonly Column<HoldOutcome>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'STATUS', text: statusWords, style: ({ status }) => statusStyle(status) },
  { title: 'WHAT', text: made(({ quantity, resourceName, resourceId }) => `${quantity > 1 ? `${quantity} × ` : ''}${resourceName} (${resourceId})`) },
  { title: 'FROM', text: made(({ from }) => when(from)) },
  { title: 'TO', text: made(({ to }) => when(to)) },
  { title: 'CUSTOMER', text: made(({ customerId }) => customerId) },
  { title: 'PRICE', text: made(({ amount, currency }) => money(amount, currency)), right: true },
];

const resourceColumns: readonly Column<ResourceView>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'PRICE', text: ({ price, currency }) => money(price, currency), right: true },
  { title: 'FREE', text: ({ available, capacity }) => (available === undefined ? '' : `${available} of ${capacity}`), right: true, style: ({ available }) => (available === 0 ? 'red' : 'green') },
];

const flowColumns: readonly Column<FlowView>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'FLOW', text: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: 'STATE', text: ({ businessStatus }) => businessStatus ?? '', style: ({ businessStatus }) => statusStyle(businessStatus) },
  { title: 'STARTED', text: ({ startedAt }) => `${startedAt.slice(0, 10)} ${startedAt.slice(11, 19)} UTC` },
  { title: 'ENDED', text: ({ endedAt }) => (endedAt === undefined ? '' : `${endedAt.slice(0, 10)} ${endedAt.slice(11, 19)} UTC`) },
];

function show<Item>({ items, nextCursor }: Page<Item>, columns: readonly Column<Item>[], options: CommonOptions, none: string): void {
  if (options.json === true) return printJson({ items, ...(nextCursor !== undefined && { nextCursor }) });
  if (items.length === 0) return print(styled('dim', none));
  print(table(items, columns));
  if (nextCursor !== undefined) print(styled('dim', `There are more: add --all, or --cursor ${safe(nextCursor)}`));
}

async function overHttp<Item>(path: string, item: ZodType<Item>, query: Query, { limit, cursor, all, ...options }: PageOptions): Promise<Page<Item>> {
  const api = openApi(options);
  if (all !== true) return await api.page(path, item, { ...query, limit, cursor });
  const items: Item[] = [];
  for await (const page of api.pages(path, item, query)) items.push(...page);
  return { items };
}

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

export function addFlows(program: Command): void {
  const command = program
    .command('flows')
    .summary('list the flows that run or ran')
    .description('Lists flows as Temporal has them: running ones first, then the newest. The list is behind by moments.')
    .addOption(choice('-s, --status <status>', 'only these', flowStatuses));
  examples(withPaging(command), ['flows --tenant seaview --status running', 'flows --limit 10 --json']).action(async ({ status, limit, cursor, all, ...options }: PageOptions & { status?: FlowStatus }) => {
    await withHoldfast(options, async ({ flows }) => {
      const items: FlowView[] = [];
      let next = cursor;
      for (;;) {
        const page = await flows.list({ ...(status !== undefined && { status }), ...(limit !== undefined && { limit }), ...(next !== undefined && { cursor: next }) });
        items.push(...page.items);
        next = page.nextCursor;
        if (all !== true || next === undefined) break;
      }
      show({ items, ...(next !== undefined && { nextCursor: next }) }, flowColumns, options, 'There are no such flows.');
    });
  });
}
