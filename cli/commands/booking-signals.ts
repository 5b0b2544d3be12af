/** `cancel` and `resume` of a booking. */
import type { BookingProgress, Holdfast, HoldOutcome } from '../../client/index.ts';
import { isMade, notCancelledPrefix } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { findTarget, withHoldfast } from '../connection.ts';
import { CliError, remedyFor } from '../errors.ts';
import { settled } from '../follow.ts';
import { invocation, quoted } from '../invocation.ts';
import type { CommonOptions } from '../options.ts';
import { print, printBooking, printJson } from '../output.ts';

/** Per cent. */
const finished = 100;

export async function cancelBooking(id: string, options: CommonOptions): Promise<void> {
  const { reference } = await signal(id, options, async ({ bookings }) => await bookings.cancel(id), ({ status }) => status === 'released' || status === 'failed', refuseWhatStayed);
  // What was paid stays where it is: how much of it goes back is for the shop to say.
  if (options.json !== true && reference?.startsWith('pay_') === true) print(`  Its money is given back by: ${invocation(`refund ${quoted(reference)} --tenant ${quoted(findTarget(options).tenantId)}`)}`);
}

/** What the flow has refused stays as it was. */
function refuseWhatStayed({ step }: BookingProgress, tenantId: string): void {
  if (step.startsWith(notCancelledPrefix)) throw new CliError(step.slice(notCancelledPrefix.length), remedyFor('not_cancellable', tenantId), { code: 'not_cancellable' });
}

export async function resumeBooking(id: string, options: CommonOptions): Promise<void> {
  await signal(id, options, async ({ bookings }) => await bookings.resume(id), ({ status }) => status !== 'pending');
}

/** Sends the signal and waits a little for what comes of it. @param check throws when that is not what was wanted. */
async function signal(id: string, options: CommonOptions, send: (holdfast: Holdfast) => Promise<void>, isDone: (outcome: HoldOutcome) => boolean, check?: (progress: BookingProgress, tenantId: string) => void): Promise<BookingView> {
  return await withHoldfast(options, async (holdfast, { tenantId }) => {
    await send(holdfast);
    const now = await settled(holdfast, id, isDone);
    if (now === undefined || (now.percent < finished && !isDone(now.booking))) {
      throw new CliError('It was sent, but nothing has come of it yet.', `Follow it: ${invocation(`watch ${quoted(id)} --tenant ${quoted(tenantId)}`)}`, { code: 'not_decided_yet' });
    }
    // A flow that ended without a booking was refused; its last step says why.
    if (!isMade(now.booking)) throw new CliError(now.step.replace(/^refused: /, ''), remedyFor('booking_not_found', tenantId), { code: 'booking_not_found' });
    check?.(now, tenantId);
    if (options.json === true) printJson(now.booking);
    else printBooking(now.booking);
    return now.booking;
  });
}
