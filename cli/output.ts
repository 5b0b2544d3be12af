/** How bookings look on a terminal. */
import { isMade, type HoldOutcome } from '../contracts/bookings/flow.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { clock, money, safe, safeJson, styled, when, type Style } from './text.ts';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(safeJson(value, 2));
}

const statusStyles: Readonly<Record<string, Style>> = {
  held: 'yellow', confirmed: 'green', pending: 'cyan', failed: 'red', released: 'dim', running: 'cyan', refused: 'dim', completed: 'green',
  created: 'cyan', authorised: 'cyan', captured: 'yellow', settled: 'green', refunded: 'dim', unknown: 'yellow', reconciling: 'yellow',
  undoing: 'yellow', cancelled: 'dim', parked: 'red', terminated: 'red', timed_out: 'red',
  requested: 'cyan', succeeded: 'green', numbered: 'cyan', inspecting: 'cyan', paused: 'yellow', stored: 'green', ready: 'green', expired: 'dim', open: 'yellow', resolved: 'dim', incomplete: 'yellow',
};

export function statusStyle(status: string | undefined): Style | undefined {
  return status === undefined ? undefined : statusStyles[status];
}

export function paintedStatus(status: string): string {
  const style = statusStyle(status);
  return style === undefined ? safe(status) : styled(style, safe(status));
}

/** `held until 14:03 UTC`, `released (cancelled)`, `confirmed (reference R-1)`. */
export function statusWords(outcome: HoldOutcome): string {
  if (!isMade(outcome)) return outcome.status;
  if (outcome.expiresAt !== undefined) return `${outcome.status} until ${clock(outcome.expiresAt)}`;
  if (outcome.reason !== undefined) return `${outcome.status} (${outcome.reason})`;
  // The booking's own id is what stands there when the desk wrote nothing down.
  return outcome.reference === undefined || outcome.reference === outcome.id ? outcome.status : `${outcome.status} (reference ${safe(outcome.reference)})`;
}

/** `2 × Dormitory, 2027-05-01 to 2027-05-03, EUR 84.00, customer c-1` */
export function whatWasBooked(booking: BookingView): string {
  const dates = booking.from === undefined || booking.to === undefined ? [] : [`${when(booking.from)} to ${when(booking.to)}`];
  const what = `${booking.quantity > 1 ? `${booking.quantity} × ` : ''}${booking.resourceName}`;
  return safe([what, ...dates, money(booking.amount, booking.currency), `customer ${booking.customerId}`].join(', '));
}

/** The booking in two lines: how it stands, and what it is. */
export function printBooking(outcome: HoldOutcome): void {
  const style = statusStyle(outcome.status);
  const words = statusWords(outcome);
  print(`${safe(outcome.id)}  ${style === undefined ? words : styled(style, words)}`);
  if (isMade(outcome)) print(`  ${whatWasBooked(outcome)}`);
}
