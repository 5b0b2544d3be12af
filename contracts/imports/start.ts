/** How an import is labelled when it starts, whoever starts it. */
import type { Priority, SearchAttributePair } from '@temporalio/common';
import { searchAttributes } from '../search-attributes.ts';
import { priorityFor, queueOfWorkflow, taskQueues } from '../task-queues.ts';
import type { ImportInput } from './flow.ts';

export interface AboutImport {
  readonly dataset: string;
  readonly fileName?: string | undefined;
  readonly requestedBy?: string | undefined;
}

export interface ImportLabels {
  readonly priority: Priority;
  readonly typedSearchAttributes: SearchAttributePair[];
  readonly staticSummary: string;
  readonly staticDetails: string;
}

export function importLabels({ tenantId, importId }: ImportInput, about?: AboutImport): ImportLabels {
  return {
    priority: priorityFor(taskQueues[queueOfWorkflow.import].urgency, tenantId),
    typedSearchAttributes: [
      { key: searchAttributes.tenant, value: tenantId },
      ...(about === undefined
        ? []
        : [
            { key: searchAttributes.status, value: 'inspecting' },
            { key: searchAttributes.resource, value: about.dataset },
            ...(about.requestedBy === undefined ? [] : [{ key: searchAttributes.customer, value: about.requestedBy }]),
          ]),
    ],
    staticSummary: about === undefined ? `Import ${importId}, picked up again` : `${about.fileName ?? importId} → ${about.dataset}`,
    staticDetails: `Tenant \`${tenantId}\`, import \`${importId}\`. Signals: \`pause\`, \`resume\`, \`cancel\` (what is loaded stays), \`filesAdded\`.`,
  };
}
