/** What a person reads in the Web UI: what is bought, by whom, how far, and why it ended. */
import { setCurrentDetails } from '@temporalio/workflow';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { PurchaseView } from '../../contracts/purchases/schemas.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { capital, price } from '../words.ts';
import type { SagaWishes } from '../saga.ts';

export interface PurchaseRun {
  readonly wishes: SagaWishes;
  /** The purchase as the database last answered it, or why there is none. Absent until that is known. */
  outcome: PurchaseView | Refusal | undefined;
  /** What is happening now. */
  stage: Stage;
  /** The undo that waits to be resumed, and why. */
  parked: string | undefined;
  /** Something here is broken: the run ends as failed, so that operators find it. */
  broken: Error | undefined;
}

const stages = {
  checking: { percent: 5, words: 'checking what is bought' },
  paying: { percent: 20, words: 'waiting for the payment' },
  fulfilling: { percent: 60, words: 'handing it over' },
  undoing: { percent: 70, words: 'undoing what was done' },
  concluding: { percent: 90, words: 'starting the invoice' },
  ended: { percent: 100, words: 'done' },
} as const;
export type Stage = keyof typeof stages;

export function progressOf({ outcome, stage, parked }: PurchaseRun): FlowProgress {
  if (outcome !== undefined && isRefusal(outcome)) return { percent: 100, step: `refused: ${outcome.detail}` };
  const { percent, words } = stages[stage];
  return { percent, step: parked ?? (stage === 'ended' && outcome !== undefined ? headline(outcome) : words) };
}

export function tell(run: PurchaseRun, stage: Stage): void {
  run.stage = stage;
  const { outcome, parked } = run;
  if (outcome === undefined) return;
  if (isRefusal(outcome)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${outcome.refused}\`): ${outcome.detail}`);
    return;
  }
  label(parked === undefined ? outcome.status : 'parked', { resource: outcome.bookingId ?? outcome.id, customer: outcome.customerId });
  const open = outcome.status === 'pending' || outcome.status === 'undoing';
  setCurrentDetails(
    [
      `**${parked === undefined ? `${capital(headline(outcome))}${open ? `: ${stages[stage].words}` : ''}` : `Parked: ${parked}. Signal \`resume\` tries again.`}**\n`,
      `- What: ${outcome.bookingId === undefined ? 'the basket' : `the vehicle of booking \`${outcome.bookingId}\``}`,
      `- Who: customer \`${outcome.customerId}\``,
      `- Price: ${price(outcome.amount, outcome.currency)}, payment \`${outcome.paymentId}\``,
      ...(outcome.status === 'pending' ? ['- Signal `cancel` stops it until the goods are handed over.'] : []),
    ].join('\n'),
  );
}

function headline({ status, reason, bookingId }: PurchaseView): string {
  if (status === 'completed') return bookingId === undefined ? 'completed: the customer has the goods, the sellers their share' : 'completed: the vehicle is the customer\'s';
  return reason === undefined || reason === status ? status : `${status} (${reason.replaceAll('_', ' ')})`;
}
