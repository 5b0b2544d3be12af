/** How a flow is started that is about one thing of a tenant's, whoever starts it. */
import { priorityFor, queueOfWorkflow, taskQueues, workflowTaskTimeout } from './task-queues.ts';

export function startOf<Input extends { readonly tenantId: string }>(type: keyof typeof queueOfWorkflow, workflowId: string, input: Input) {
  const taskQueue = queueOfWorkflow[type];
  return {
    workflowId,
    taskQueue,
    workflowTaskTimeout,
    args: [input] as [Input],
    // The id is that of the thing: a running flow takes the message, an ended one is followed by a run that picks the thing up.
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    priority: priorityFor(taskQueues[taskQueue].urgency, input.tenantId),
  };
}
