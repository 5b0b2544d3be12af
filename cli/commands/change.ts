/** Commands that change a booking: `confirm`, `extend`, `reschedule`, `cancel`, `resume`. */
import type { Command } from 'commander';
import type { Holdfast, HoldOutcome } from '../../client/index.ts';
import { text } from '../../contracts/values.ts';
import { withHoldfast } from '../connection.ts';
import { CliError, remedyFor } from '../errors.ts';
import { settled } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import { aBookingId, aMoment, checkedBy, examples, withCommonOptions, type CommonOptions } from '../options.ts';
import { isMade } from '../../contracts/bookings/flow.ts';
import { printBooking, printJson } from '../output.ts';

/** Per cent. */
const finished = 100;

/** Runs the change and prints how the booking stands after it. */
async function change(options: CommonOptions, work: (holdfast: Holdfast) => Promise<HoldOutcome>): Promise<void> {
  await withHoldfast(options, async (holdfast) => {
    const outcome = await work(holdfast);
    if (options.json === true) printJson(outcome);
    else printBooking(outcome);
  });
}

/** Sends the signal and waits a little for what comes of it. */
async function signal(id: string, options: CommonOptions, send: (holdfast: Holdfast) => Promise<void>, isDone: (outcome: HoldOutcome) => boolean): Promise<void> {
  await withHoldfast(options, async (holdfast, { tenantId }) => {
    await send(holdfast);
    const now = await settled(holdfast, id, isDone);
    if (now === undefined || (now.percent < finished && !isDone(now.booking))) {
      throw new CliError('It was sent, but nothing has come of it yet.', `Follow it: ${invocation(`watch ${quoted(id)} --tenant ${quoted(tenantId)}`)}`, { code: 'not_decided_yet' });
    }
    // A flow that ended without a booking was refused; its last step says why.
    if (!isMade(now.booking)) throw new CliError(now.step.replace(/^refused: /, ''), remedyFor('booking_not_found', tenantId), { code: 'booking_not_found' });
    if (options.json === true) printJson(now.booking);
    else printBooking(now.booking);
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

export function addCancel(program: Command): void {
  examples(bookingCommand(program, 'cancel', 'give a booking back', 'Gives a held or confirmed booking back, or stops a pending one, and waits a moment for the outcome.'), ['cancel bkg_01k… --tenant seaview']).action(
    async (id: string, options: CommonOptions) => {
      await signal(id, options, async ({ bookings }) => await bookings.cancel(id), ({ status }) => status === 'released' || status === 'failed');
    },
  );
}

export function addResume(program: Command): void {
  examples(bookingCommand(program, 'resume', 'try a pending or failed booking again', 'Tries a pending booking at once instead of after its wait, or a failed one again.'), ['resume bkg_01k…']).action(
    async (id: string, options: CommonOptions) => {
      await signal(id, options, async ({ bookings }) => await bookings.resume(id), ({ status }) => status !== 'pending');
    },
  );
}
