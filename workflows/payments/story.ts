/** What a person reads in the Web UI: what is paid for, how, how far, and why it ended. */
import { setCurrentDetails } from '@temporalio/workflow';
import { isRefusal } from '../../contracts/failures.ts';
import type { PaymentStatus } from '../../contracts/payments/flow.ts';
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { price } from '../words.ts';
import type { PaymentRun } from './run.ts';

/** What a payment passes through within a second is not worth a write: it starts out labelled `created`. */
const labels: Record<PaymentStatus, string> = { created: 'created', authorised: 'created', captured: 'created', settled: 'settled', failed: 'failed', refunded: 'refunded', unknown: 'unknown', reconciling: 'reconciling' };
const percents: Record<PaymentStatus, number> = { created: 20, unknown: 40, reconciling: 50, authorised: 60, captured: 80, settled: 100, failed: 100, refunded: 100 };

export function progressOf({ outcome, parked }: PaymentRun): FlowProgress {
  if (outcome === undefined) return { percent: 10, step: 'checking what is to be paid' };
  if (isRefusal(outcome)) return { percent: 100, step: `refused: ${outcome.detail}` };
  return { percent: percents[outcome.status], step: parked ?? headline(outcome) };
}

export function tell({ outcome, parked }: PaymentRun): void {
  if (outcome === undefined) return;
  if (isRefusal(outcome)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${outcome.refused}\`): ${outcome.detail}`);
    return;
  }
  label(parked === undefined ? labels[outcome.status] : 'parked', { resource: outcome.subject.id, customer: outcome.customerId });
  const { subject, customerId, gateway, gatewayRef, refunded, currency, redirectUrl } = outcome;
  setCurrentDetails(
    [
      `**${parked === undefined ? headline(outcome) : `Parked: ${parked}. Signal \`resume\` tries again.`}**\n`,
      `- For: ${subject.kind} \`${subject.id}\`, customer \`${customerId}\``,
      `- Amount: ${price(outcome.amount, currency)}${refunded > 0 ? `, of which ${price(refunded, currency)} given back` : ''}`,
      `- Gateway: ${gateway}${gatewayRef === undefined ? '' : `, its id \`${gatewayRef}\``}`,
      ...(redirectUrl === undefined ? [] : ['- The payer has a page open.']),
    ].join('\n'),
  );
}

/** `authorise EUR 104.00 through stripe`, as the timeline names the step. */
export const moneyWords = (verb: string, { outcome }: PaymentRun): string =>
  outcome === undefined || isRefusal(outcome) ? verb : `${verb} ${price(outcome.amount, outcome.currency)} through ${outcome.gateway}`;

function headline(view: PaymentView): string {
  switch (view.status) {
    case 'created':
      if (view.processing) return 'Waiting for the bank';
      return view.gatewayRef === undefined ? `Sending it to ${view.gateway}` : `Waiting for the payer until ${view.payBy.slice(0, 19).replace('T', ' ')} UTC`;
    case 'authorised':
      return 'Authorised: held, not taken yet';
    case 'captured':
      return view.subject.kind === 'booking' ? 'Captured: taken, and owed to the customer' : `Captured: taken; the ${view.subject.kind} goes on with it`;
    case 'settled':
      return view.subject.kind === 'booking' ? 'Settled: paid, and the booking is confirmed' : `Settled: paid, and the customer has the ${view.subject.kind}`;
    case 'failed':
      return `Failed: ${failureWords(view.failure)}`;
    case 'refunded':
      return 'Refunded: all of it was given back';
    case 'unknown':
      return `Unknown: ${view.gateway} did not answer, so it is asked what happened`;
    case 'reconciling':
      return `Reconciling: ${view.gateway} is asked again and again what happened`;
  }
}

/** What the gateway called it stands beside it where that says more. */
function failureWords(failure: PaymentView['failure']): string {
  if (failure === undefined) return 'unknown';
  const { code, gatewayCode } = failure;
  return `${code.replaceAll('_', ' ')}${gatewayCode === undefined || gatewayCode === code ? '' : ` (${gatewayCode})`}`;
}
