/** What Stripe answers, checked and turned into our states. */
import { z } from 'zod';
import { rowOf } from '../failures.ts';
import { GatewayError, type Charge, type ChargeState, type Decline, type ListedCharge, type RefundState } from '../gateway.ts';
import { unreadable, type Asked } from '../http.ts';
import { fromStripeAmount } from './amounts.ts';
import { cancellations, declines } from './failures.ts';

const count = z.int().nonnegative();

const declineSchema = z.object({ code: z.string().nullish(), decline_code: z.string().nullish(), message: z.string().nullish() });

const intentSchema = z.object({
  id: z.string(),
  object: z.literal('payment_intent'),
  amount: count,
  amount_received: count,
  currency: z.string(),
  status: z.string(),
  capture_method: z.string(),
  created: z.number(),
  livemode: z.boolean(),
  // Asked for whole, as only the charge says how much of it was refunded.
  latest_charge: z.object({ id: z.string(), amount_refunded: count }).nullish(),
  last_payment_error: declineSchema.nullish(),
  cancellation_reason: z.string().nullish(),
  next_action: z.object({ type: z.string(), redirect_to_url: z.object({ url: z.string().nullish() }).nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()),
});
type Intent = z.infer<typeof intentSchema>;

const refundSchema = z.object({
  id: z.string(),
  object: z.literal('refund'),
  amount: count,
  currency: z.string(),
  status: z.string().nullable(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** @throws {GatewayError} when it is not what Stripe answers. */
export function readIntent(answer: unknown, asked: Asked): Intent {
  const read = intentSchema.safeParse(answer);
  if (!read.success) throw unreadable('stripe', asked, `the payment is not readable at ${where(read.error)}.`);
  return read.data;
}

export function intentState(answer: unknown, asked: Asked): ChargeState {
  const intent = readIntent(answer, asked);
  const currency = intent.currency.toUpperCase();
  const known = { gatewayRef: intent.id, amountMinor: fromStripeAmount(intent.amount, currency), currency, answer: record(intent) };
  switch (intent.status) {
    case 'succeeded':
      return {
        ...known,
        state: 'captured',
        capturedMinor: fromStripeAmount(intent.amount_received, currency),
        refundedMinor: fromStripeAmount(intent.latest_charge?.amount_refunded ?? 0, currency),
      };
    case 'requires_capture':
      return { ...known, state: 'authorised' };
    case 'processing':
      return { ...known, state: 'open', processing: true };
    case 'requires_action':
    case 'requires_confirmation': {
      const redirectUrl = intent.next_action?.redirect_to_url?.url ?? undefined;
      return { ...known, state: 'open', ...(redirectUrl !== undefined && { redirectUrl }) };
    }
    case 'requires_payment_method':
      // Without an error it was never tried: what created it broke off.
      if (intent.last_payment_error == null) return { ...known, state: 'open' };
      return { state: 'failed', decline: declineOf(intent.last_payment_error), gatewayRef: intent.id, answer: known.answer };
    case 'canceled': {
      const reason = intent.cancellation_reason ?? 'canceled';
      const code = rowOf(cancellations, reason)?.decline ?? 'cancelled';
      return { state: 'failed', decline: { code, gatewayCode: reason, message: 'The payment was cancelled.' }, gatewayRef: intent.id, answer: known.answer };
    }
    default:
      throw unreadable('stripe', asked, `the status ${intent.status.slice(0, 40)} is not known.`);
  }
}

export function declineOf(error: z.infer<typeof declineSchema>): Decline {
  const gatewayCode = error.decline_code ?? error.code ?? 'declined';
  const row = rowOf(declines, error.decline_code) ?? rowOf(declines, error.code);
  return { code: row?.decline ?? 'card_declined', gatewayCode, message: (error.message ?? 'The payment was declined.').slice(0, 300) };
}

export function listedCharge(answer: unknown): ListedCharge {
  const { metadata } = readIntent(answer, 'question');
  return { paymentId: metadata['paymentId'], tenantId: metadata['tenantId'], state: intentState(answer, 'question') };
}

export function refundState(answer: unknown, asked: Asked): RefundState {
  const read = refundSchema.safeParse(answer);
  if (!read.success) throw unreadable('stripe', asked, `the refund is not readable at ${where(read.error)}.`);
  const { id, status, amount, failure_reason: reason } = read.data;
  const currency = read.data.currency.toUpperCase();
  const record = { id, status, amount, currency, ...(reason != null && { failure_reason: reason }) };
  const known = { gatewayRef: id, amountMinor: fromStripeAmount(amount, currency), answer: record };
  switch (status) {
    case 'succeeded':
      return { ...known, state: 'succeeded' };
    case 'pending':
    case 'requires_action':
      return { ...known, state: 'open' };
    case 'failed':
    case 'canceled':
      return { state: 'failed', gatewayCode: reason ?? status, message: 'The refund did not reach the payer.', gatewayRef: id, answer: record };
    default:
      throw unreadable('stripe', asked, `the refund's status ${String(status).slice(0, 40)} is not known.`);
  }
}

/** Shops may share an account, and only a shop's own payments are told apart by their ids. */
export const isOf = (metadata: Readonly<Record<string, string>> | null | undefined, { paymentId, tenantId }: Charge): boolean =>
  metadata?.['paymentId'] === paymentId && (metadata['tenantId'] ?? tenantId) === tenantId;

/** A look-up by id must not answer for another payment. @throws {GatewayError} */
export function belongsTo(answer: unknown, charge: Charge): void {
  const { metadata } = readIntent(answer, 'question');
  if (metadata['paymentId'] === undefined || isOf(metadata, charge)) return;
  throw new GatewayError('stripe', 'final', 'other_payment', 'This PaymentIntent belongs to another payment.');
}

/** What is kept: no client secret, nothing about the card or its holder. */
function record(intent: Intent): Readonly<Record<string, unknown>> {
  const { id, status, amount, amount_received, currency, capture_method, created, livemode, latest_charge: charge, last_payment_error: error } = intent;
  return {
    id, status, amount, amount_received, currency, capture_method, created, livemode,
    ...(charge != null && { latest_charge: charge.id, amount_refunded: charge.amount_refunded }),
    ...(error != null && { last_payment_error: { code: error.code, decline_code: error.decline_code } }),
    ...(intent.cancellation_reason != null && { cancellation_reason: intent.cancellation_reason }),
    ...(intent.next_action != null && { next_action: intent.next_action.type }),
  };
}

const where = (error: z.ZodError): string => error.issues[0]?.path.join('.') || 'its top';
