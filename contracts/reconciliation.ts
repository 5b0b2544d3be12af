/** Reconciliation: what we have written down, compared with what the gateways say. */
import { z } from 'zod';
import { gatewayNames } from './payments/flow.ts';
import { pageQuery, text } from './values.ts';

/** Workflow id of a run that a tenant asked for; a scheduled one has the schedule's. */
export const reconciliationRunWorkflowId = (tenantId: string, runId: string): string => `reconciliation:${tenantId}:${runId}`;

/**
 * Input of the reconciliation workflow. A run of the schedule has none: it is for all tenants.
 */
export interface ReconciliationInput {
  readonly tenantId: string;
  readonly runId: string;
}

/**
 * missing_here: the gateway holds money for a payment that we do not know. missing_there: the gateway does not know a
 * payment that we count as paid. The next four: both know it and disagree. stuck: nothing has gone on with it for longer
 * than it should take, and asking its flow to look did not help; or a refund has not been done for ten days.
 */
export const caseKinds = ['missing_here', 'missing_there', 'amount_differs', 'state_differs', 'refund_differs', 'ledger_differs', 'stuck'] as const;
export type CaseKind = (typeof caseKinds)[number];

export const caseStatuses = ['open', 'resolved'] as const;

/** One side of a difference: a state and amounts, nothing about the payer. What a gateway says is shown as it says it, whatever that is. */
const side = z.object({
  state: z.string().describe('Ours: the status of the payment. Theirs: open, authorised, captured, failed or absent.'),
  amount: z.number().optional(),
  currency: z.string().optional(),
  captured: z.number().optional(),
  refunded: z.number().optional(),
  ledger: z.int().optional().describe('What the ledger says that the gateway holds of this payment.'),
});
export type Side = z.infer<typeof side>;

export const evidence = z.object({ ours: side.optional().describe('Absent when the payment is not known here.'), theirs: side });
export type Evidence = z.infer<typeof evidence>;

export const caseView = z.object({
  id: z.string().describe('case_…, sortable by time.'),
  gateway: z.enum(gatewayNames),
  kind: z.enum(caseKinds),
  status: z.enum(caseStatuses),
  paymentId: z.string().optional(),
  gatewayRef: z.string().optional(),
  evidence,
  note: z.string().optional(),
  resolvedBy: z.enum(['reconciliation', 'operator']).optional().describe('reconciliation: the difference was gone.'),
  firstSeenAt: z.string(),
  lastSeenAt: z.string(),
  resolvedAt: z.string().optional(),
});
export type CaseView = z.infer<typeof caseView>;

export const listCasesQuery = z.strictObject({
  status: z.enum(caseStatuses).optional(),
  kind: z.enum(caseKinds).optional(),
  gateway: z.enum(gatewayNames).optional(),
  ...pageQuery,
});
export type ListCases = z.infer<typeof listCasesQuery>;

export const resolveCaseBody = z.strictObject({ note: text(500).meta({ description: 'What was found out or done.', example: 'Refunded by hand at the gateway; booked as a fee.' }) });

/** incomplete: a gateway could not be asked about everything; the next run looks back as far again. */
export const runStatuses = ['running', 'completed', 'incomplete'] as const;

/** What was done so far. */
export const tally = z.object({
  compared: z.int().describe('Payments that were compared.'),
  opened: z.int().describe('New cases.'),
  resolved: z.int().describe('Cases whose difference was gone.'),
  poked: z.int().describe('Payments whose flow was told to ask the gateway again.'),
  unanswered: z.int().describe('Payments that the gateway refused to say anything about.'),
  unattributed: z.int().describe('Charges at a gateway that name no shop of ours. Counted by scheduled runs of several shops only.'),
});
export type Tally = z.infer<typeof tally>;
export const nothingYet: Tally = { compared: 0, opened: 0, resolved: 0, poked: 0, unanswered: 0, unattributed: 0 };

export const runView = z.object({
  id: z.string().describe('run_…'),
  status: z.enum(runStatuses),
  ...tally.shape,
  startedAt: z.string(),
  endedAt: z.string().optional(),
});
export type RunView = z.infer<typeof runView>;
