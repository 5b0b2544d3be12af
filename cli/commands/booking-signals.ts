/** `cancel` and `resume` of a booking. */
import type { Holdfast, HoldOutcome } from '../../client/index.ts';
import { isMade } from '../../contracts/bookings/flow.ts';
import { withHoldfast } from '../connection.ts';
import { CliError, remedyFor } from '../errors.ts';
import { settled } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import type { CommonOptions } from '../options.ts';
import { printBooking, printJson } from '../output.ts';

/** Per cent. */
const finished = 100;

export async function cancelBooking(id: string, options: CommonOptions): Promise<void> {
  await signal(id, options, async ({ bookings }) => await bookings.cancel(id), ({ status }) => status === 'released' || status === 'failed');
}

export async function resumeBooking(id: string, options: CommonOptions): Promise<void> {
  await signal(id, options, async ({ bookings }) => await bookings.resume(id), ({ status }) => status !== 'pending');
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
