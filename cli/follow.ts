/** Following a booking on the terminal until its flow ends, or until the person has seen enough. */
import type { BookingProgress, Holdfast, HoldOutcome } from '../client/index.ts';
import { isMade } from '../contracts/bookings/flow.ts';
import { invocation, quoted } from './invocation.ts';
import { print, printBooking } from './output.ts';
import { fitted, safe, safeJson, styled } from './text.ts';

const barWidth = 20;
const redrawMs = 1_000;
const settlePatienceMs = 8_000;

interface FollowOptions {
  readonly json: boolean;
  /** Named in the command that comes back to the flow. */
  readonly tenantId: string;
}

/**
 * One line for each change; on a terminal also a bar that counts down. Ctrl-C ends the looking, not the flow.
 * @throws {HoldfastError} `flow_not_found`.
 */
export async function follow(holdfast: Holdfast, id: string, { json, tenantId }: FollowOptions): Promise<void> {
  const detach = new AbortController();
  const onInterrupt = (): void => { detach.abort(); };
  process.once('SIGINT', onInterrupt);
  const live = process.stdout.isTTY && !json ? startLiveLine() : undefined;
  try {
    for await (const progress of holdfast.bookings.watch(id, { signal: detach.signal })) {
      if (json) print(safeJson(progress));
      else if (live === undefined) print(describe(progress));
      else live.show(progress);
    }
  } finally {
    live?.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
  if (detach.signal.aborted && !json) print(`\nDetached; the flow goes on. Come back to it with:\n  ${invocation(`watch ${quoted(id)} --tenant ${quoted(tenantId)}`)}`);
}

const describe = ({ percent, step, booking }: BookingProgress): string => `${safe(booking.id)}  ${String(percent).padStart(3)} %  ${safe(step)}`;

function startLiveLine(): { show(progress: BookingProgress): void; stop(): void } {
  let current: BookingProgress | undefined;
  const draw = (): void => {
    if (current === undefined) return;
    const done = Math.round((current.percent / 100) * barWidth);
    const left = timeLeft(current.booking);
    const words = `${String(current.percent).padStart(3)} %  ${safe(current.step)}${left === undefined ? '' : `, ${left} left`}`;
    const bar = `${styled('green', '█'.repeat(done))}${styled('dim', '░'.repeat(barWidth - done))}`;
    process.stdout.write(`\r\u001b[2K${bar} ${fitted(words, Math.max(process.stdout.columns - barWidth - 2, 10))}`);
  };
  const timer = setInterval(draw, redrawMs);
  return {
    show: (progress) => {
      // The step before stays on the screen, so that the way here can be read.
      if (current !== undefined && current.step !== progress.step) process.stdout.write('\n');
      else if (current === undefined) printBooking(progress.booking);
      current = progress;
      draw();
    },
    stop: () => {
      clearInterval(timer);
      if (current !== undefined) process.stdout.write('\n');
    },
  };
}

function timeLeft(booking: HoldOutcome): string | undefined {
  if (!isMade(booking) || booking.expiresAt === undefined) return undefined;
  const seconds = Math.max(Math.round((Date.parse(booking.expiresAt) - Date.now()) / 1000), 0);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * Waits a little for a signal to take effect.
 * @returns how the booking stands then, or undefined when nobody answered; it may still be under way.
 */
export async function settled(holdfast: Holdfast, id: string, isSettled: (outcome: HoldOutcome) => boolean): Promise<BookingProgress | undefined> {
  let last: BookingProgress | undefined;
  for await (const progress of holdfast.bookings.watch(id, { signal: AbortSignal.timeout(settlePatienceMs) })) {
    last = progress;
    if (isSettled(progress.booking)) break;
  }
  return last;
}
