/** How an invoice flow is labelled when it starts, whoever starts it. */
import { searchAttributes } from '../search-attributes.ts';
import { priorityFor, queueOfWorkflow, taskQueues } from '../task-queues.ts';
import type { InvoiceInput } from './flow.ts';

export function invoiceLabels({ tenantId, subject }: InvoiceInput) {
  return {
    priority: priorityFor(taskQueues[queueOfWorkflow.invoice].urgency, tenantId),
    typedSearchAttributes: [
      { key: searchAttributes.tenant, value: tenantId },
      // It has its number within its first task, so it starts out labelled so and saves a write.
      { key: searchAttributes.status, value: 'numbered' },
      { key: searchAttributes.resource, value: subject.id },
    ],
    staticSummary: `Invoice for ${subject.kind} ${subject.id}`,
    staticDetails: `Tenant \`${tenantId}\`, ${subject.kind} \`${subject.id}\`. Made once, however often it is asked for; it cannot be cancelled. Update: \`begin\` answers the number.`,
  };
}
