/** What the Stripe side keeps. */
import { z } from 'zod';
import type { Core } from '../core/index.ts';
import type { Table } from '../core/store.ts';

const problem = z.object({ code: z.string(), declineCode: z.string(), message: z.string() });
const metadata = z.record(z.string(), z.string());

export const intentRow = z.object({
  id: z.string(),
  createdMs: z.number(),
  amount: z.int(),
  amountCapturable: z.int(),
  amountReceived: z.int(),
  amountRefunded: z.int(),
  currency: z.string(),
  status: z.enum(['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture', 'succeeded', 'canceled']),
  captureMethod: z.enum(['automatic', 'automatic_async', 'manual']),
  confirmationMethod: z.enum(['automatic', 'manual']),
  automaticMethods: z.object({ enabled: z.boolean(), allow_redirects: z.enum(['always', 'never']) }).nullable(),
  clientSecret: z.string(),
  metadata,
  method: z.string().nullable(),
  chargeId: z.string().nullable(),
  problem: problem.nullable(),
  returnUrl: z.string().nullable(),
  customer: z.string().nullable(),
  description: z.string().nullable(),
  receiptEmail: z.string().nullable(),
  canceledAtMs: z.number().nullable(),
  cancellationReason: z.string().nullable(),
});
export type Intent = z.infer<typeof intentRow>;

export const refundRow = z.object({
  id: z.string(),
  createdMs: z.number(),
  amount: z.int(),
  currency: z.string(),
  intentId: z.string(),
  chargeId: z.string(),
  status: z.enum(['succeeded', 'failed']),
  reason: z.string().nullable(),
  failureReason: z.string().nullable(),
  metadata,
});
export type Refund = z.infer<typeof refundRow>;

export const endpointRow = z.object({ id: z.string(), createdMs: z.number(), url: z.string(), secret: z.string(), events: z.array(z.string()), description: z.string().nullable(), metadata });
export type Endpoint = z.infer<typeof endpointRow>;

export const keyRow = z.object({ key: z.string(), atMs: z.number(), fingerprint: z.string(), requestId: z.string(), status: z.int(), body: z.string() });
export type KeptKey = z.infer<typeof keyRow>;

export interface StripeTables {
  readonly intents: Table<Intent>;
  readonly refunds: Table<Refund>;
  readonly endpoints: Table<Endpoint>;
  readonly keys: Table<KeptKey>;
}

export const stripeTables = ({ store }: Core): StripeTables => ({
  intents: store.table('stripe.intents', intentRow),
  refunds: store.table('stripe.refunds', refundRow),
  endpoints: store.table('stripe.endpoints', endpointRow),
  keys: store.table('stripe.keys', keyRow),
});

/** The merchant's own id, or ours when the merchant gave none. */
export const paymentIdOf = ({ id, metadata }: Pick<Intent, 'id' | 'metadata'>): string => metadata['paymentId'] ?? id;
