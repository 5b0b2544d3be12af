/** Flows: one shape for every business process, whatever it does. One flow is one Temporal workflow. */
import { z } from 'zod';
import { pageQuery } from './values.ts';
import { bookingWorkflowId, exportWorkflowId, importWorkflowId, orderWorkflowId, paymentWorkflowId, purchaseWorkflowId, uploadWorkflowId } from './workflow-ids.ts';

export * from './workflow-ids.ts';

/** Workflow types that belong to a tenant, by the name that Temporal shows. */
export const flowTypes = ['booking', 'payment', 'purchase', 'order', 'invoice', 'import', 'export', 'upload'] as const;
export type FlowType = (typeof flowTypes)[number];

/** By the prefix of the business id. An invoice is not here: its flow goes by what the invoice is for. */
const workflowIds = new Map([
  ['bkg_', bookingWorkflowId],
  ['pay_', paymentWorkflowId],
  ['pur_', purchaseWorkflowId],
  ['ord_', orderWorkflowId],
  ['imp_', importWorkflowId],
  ['exp_', exportWorkflowId],
  ['upl_', uploadWorkflowId],
]);

/** @returns undefined for an id that does not say by itself which flow it has. */
export const workflowIdOf = (businessId: string): string | undefined => workflowIds.get(businessId.slice(0, 4))?.(businessId);

/** Temporal's own states, in lower case. */
export const flowStatuses = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed_out'] as const;
export type FlowStatus = (typeof flowStatuses)[number];

export const flowView = z.object({
  id: z.string().describe('The workflow id: `<flow>:<business id>`.'),
  type: z.enum(flowTypes),
  status: z.enum(flowStatuses),
  businessStatus: z.string().optional().describe('The state in the words of the flow, e.g. `held`.'),
  summary: z.string().optional().describe('What it is, in a line. Not in a list.'),
  resource: z.string().optional().describe('What it is about: what is booked, paid for or invoiced, the product, the dataset.'),
  customer: z.string().optional().describe('For whom it is, or who asked for it.'),
  progress: z.number().min(0).max(100).optional().describe('0–100. In a list: only 100 for a flow that has ended.'),
  step: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  webUrl: z.string().optional().describe('This flow in the Temporal Web UI.'),
});
export type FlowView = z.infer<typeof flowView>;

export const listFlowsQuery = z.strictObject({
  status: z.enum(flowStatuses).optional(),
  type: z.enum(flowTypes).optional(),
  ...pageQuery,
});
export type ListFlows = z.infer<typeof listFlowsQuery>;

export const flowActions = ['retry', 'cancel', 'pause', 'resume'] as const;
export type FlowAction = (typeof flowActions)[number];
