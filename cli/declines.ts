/** Why money did not come, in words: what it means, and what can be done. */
import { failures, isFailureCode } from '../contracts/failures.ts';
import type { PaymentFailureCode } from '../contracts/payments/flow.ts';

interface Meaning {
  readonly means: string;
  readonly advice: string;
}

const another = 'The payer can pay with another card or in another way.';
const askBank = 'The payer should ask the bank, or pay in another way.';

const meanings: Record<PaymentFailureCode, Meaning> = {
  insufficient_funds: { means: 'Declined: there is not enough money on the account.', advice: another },
  card_declined: { means: 'Declined by the bank, which does not say why.', advice: askBank },
  card_expired: { means: 'Declined: the card has expired.', advice: another },
  incorrect_cvc: { means: "Declined: the card's security code is wrong.", advice: 'The payer should type it again, or pay in another way.' },
  fraud_suspected: { means: 'Declined: the bank or the gateway suspects fraud.', advice: 'Do not try the same card again.' },
  limit_exceeded: { means: 'Declined: it is over a limit of the card or the account.', advice: askBank },
  authentication_failed: { means: 'Declined: the payer could not be authenticated.', advice: 'The payer can try again and confirm it with the bank.' },
  method_invalid: { means: 'Refused: the gateway does not know this --method, or cannot use it.', advice: 'Correct --method; --help shows examples.' },
  payer_cancelled: { means: 'The payer has broken it off.', advice: 'Pay again if it is still wanted.' },
  payer_timed_out: { means: 'The payer did not act in time.', advice: 'Pay again if it is still wanted.' },
  bank_unavailable: { means: "The payer's bank did not decide.", advice: 'Try again later, or pay in another way.' },
  cancelled: { means: 'It was cancelled before it was taken.', advice: 'Pay again if it is still wanted.' },
  gateway_refused: { means: 'The gateway refused the request itself; nothing is wrong with the payer.', advice: "See that the gateway's settings are right." },
  gateway_unavailable: { means: 'The gateway could not be reached.', advice: 'Try again later, or use another --gateway.' },
  subject_gone: { means: 'What it was for could not be had any more.', advice: 'Choose something else.' },
};

const isPaymentFailure = (code: string): code is PaymentFailureCode => Object.hasOwn(meanings, code);

/** Of any reason that a payment, a purchase or an order has for coming to nothing. */
export function meaningOf(reason: string): string {
  if (isPaymentFailure(reason)) return meanings[reason].means;
  return isFailureCode(reason) ? failures[reason].meaning : reason.replaceAll('_', ' ');
}

/** @returns undefined for what is not about the payment. */
export const adviceFor = (reason: string): string | undefined => (isPaymentFailure(reason) ? meanings[reason].advice : undefined);
