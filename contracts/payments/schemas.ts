/** Payments on the wire: what callers send and get. */
import { z } from 'zod';
import { amountMinor, currency, foreignId, pageQuery, text } from '../values.ts';
import { captureModes, gatewayNames, paymentFailureCodes, paymentStatuses, subjectKinds } from './flow.ts';

/** How to pay, as every call that pays takes it. */
export const howToPay = {
  gateway: z.enum(gatewayNames).meta({ example: 'stripe' }),
  method: text(100).optional().meta({ description: "The gateway's own name for how to pay. Stripe: a payment method id. GoPay, Paytm: an instrument, or nothing for the payer's choice.", example: 'pm_card_visa' }),
  amount: amountMinor.optional().describe('If given, it must be what is to be paid, or the call is refused.'),
  currency: currency.optional().describe('If given, it must be the currency of what is to be paid, or the call is refused.'),
};

/** A gateway would refuse these, and a payment that is refused costs the customer the booking. So they never begin. */
export const payBookingBody = z
  .strictObject({
    ...howToPay,
    capture: z.enum(captureModes).default('automatic').describe('manual: held first, and taken only when the booking is certain. Not at Paytm.'),
    customerId: foreignId.optional().describe('If given, the booking must be held by this customer.'),
  })
  .refine(({ gateway, method }) => gateway !== 'stripe' || method !== undefined, { path: ['method'], message: 'Stripe needs a payment method id' })
  .refine(({ gateway, capture }) => gateway !== 'paytm' || capture !== 'manual', { path: ['capture'], message: 'Paytm takes the money at once' });

export const refundBody = z.strictObject({
  amount: amountMinor.min(1).optional().meta({ description: 'Minor units. All that is left if absent.', example: 500 }),
  reason: text(200).optional().meta({ example: 'arrived a day late' }),
});

export const refundStatuses = ['requested', 'succeeded', 'failed'] as const;

export const refundView = z.object({
  id: z.string().describe('rfd_…'),
  paymentId: z.string(),
  status: z.enum(refundStatuses),
  amount: amountMinor,
  currency,
  reason: z.string().optional(),
  failure: z.string().optional().describe("Why the gateway refused it, in the gateway's words."),
  createdAt: z.string(),
});
export type RefundView = z.infer<typeof refundView>;

export const listRefundsQuery = z.strictObject({ status: z.enum(refundStatuses).optional(), ...pageQuery });
export type ListRefunds = z.infer<typeof listRefundsQuery>;

export const paymentView = z.object({
  id: z.string().describe('pay_…, sortable by time.'),
  status: z.enum(paymentStatuses),
  subject: z.object({ kind: z.enum(subjectKinds), id: z.string() }),
  customerId: z.string(),
  gateway: z.enum(gatewayNames),
  amount: amountMinor.describe('Minor units.'),
  currency,
  captured: amountMinor,
  refunded: amountMinor,
  redirectUrl: z.string().optional().describe('Where the payer has to go. Present while the payer has to act.'),
  payBy: z.string().describe('Until when the payer may act.'),
  processing: z.boolean().describe('The payer has acted, and the bank has not answered yet.'),
  failure: z.object({ code: z.enum(paymentFailureCodes), gatewayCode: z.string().optional(), message: z.string() }).optional(),
  gatewayRef: z.string().optional().describe("The gateway's own id."),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type PaymentView = z.infer<typeof paymentView>;

/** A payment that is not in the database yet. */
export const unmadePayment = z.object({ id: z.string(), status: z.enum(['created']) });
export type UnmadePayment = z.infer<typeof unmadePayment>;

export const listPaymentsQuery = z.strictObject({
  status: z.enum(paymentStatuses).optional(),
  gateway: z.enum(gatewayNames).optional(),
  customerId: foreignId.optional(),
  subjectId: foreignId.optional().describe('What is paid for: a booking, a purchase, an order.'),
  ...pageQuery,
});
export type ListPayments = z.infer<typeof listPaymentsQuery>;

export const accountBalance = z.object({
  account: z.string().describe('`gateway:<name>`: held by the gateway for the shop. `deposits`: owed to customers. `revenue`, `fees`: earned. `seller:<id>`: owed to a seller.'),
  currency,
  amount: z.int().describe('Minor units, debits positive: what is held is positive, what is owed or earned negative. All accounts of a currency sum to zero.'),
});
export type AccountBalance = z.infer<typeof accountBalance>;

/** So many accounts can be seen as they are in one moment: between two pages money moves. */
export const maxBalances = 10_000;

export const listBalancesQuery = z.strictObject({
  account: text(100).optional(),
  currency: currency.optional(),
  ...pageQuery,
  limit: z.coerce.number().int().min(1).max(maxBalances).default(1_000).describe('How many items a page has.'),
});
export type ListBalances = z.infer<typeof listBalancesQuery>;

export const ledgerEntryView = z.object({
  transactionId: z.string(),
  kind: z.string(),
  paymentId: z.string().optional(),
  account: z.string(),
  currency,
  amount: z.int(),
  at: z.string(),
});
export type LedgerEntryView = z.infer<typeof ledgerEntryView>;

export const listLedgerQuery = z.strictObject({ account: text(100).optional(), paymentId: foreignId.optional(), ...pageQuery });
export type ListLedger = z.infer<typeof listLedgerQuery>;
