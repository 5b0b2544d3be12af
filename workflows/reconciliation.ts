/**
 * Reconciliation: what we have written down, compared with what each gateway says. Every difference becomes a case; what
 * a payment's own flow can clear up is left to it first.
 */
import { isCancellation, setCurrentDetails, setHandler, TemporalFailure, workflowInfo } from '@temporalio/workflow';
import type { ReconciliationPlan } from '../activities/reconciliation.ts';
import { flowMessages } from '../contracts/flow-messages.ts';
import type { GatewayName } from '../contracts/payments/flow.ts';
import type { ReconciliationInput, Tally } from '../contracts/reconciliation.ts';
import { reconciling } from './proxies.ts';
import { capital } from './words.ts';

export interface ReconciliationResult extends Tally {
  /** Gateways that could not be asked about everything. */
  readonly unreachable: readonly GatewayName[];
}

/** @param input absent when the schedule starts it: then it is for all tenants. */
export async function reconciliation(input?: ReconciliationInput): Promise<ReconciliationResult> {
  const runId = input?.runId ?? workflowInfo().workflowId;
  let step = 'looking up what is to be compared';
  let percent = 0;
  setHandler(flowMessages.progress, () => ({ percent, step }));
  const tell = (text: string): void => {
    step = text;
    setCurrentDetails(`**${capital(text)}**\n\n- For: ${input === undefined ? 'all shops' : `shop \`${input.tenantId}\``}`);
  };
  tell(step);

  const plan = await reconciling.beginReconciliation(runId, input?.tenantId);
  const done: Tally[] = [];
  const unreachable: GatewayName[] = [];
  // One after the other: a slow gateway must not take every place of the queue.
  for (const gateway of plan.gateways) {
    tell(`comparing with ${gateway}`);
    const tally = await compared(plan, gateway, input?.tenantId);
    if (tally === undefined) unreachable.push(gateway);
    else done.push(tally);
    percent = Math.round((100 * (done.length + unreachable.length)) / (plan.gateways.length + 1));
  }
  const total = sumOf(done);
  await reconciling.endReconciliation(runId, unreachable.length === 0 ? 'completed' : 'incomplete', total);
  percent = 100;
  tell(`${total.compared} payments compared, ${total.opened} new cases, ${total.resolved} resolved, ${total.poked} told to ask again${unreachable.length === 0 ? '' : `; not reached: ${unreachable.join(', ')}`}`);
  return { ...total, unreachable };
}

/** @returns nothing when the gateway is away: that must not keep the others from being compared. */
async function compared({ fromMs, toMs }: ReconciliationPlan, gateway: GatewayName, tenantId: string | undefined): Promise<Tally | undefined> {
  try {
    return await reconciling.compareWithGateway({ gateway, fromMs, toMs, ...(tenantId !== undefined && { tenantId }) });
  } catch (error) {
    // Anything else is a defect of this code; a cancellation ends the run.
    if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
    return undefined;
  }
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (pick: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + pick(tally), 0);
  return {
    compared: sum(({ compared }) => compared),
    opened: sum(({ opened }) => opened),
    resolved: sum(({ resolved }) => resolved),
    poked: sum(({ poked }) => poked),
    unanswered: sum(({ unanswered }) => unanswered),
    unattributed: sum(({ unattributed }) => unattributed),
  };
}
