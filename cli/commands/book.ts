/** `book`. */
import type { Command } from 'commander';
import { follow } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import { withHoldfast } from '../connection.ts';
import { aCount, aForeignId, aMoment, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { print, printBooking, printJson } from '../output.ts';

interface BookOptions extends CommonOptions {
  readonly customer: string;
  readonly from?: string;
  readonly to?: string;
  readonly quantity?: number;
  readonly watch?: boolean;
}

export function addBook(program: Command): void {
  const command = program
    .command('book')
    .summary('hold a room, a car or seats for 15 minutes')
    .description('Holds a resource for 15 minutes. Confirm it within that time, or it is free again.')
    .argument('<resource>', 'its id, as `resources` lists it', aForeignId)
    .requiredOption('-c, --customer <id>', 'who books: the id that the shop uses', aForeignId)
    .option('--from <date>', 'rooms only: the first night, YYYY-MM-DD', aMoment)
    .option('--to <date>', 'rooms only: the day of departure', aMoment)
    .option('-q, --quantity <n>', 'seats of an event, beds of a room', aCount(1000))
    .option('-w, --watch', 'stay and show the progress until the booking ends');
  examples(withCommonOptions(command), [
    'book room-harbour --tenant seaview --customer c-1001 --from 2027-05-01 --to 2027-05-03',
    'book car-octavia --tenant motorhaus --customer c-1002 --watch',
    'book concert-tides --tenant seaview --customer c-1003 --quantity 2 --json',
  ]).action(async (resourceId: string, { customer, from, to, quantity, ...options }: BookOptions) => {
    await withHoldfast(options, async (holdfast, { tenantId }) => {
      const outcome = await holdfast.bookings.book({
        resourceId,
        customerId: customer,
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(quantity !== undefined && { quantity }),
      });
      const json = options.json === true;
      if (options.watch === true) return void (await follow(holdfast, { kind: 'booking', id: outcome.id }, { json, tenantId }));
      if (json) return printJson(outcome);
      printBooking(outcome);
      const next = outcome.status === 'pending' ? 'watch' : 'confirm';
      print(`  Next: ${invocation(`${next} ${outcome.id} --tenant ${quoted(tenantId)}`)}`);
    });
  });
}
