/**
 * What GoPay's codes mean for us. GoPay names the sub-states in its own library without their meanings; those are read
 * in other people's code, so nothing is decided by them: the state decides, they only say why.
 */
import type { DeclineRow, RefusalRow } from '../failures.ts';

const named = 'named in gopaycommunity/gopay-php-api PaymentSubStatus; meaning from third-party code only';

/** `sub_state` of a payment that is CANCELED or TIMEOUTED. */
export const declines = {
  _5006: { decline: 'insufficient_funds', source: `${named}; GoPay has no code of that name` },
  _5002: { decline: 'limit_exceeded', source: named },
  _5021: { decline: 'limit_exceeded', source: named },
  _5005: { decline: 'card_declined', source: named },
  _5039: { decline: 'card_declined', source: named },
  _5007: { decline: 'card_expired', source: named },
  _5008: { decline: 'incorrect_cvc', source: named },
  _5013: { decline: 'method_invalid', source: named },
  _5016: { decline: 'card_declined', source: named },
  _5009: { decline: 'authentication_failed', source: named },
  _5015: { decline: 'authentication_failed', source: named },
  _5017: { decline: 'authentication_failed', source: named },
  _5018: { decline: 'authentication_failed', source: named },
  _5019: { decline: 'authentication_failed', source: named },
  _6502: { decline: 'authentication_failed', source: named },
  _6504: { decline: 'authentication_failed', source: named },
  _5037: { decline: 'payer_cancelled', source: named },
  _5043: { decline: 'payer_cancelled', source: named },
  _5024: { decline: 'payer_timed_out', source: named },
  _5041: { decline: 'gateway_refused', source: named },
  _5003: { decline: 'bank_unavailable', source: named },
  _5004: { decline: 'bank_unavailable', source: named },
  _5012: { decline: 'bank_unavailable', source: named },
  _5022: { decline: 'bank_unavailable', source: named },
  _5031: { decline: 'bank_unavailable', source: named },
} as const satisfies Record<string, DeclineRow>;

const tested = 'gopaycommunity/gopay-php-api tests/integration';

/** `error_name` of a refusal. What is not listed goes by its HTTP status. */
export const refusals = {
  PAYMENT_CAPTURE_DONE: { treat: 'state', source: `${tested}/PreAuthorizationTest` },
  PAYMENT_AUTH_VOID_FAILED: { treat: 'state', source: `${tested}/PreAuthorizationTest` },
  PAYMENT_REFUND_NOT_SUPPORTED: { treat: 'state', source: `${tested}/RefundTest: the payment was refunded already` },
  PAYMENT_REFUND_WRONG_AMOUNT: { treat: 'state', source: 'named by our sandbox only; GoPay publishes no list' },
} as const satisfies Record<string, RefusalRow>;
