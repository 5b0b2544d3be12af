/** What a run of a payment's flow knows, and how it goes on as another. */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Refusal } from '../../contracts/failures.ts';
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import type { inTurn } from '../bookings/messages.ts';
import type { payment } from './index.ts';

export interface PaymentRun {
  readonly ref: { readonly tenantId: string; readonly paymentId: string };
  /** The payment as the database last answered it, or why there is none. Absent until that is known. */
  outcome: PaymentView | Refusal | undefined;
  cancel: boolean;
  resume: boolean;
  /** A gateway told something. */
  look: boolean;
  /** How often one did. */
  told: number;
  /** Refunds that were asked for, and have not been carried through yet. */
  readonly wanted: string[];
  /**
   * A worker answers local activities in the order in which they ended, but a replay in the order in which they began. So
   * there is only ever one, or a flow that took two refunds at once could not go on after its worker died.
   */
  readonly inTurn: ReturnType<typeof inTurn>;
  /** How often it was unknown what had happened: each time the gateway is asked later than the time before. */
  unknowns: number;
  /** What could not be done although it was tried repeatedly. */
  parked: string | undefined;
}

/** Far below the limit of a history; a gateway may be away for weeks. */
const eventsAtMost = 2_000;

/** Goes on as a new run before the history gets too long: what this one knows is in the database. */
export async function renew(run: PaymentRun): Promise<void> {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (historyLength < eventsAtMost && !continueAsNewSuggested) return;
  await condition(allHandlersFinished);
  await continueAsNew<typeof payment>({ ...run.ref, ...(run.cancel && { cancel: true }) });
}
