/** What Stripe's codes mean for us. */
import type { DeclineRow, RefusalRow, Treatment } from '../failures.ts';

const codes = 'docs.stripe.com/declines/codes';
const errors = 'docs.stripe.com/error-codes; stripe-node 23.1.0 types';

/**
 * `decline_code`, else `code`, of a declined card. All are final for this payment, also those that may pass later: the
 * payer may begin another.
 */
export const declines = {
  insufficient_funds: { decline: 'insufficient_funds', source: codes },
  withdrawal_count_limit_exceeded: { decline: 'limit_exceeded', source: codes },
  card_velocity_exceeded: { decline: 'limit_exceeded', source: codes },
  expired_card: { decline: 'card_expired', source: codes },
  incorrect_cvc: { decline: 'incorrect_cvc', source: codes },
  invalid_cvc: { decline: 'incorrect_cvc', source: codes },
  fraudulent: { decline: 'fraud_suspected', source: codes },
  merchant_blacklist: { decline: 'fraud_suspected', source: codes },
  lost_card: { decline: 'card_declined', source: `${codes}; that it was reported lost is not told to the payer` },
  stolen_card: { decline: 'card_declined', source: `${codes}; that it was reported stolen is not told to the payer` },
  pickup_card: { decline: 'card_declined', source: codes },
  restricted_card: { decline: 'card_declined', source: codes },
  do_not_honor: { decline: 'card_declined', source: codes },
  do_not_try_again: { decline: 'card_declined', source: codes },
  generic_decline: { decline: 'card_declined', source: codes },
  card_declined: { decline: 'card_declined', source: codes },
  authentication_required: { decline: 'authentication_failed', source: codes },
  payment_intent_authentication_failure: { decline: 'authentication_failed', source: errors },
  invalid_account: { decline: 'method_invalid', source: codes },
  incorrect_number: { decline: 'method_invalid', source: codes },
  invalid_number: { decline: 'method_invalid', source: codes },
  invalid_expiry_month: { decline: 'method_invalid', source: codes },
  invalid_expiry_year: { decline: 'method_invalid', source: codes },
  card_not_supported: { decline: 'method_invalid', source: codes },
  currency_not_supported: { decline: 'method_invalid', source: codes },
  processing_error: { decline: 'bank_unavailable', source: codes },
  try_again_later: { decline: 'bank_unavailable', source: codes },
  reenter_transaction: { decline: 'bank_unavailable', source: codes },
  issuer_not_available: { decline: 'bank_unavailable', source: codes },
  payment_intent_payment_attempt_expired: { decline: 'payer_timed_out', source: errors },
} as const satisfies Record<string, DeclineRow>;

/** Why a PaymentIntent was cancelled (`cancellation_reason`). */
export const cancellations = {
  fraudulent: { decline: 'fraud_suspected', source: 'stripe-node 23.1.0 types' },
  abandoned: { decline: 'payer_timed_out', source: 'stripe-node 23.1.0 types' },
  expired: { decline: 'payer_timed_out', source: 'stripe-node 23.1.0 types' },
} as const satisfies Record<string, DeclineRow>;

/** `code`, else `type`, of an error that is no decline. What is not listed goes by its HTTP status. */
export const refusals = {
  // Something was done under this key, with other parameters: what, is found by looking.
  idempotency_error: { treat: 'unknown', source: 'docs.stripe.com/idempotency' },
  // The attempt before is still being worked on.
  idempotency_key_in_use: { treat: 'unknown', source: errors },
  lock_timeout: { treat: 'busy', source: errors },
  rate_limit: { treat: 'busy', source: errors },
  payment_intent_unexpected_state: { treat: 'state', source: errors },
  charge_already_captured: { treat: 'state', source: errors },
  charge_expired_for_capture: { treat: 'state', source: errors },
  capture_charge_authorization_expired: { treat: 'state', source: errors },
  charge_already_refunded: { treat: 'state', source: errors },
} as const satisfies Record<string, RefusalRow>;

/** Codes of a refused refund that end it: the same refund would be refused again. */
const refundRefusals: ReadonlySet<string> = new Set([
  'charge_already_refunded', 'charge_disputed', 'refund_disputed_payment', 'amount_too_large', 'amount_too_small',
  'charge_not_refundable', 'parameter_invalid_integer', 'invalid_charge_amount',
]);

/** More than is left comes without a code; what is wrong is the amount then (docs.stripe.com/api/refunds/create: "raises an error"). */
export const endsRefund = ({ code, rawType, param, statusCode }: { readonly code?: string | undefined; readonly rawType?: string | undefined; readonly param?: string | undefined; readonly statusCode?: number | undefined }): boolean =>
  code === undefined ? statusCode === 400 && rawType === 'invalid_request_error' && param === 'amount' : refundRefusals.has(code);

export function treatmentOfStatus(status: number): Treatment {
  if (status === 429) return 'busy';
  // 409: two requests at once. 424: a party behind Stripe failed. 3xx: not from Stripe at all.
  if (status >= 500 || status === 409 || status === 424 || status < 400) return 'unknown';
  return 'final';
}
