/** What a person reads in the Web UI: who, what, until when, how far, and why it ended. */
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { BookingReason, HoldRequest } from '../../contracts/bookings/flow.ts';
import type { BookingView } from '../../contracts/bookings/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import type { FlowProgress } from '../../contracts/values.ts';
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

export function progressOf({ decision, inBackground, pickedUp }: RunState): FlowProgress {
  if (decision === undefined && pickedUp && !inBackground) return { percent: 100, step: 'looking the booking up' };
  if (decision === undefined) return inBackground ? { percent: 20, step: 'trying again in the background' } : { percent: 10, step: 'taking the hold' };
  if (isRefusal(decision)) return { percent: 100, step: `refused: ${decision.detail}` };
  if (decision.status === 'held') return { percent: 50, step: `held until ${clock(decision.expiresAt ?? '')}` };
  return { percent: 100, step: headline(decision) };
}

export function tell(decision: BookingView | Refusal): void {
  if (isRefusal(decision)) {
    show('refused');
    setCurrentDetails(`**Refused** (\`${decision.refused}\`): ${decision.detail}`);
    return;
  }
  show(decision.status, decision);
  const dates = decision.from === undefined || decision.to === undefined ? '' : `, ${day(decision.from)} to ${day(decision.to)}`;
  setCurrentDetails(
    [
      // Markdown wants an empty line before a list.
      `**${capital(headline(decision))}**\n`,
      `- What: ${decision.quantity} × ${decision.resourceName} (${decision.kind} \`${decision.resourceId}\`)${dates}`,
      `- Who: customer \`${decision.customerId}\``,
      `- Price: ${price(decision)}${decision.reference === undefined ? '' : `, reference \`${decision.reference}\``}`,
      ...(decision.extended ? ['- The hold was extended once.'] : []),
    ].join('\n'),
  );
}

export function tellWaiting(request: HoldRequest, attempt: string, reason: BookingReason): void {
  show('pending');
  setCurrentDetails(`**Pending**: ${attempt} is next, because ${endings[reason]}.\n\n- What: ${request.quantity} × \`${request.resourceId}\`${request.from === undefined || request.to === undefined ? '' : `, ${day(request.from)} to ${day(request.to)}`}\n- Who: customer \`${request.customerId}\`\n- Signal \`resume\` tries now, \`cancel\` gives up.`);
}

function headline(view: BookingView): string {
  if (view.status === 'held') return `held until ${clock(view.expiresAt ?? '')}`;
  return view.reason === undefined ? view.status : `${view.status}: ${endings[view.reason]}`;
}

/**
 * An upsert is a write to the visibility store, so only a change is sent. A flow starts out labelled `held`; a run that
 * picked its booking up learns only then what it is about.
 */
function show(status: string, about?: BookingView): void {
  const { typedSearchAttributes: shown } = workflowInfo();
  if (shown.get(searchAttributes.status) === status) return;
  const pickedUp = about !== undefined && shown.get(searchAttributes.resource) === undefined;
  upsertSearchAttributes([
    { key: searchAttributes.status, value: status },
    ...(pickedUp ? [{ key: searchAttributes.resource, value: about.resourceId }, { key: searchAttributes.customer, value: about.customerId }] : []),
  ]);
}

function price({ amount, currency }: BookingView): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
