/** The parties and the names of what can be asked of them, the same for faults and journal. */
import { z } from 'zod';

export const party = z.enum(['stripe', 'gopay', 'paytm']);
export type Party = z.infer<typeof party>;

/**
 * create: a payment is made known. authorise: the payer's money is asked for (at Stripe within a create or confirm, at
 * the others on the payer's page). lookup: any question. token: GoPay's OAuth.
 */
export const operation = z.enum(['create', 'authorise', 'capture', 'cancel', 'refund', 'lookup', 'token']);
export type Operation = z.infer<typeof operation>;

/** One call, as faults see it. */
export interface Call {
  readonly party: Party;
  /** A Stripe payment that is created and confirmed at once is both `create` and `authorise`. */
  readonly operations: readonly Operation[];
  /** The merchant's own id of the payment. */
  readonly paymentId?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly method?: string | undefined;
}
