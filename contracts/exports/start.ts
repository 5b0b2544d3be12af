/** How an export flow is labelled when it starts, whoever starts it. */
import { searchAttributes } from '../search-attributes.ts';
import { priorityFor, queueOfWorkflow, taskQueues } from '../task-queues.ts';
import type { ExportInput } from './flow.ts';

export function exportLabels({ tenantId, exportId, request }: ExportInput) {
  return {
    priority: priorityFor(taskQueues[queueOfWorkflow.export].urgency, tenantId),
    typedSearchAttributes: [
      { key: searchAttributes.tenant, value: tenantId },
      // It begins to write within its first task, so it starts out labelled so and saves a write.
      { key: searchAttributes.status, value: 'running' },
      ...(request === undefined ? [] : [{ key: searchAttributes.resource, value: request.dataset }]),
      ...(request?.requestedBy === undefined ? [] : [{ key: searchAttributes.customer, value: request.requestedBy }]),
    ],
    staticSummary: request === undefined ? `Export ${exportId}, picked up again` : `Export of ${request.dataset} as ${request.format}`,
    staticDetails: `Tenant \`${tenantId}\`, export \`${exportId}\`. Signal: \`cancel\` (nothing of it is kept). Each attempt reads one moment of the database and writes a file of its own.`,
  };
}
