/** What a person reads in the Web UI: who, what, until when, how far, and why it ended. */
import { setCurrentDetails } from '@temporalio/workflow';
import { notCancelledPrefix, type BookingReason, type HoldRequest } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { capital, price } from '../words.ts';
import type { RunState } from './state.ts';

const endings: Record<BookingReason, string> = {
  expired: 'the hold was not confirmed in time',
  cancelled: 'it was cancelled',
  payment_failed: 'the payment failed',
  resource_unavailable: 'it was taken by then',
  refused: 'it could not be booked like this',
  database_conflict: 'other bookings got in the way again and again',
  database_unavailable: 'the database did not answer',
};

/** The day alone where the time says nothing. */
const day = (iso: string): string => (iso.slice(11, 19) === '00:00:00' ? iso.slice(0, 10) : clock(iso));
const clock = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

export const holdTimerSummary = (endMs: number): string => `hold ends at ${clock(new Date(endMs).toISOString())}`;

export function progressOf({ decision, inBackground, pickedUp, notCancelled }: RunState): FlowProgress {
  if (decision === undefined && pickedUp && !inBackground) return { percent: 100, step: 'looking the booking up' };
  if (decision === undefined) return inBackground ? { percent: 20, step: 'trying again in the background' } : { percent: 10, step: 'taking the hold' };
  if (isRefusal(decision)) return { percent: 100, step: `refused: ${decision.detail}` };
  if (decision.status === 'held') return { percent: 50, step: `held until ${clock(decision.expiresAt ?? '')}` };
  return { percent: 100, step: notCancelled === undefined || decision.status !== 'confirmed' ? headline(decision) : `${notCancelledPrefix}${notCancelled}` };
}

/** @param notCancelled why the wish to cancel it was refused. */
export function tell(decision: BookingView | Refusal, notCancelled?: string): void {
  if (isRefusal(decision)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${decision.refused}\`): ${decision.detail}`);
    return;
  }
  // A flow starts out labelled `held`, which it almost always is within its first task.
  label(decision.status, { resource: decision.resourceId, customer: decision.customerId });
  const dates = decision.from === undefined || decision.to === undefined ? '' : `, ${day(decision.from)} to ${day(decision.to)}`;
  setCurrentDetails(
    [
      // Markdown wants an empty line before a list.
      `**${capital(headline(decision))}**\n`,
      `- What: ${decision.quantity} × ${decision.resourceName} (${decision.kind} \`${decision.resourceId}\`)${dates}`,
      `- Who: customer \`${decision.customerId}\``,
      `- Price: ${price(decision.amount, decision.currency)}${decision.reference === undefined ? '' : `, reference \`${decision.reference}\``}`,
      ...(decision.extended ? ['- The hold was extended once.'] : []),
      ...(notCancelled === undefined ? [] : [`- It was not cancelled. ${notCancelled}`]),
    ].join('\n'),
  );
}

export function tellWaiting(request: HoldRequest, attempt: string, reason: BookingReason): void {
  label('pending');
  setCurrentDetails(`**Pending**: ${attempt} is next, because ${endings[reason]}.\n\n- What: ${request.quantity} × \`${request.resourceId}\`${request.from === undefined || request.to === undefined ? '' : `, ${day(request.from)} to ${day(request.to)}`}\n- Who: customer \`${request.customerId}\`\n- Signal \`resume\` tries now, \`cancel\` gives up.`);
}

function headline(view: BookingView): string {
  if (view.status === 'held') return `held until ${clock(view.expiresAt ?? '')}`;
  return view.reason === undefined ? view.status : `${view.status}: ${endings[view.reason]}`;
}
