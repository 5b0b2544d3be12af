/** What a person reads in the Web UI: over what, for whom, how far, and why it stopped. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { InvoiceView } from '../../contracts/invoices/schemas.ts';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';
import { amount as count, price } from '../words.ts';

export function progressOf(outcome: InvoiceView | Refusal | undefined): FlowProgress {
  if (outcome === undefined) return { percent: 10, step: 'giving it a number' };
  if (isRefusal(outcome)) return { percent: 100, step: `refused: ${outcome.detail}` };
  return outcome.status === 'numbered' ? { percent: 50, step: `drawing ${outcome.number}` } : { percent: 100, step: `${outcome.number} is stored` };
}

export function tellNumbered(invoice: InvoiceView): void {
  setCurrentDetails(`**${invoice.number} is being drawn**\n\n${facts(invoice)}`);
}

export function tellStored(invoice: InvoiceView): void {
  // A flow starts out labelled `numbered`, which it is within its first task.
  label('stored', { customer: invoice.customerId });
  setCurrentDetails(`**${invoice.number} can be downloaded**\n\n${facts(invoice)}\n- PDF: ${count(invoice.bytes ?? 0)} bytes, SHA-256 \`${invoice.sha256 ?? ''}\``);
}

export function tellUndrawn(invoice: InvoiceView): void {
  label('failed', { customer: invoice.customerId });
  setCurrentDetails(`**${invoice.number} has its number, but its PDF could not be drawn and stored**\n\n${facts(invoice)}\n- Asked for again, it is drawn again, under the same number.`);
}

export function tellRefused({ refused, detail }: Refusal): void {
  label('refused');
  setCurrentDetails(`**Refused** (\`${refused}\`): ${detail}`);
}

const facts = ({ subject, customerId, amount, currency, issuedAt, paymentId }: InvoiceView): string =>
  [`- Over: ${subject.kind} \`${subject.id}\`, payment \`${paymentId}\``, `- For: customer \`${customerId}\``, `- Amount: ${price(amount, currency)}`, `- Issued: ${issuedAt.slice(0, 10)}`].join('\n');
