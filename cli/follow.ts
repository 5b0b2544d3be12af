/** Following a flow on the terminal until it ends, or until the person has seen enough. */
import type { BookingProgress, FlowView, Holdfast, HoldOutcome } from '../client/index.ts';
import { isMade } from '../contracts/bookings/flow.ts';
import { workflowIdOf } from '../contracts/flows.ts';
import type { FlowRef } from './flow-ids.ts';
import { importSights } from './imports.ts';
import { invocation, quoted } from './invocation.ts';
import { print, printBooking } from './output.ts';
import { clockOf, fitted, safe, safeJson, styled } from './text.ts';

const barWidth = 20;
const redrawMs = 1_000;
const settlePatienceMs = 8_000;

interface FollowOptions {
  readonly json: boolean;
  /** Named in the command that comes back to the flow. */
  readonly tenantId: string;
}

/** A flow at one moment. */
export interface Sight {
  readonly percent: number;
  readonly step: string;
  /** What `--json` prints. */
  readonly json: object;
  readonly booking?: HoldOutcome;
  readonly parked?: boolean;
  /** How far, how fast and how long to go: what changes all the time. */
  readonly pace?: string;
}

/**
 * One line for each change; on a terminal also a bar that counts down. Ctrl-C ends the looking, not the flow.
 * @param workflowId of an invoice, whose id does not tell it.
 * @returns whether the flow has ended, or the person has left.
 * @throws {HoldfastError} `flow_not_found`.
 */
export async function follow(holdfast: Holdfast, { kind, id }: FlowRef, { json, tenantId }: FollowOptions, workflowId = workflowIdOf(id) ?? id): Promise<'ended' | 'left'> {
  const detach = new AbortController();
  const onInterrupt = (): void => { detach.abort(); };
  process.once('SIGINT', onInterrupt);
  const live = process.stdout.isTTY && !json ? startLiveLine() : undefined;
  const tenant = `--tenant ${quoted(tenantId)}`;
  let last = '';
  try {
    for await (const sight of sightsOf(holdfast, { kind, id }, { tenantId, workflowId, signal: detach.signal })) {
      if (json) print(safeJson(sight.json));
      else if (live !== undefined) live.show(sight);
      else if (lineOf(id, sight) !== last) print((last = lineOf(id, sight)));
      if (!json && sight.parked === true) print(`\nIt is parked: it waits until somebody goes on with it.\n  ${invocation(`resume ${quoted(id)} ${tenant}`)}`);
    }
  } finally {
    live?.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
  if (!detach.signal.aborted) return 'ended';
  if (!json) print(`\nDetached; the flow goes on. Come back to it with:\n  ${invocation(`watch ${quoted(id)} ${tenant}`)}`);
  return 'left';
}

function sightsOf(holdfast: Holdfast, { kind, id }: FlowRef, { tenantId, workflowId, signal }: { tenantId: string; workflowId: string; signal: AbortSignal }): AsyncGenerator<Sight> {
  switch (kind) {
    case 'booking':
      return bookingSights(holdfast, id, signal);
    case 'export':
      return exportSights(holdfast, id, signal);
    case 'import':
      return importSights(id, tenantId, signal);
    default:
      return flowSights(holdfast, workflowId, signal);
  }
}

async function* bookingSights(holdfast: Holdfast, id: string, signal: AbortSignal): AsyncGenerator<Sight> {
  for await (const progress of holdfast.bookings.watch(id, { signal })) yield { percent: progress.percent, step: progress.step, json: progress, booking: progress.booking };
}

async function* exportSights(holdfast: Holdfast, id: string, signal: AbortSignal): AsyncGenerator<Sight> {
  let first: { readonly rows: number; readonly at: number } | undefined;
  for await (const progress of holdfast.exports.watch(id, { signal })) {
    const { percent, step, rows } = progress;
    if (rows > 0) first ??= { rows, at: Date.now() };
    const seconds = first === undefined ? 0 : (Date.now() - first.at) / 1_000;
    const rate = first === undefined || seconds === 0 ? 0 : (rows - first.rows) / seconds;
    yield { percent, step, json: progress, ...(rate > 0 && percent < 100 && { pace: paceOf(rows, rate, percent) }) };
  }
}

/** `123,000 rows, 74,000 rows/s, 0:05 left` */
function paceOf(rows: number, rate: number, percent: number): string {
  const left = percent === 0 ? '' : `, ${clockOf((rows * (100 - percent)) / percent / rate)} left`;
  return `${inWords.format(rows)} rows, ${inWords.format(Math.round(rate))} rows/s${left}`;
}

const inWords = new Intl.NumberFormat('en');

async function* flowSights(holdfast: Holdfast, workflowId: string, signal: AbortSignal): AsyncGenerator<Sight> {
  let wasParked = false;
  for await (const flow of holdfast.flows.watch(workflowId, { signal })) {
    const parked = isParked(flow);
    // Said once for each time that it is parked.
    yield { percent: flow.progress ?? 0, step: stepOf(flow), json: flow, parked: parked && !wasParked };
    wasParked = parked;
  }
}

export const isParked = ({ status, businessStatus }: FlowView): boolean => status === 'running' && businessStatus === 'parked';

/** What it is doing; that it is parked is said in any case. */
export function stepOf(flow: FlowView): string {
  const step = flow.step ?? flow.businessStatus ?? flow.status;
  return isParked(flow) && !/parked/i.test(step) ? `parked: ${step}` : step;
}

const lineOf = (id: string, { percent, step }: Sight): string => `${safe(id)}  ${String(percent).padStart(3)} %  ${safe(step)}`;

function startLiveLine(): { show(sight: Sight): void; stop(): void } {
  let current: Sight | undefined;
  const draw = (): void => {
    if (current === undefined) return;
    const done = Math.round((current.percent / 100) * barWidth);
    const left = timeLeft(current.booking);
    const words = `${String(current.percent).padStart(3)} %  ${safe(current.step)}${left === undefined ? '' : `, ${left} left`}${current.pace === undefined ? '' : `, ${current.pace}`}`;
    const bar = `${styled('green', '█'.repeat(done))}${styled('dim', '░'.repeat(barWidth - done))}`;
    process.stdout.write(`\r\u001b[2K${bar} ${fitted(words, Math.max(process.stdout.columns - barWidth - 2, 10))}`);
  };
  const timer = setInterval(draw, redrawMs);
  return {
    show: (sight) => {
      // The step before stays on the screen, so that the way here can be read.
      if (current !== undefined && current.step !== sight.step) process.stdout.write('\n');
      else if (current === undefined && sight.booking !== undefined) printBooking(sight.booking);
      current = sight;
      draw();
    },
    stop: () => {
      clearInterval(timer);
      if (current !== undefined) process.stdout.write('\n');
    },
  };
}

function timeLeft(booking: HoldOutcome | undefined): string | undefined {
  if (booking === undefined || !isMade(booking) || booking.expiresAt === undefined) return undefined;
  const seconds = Math.max(Math.round((Date.parse(booking.expiresAt) - Date.now()) / 1000), 0);
  return clockOf(seconds);
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

/** As {@link settled}, for a flow of any type. */
export async function flowSettled(holdfast: Holdfast, workflowId: string, isSettled: (flow: FlowView) => boolean): Promise<FlowView | undefined> {
  let last: FlowView | undefined;
  for await (const flow of holdfast.flows.watch(workflowId, { signal: AbortSignal.timeout(settlePatienceMs) })) {
    last = flow;
    if (isSettled(flow)) break;
  }
  return last;
}
