/** What a person reads in the Web UI: who ordered, for how much, how far it is, and why it was undone. */
import { setCurrentDetails } from '@temporalio/workflow';
import { isRefusal } from '../../contracts/failures.ts';
import { hasEnded, type OrderStatus, type OrderStep } from '../../contracts/orders/flow.ts';
import type { OrderState } from '../../contracts/orders/schemas.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { price } from '../words.ts';
import type { OrderRun } from './run.ts';

const percents: Record<OrderStep, number> = { validation: 5, payment: 20, stock: 50, shipping: 60, confirmation: 75, warehouse: 90 };
const doing: Record<OrderStep, string> = {
  validation: 'Checking the order',
  payment: 'Being paid',
  stock: 'Putting the goods aside',
  shipping: 'Buying the label',
  confirmation: 'Confirming the order',
  warehouse: 'Handing over to the warehouse',
};

export function progressOf({ outcome, parked }: OrderRun): FlowProgress {
  if (outcome === undefined) return { percent: 0, step: doing.validation };
  if (isRefusal(outcome)) return { percent: 100, step: `refused: ${outcome.detail}` };
  const percent = hasEnded(outcome) ? 100 : percents[outcome.step];
  return { percent, step: parked === undefined ? headline(outcome) : `Parked: the ${parked.step} could not be undone (${parked.why})` };
}

export function tell({ outcome, parked }: OrderRun): void {
  if (outcome === undefined) return;
  if (isRefusal(outcome)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${outcome.refused}\`): ${outcome.detail}`);
    return;
  }
  label(parked === undefined ? labels[outcome.status] : 'parked', { resource: outcome.id, customer: outcome.customerId });
  const { customerId, amount, shipping, currency, paymentId, gateway, ships } = outcome;
  setCurrentDetails(
    [
      // Markdown wants an empty line before a list.
      `**${parked === undefined ? headline(outcome) : `Parked: the ${parked.step} could not be undone`}**\n`,
      ...(parked === undefined ? [] : [`- Why: ${parked.why}. Signal \`resume\` tries again; the steps before it wait.`]),
      `- Who: customer \`${customerId}\``,
      `- Amount: ${price(amount, currency)}${ships ? `, of which ${price(shipping, currency)} for shipping` : ', nothing is sent'}`,
      `- Payment: \`${paymentId}\` by ${gateway}`,
    ].join('\n'),
  );
}

function headline({ status, step, reason }: OrderState): string {
  const why = `${reason?.replaceAll('_', ' ') ?? 'unknown'}, at the ${step}`;
  switch (status) {
    case 'pending':
    case 'confirmed':
      return doing[step];
    case 'completed':
      return 'Completed: the warehouse has it';
    case 'undoing':
      return `Undoing what was done: ${why}`;
    case 'cancelled':
      return 'Cancelled: everything was undone';
    case 'failed':
      return `Failed: ${why}; everything was undone`;
  }
}

/** Confirmed lasts for a moment; an operator filters by what lasts. */
const labels: Record<OrderStatus, string> = { pending: 'pending', confirmed: 'pending', completed: 'completed', undoing: 'undoing', cancelled: 'cancelled', failed: 'failed' };
