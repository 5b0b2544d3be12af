/** Commands that change a booking: `confirm`, `extend`, `reschedule`; `cancel` and `resume` are for any flow. */
import type { Command } from 'commander';
import type { Holdfast, HoldOutcome } from '../../client/index.ts';
import { text } from '../../contracts/values.ts';
import { withHoldfast } from '../connection.ts';
import { aBookingId, aMoment, checkedBy, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { printBooking, printJson } from '../output.ts';

/** Runs the change and prints how the booking stands after it. */
async function change(options: CommonOptions, work: (holdfast: Holdfast) => Promise<HoldOutcome>): Promise<void> {
  await withHoldfast(options, async (holdfast) => {
    const outcome = await work(holdfast);
    if (options.json === true) printJson(outcome);
    else printBooking(outcome);
  });
}

function bookingCommand(program: Command, name: string, summary: string, description: string): Command {
  return withCommonOptions(program.command(name).summary(summary).description(description).argument('<id>', 'the booking, bkg_…', aBookingId));
}

export function addConfirm(program: Command): void {
  const command = bookingCommand(program, 'confirm', 'confirm a hold that was paid at the desk', 'Confirms a hold without online payment.').option('-r, --reference <text>', 'what the desk wrote down for the payment (default: the booking id)', checkedBy(text(100)));
  examples(command, ['confirm bkg_01k… --reference "desk 17"']).action(async (id: string, { reference, ...options }: CommonOptions & { reference?: string }) => {
    await change(options, async (holdfast) => await holdfast.bookings.confirm(id, reference === undefined ? {} : { reference }));
  });
}

export function addExtend(program: Command): void {
  examples(bookingCommand(program, 'extend', 'prolong a hold by 15 minutes, once', 'Prolongs a hold by 15 minutes. That is possible once.'), ['extend bkg_01k…']).action(async (id: string, options: CommonOptions) => {
    await change(options, async (holdfast) => await holdfast.bookings.extend(id));
  });
}

export function addReschedule(program: Command): void {
  const command = bookingCommand(program, 'reschedule', 'move a room to other dates', 'Moves a held or confirmed room to other dates. If those are taken, nothing changes.')
    .requiredOption('--from <date>', 'the first night, YYYY-MM-DD', aMoment)
    .requiredOption('--to <date>', 'the day of departure', aMoment);
  examples(command, ['reschedule bkg_01k… --from 2027-06-01 --to 2027-06-04']).action(async (id: string, { from, to, ...options }: CommonOptions & { from: string; to: string }) => {
    await change(options, async (holdfast) => await holdfast.bookings.reschedule(id, { from, to }));
  });
}
