/** The test payment methods, and what a bank says to each. */

export interface CardProblem {
  readonly code: string;
  readonly declineCode: string;
  readonly message: string;
}

export type MethodOutcome = { readonly kind: 'approved' } | { readonly kind: 'authentication' } | { readonly kind: 'declined'; readonly problem: CardProblem };

/** Codes that Stripe gives by themselves; every other decline is `card_declined` with a `decline_code`. */
const messages: Readonly<Record<string, string>> = {
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
  insufficient_funds: 'Your card has insufficient funds.',
  authentication_required: 'Your card was declined. This transaction requires authentication.',
};

const ownCodes = new Set(['expired_card', 'incorrect_cvc', 'processing_error', 'authentication_required']);

export const cardProblem = (declineCode: string): CardProblem => ({
  code: ownCodes.has(declineCode) ? declineCode : 'card_declined',
  declineCode,
  message: messages[declineCode] ?? 'Your card was declined.',
});

const approving = new Set(['pm_card_visa', 'pm_card_visa_debit', 'pm_card_mastercard', 'pm_card_mastercard_debit', 'pm_card_amex', 'pm_card_discover', 'pm_card_diners', 'pm_card_jcb', 'pm_card_unionpay']);
const authenticating = new Set(['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required']);
const declining: Readonly<Record<string, string>> = {
  '': 'generic_decline',
  InsufficientFunds: 'insufficient_funds',
  LostCard: 'lost_card',
  StolenCard: 'stolen_card',
  VelocityLimitExceeded: 'card_velocity_exceeded',
  Fraudulent: 'fraudulent',
  ExpiredCard: 'expired_card',
  IncorrectCvc: 'incorrect_cvc',
  ProcessingError: 'processing_error',
};
const decliningName = /^pm_card_(?:visa_)?chargeDeclined(\w*)$/;

/** @returns undefined for a method that does not exist. */
export function outcomeOf(method: string): MethodOutcome | undefined {
  if (approving.has(method)) return { kind: 'approved' };
  if (authenticating.has(method)) return { kind: 'authentication' };
  const declined = decliningName.exec(method)?.[1];
  const code = declined !== undefined && Object.hasOwn(declining, declined) ? declining[declined] : undefined;
  return code === undefined ? undefined : { kind: 'declined', problem: cardProblem(code) };
}
