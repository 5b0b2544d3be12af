/** What a run knows about its order. */
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { OrderReason, OrderStep } from '../../contracts/orders/flow.ts';
import type { OrderState } from '../../contracts/orders/schemas.ts';

export interface OrderRun {
  readonly ref: { readonly tenantId: string; readonly orderId: string };
  /** The order as the database last answered it, or why there is none. Absent until that is known. */
  outcome: OrderState | Refusal | undefined;
  /** An earlier run may have taken steps, nobody knows which. */
  pickedUp: boolean;
  cancel: boolean;
  resume: boolean;
  /** Of the undo: the step that cannot be undone now, and why. */
  parked: { readonly step: string; readonly why: string } | undefined;
}

/** Where an order stopped on its way, and why. */
export interface Stop {
  readonly step: OrderStep;
  readonly reason: OrderReason;
  /** The order could not even be read, so nobody knows which steps an earlier run has taken. */
  readonly blind?: boolean;
}

export const orderOf = ({ outcome }: OrderRun): OrderState | undefined => (outcome === undefined || isRefusal(outcome) ? undefined : outcome);
