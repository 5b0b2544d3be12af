/**
 * What an endpoint should be registered for (`enabled_events`). That a PaymentIntent was made is not among them: whoever
 * made it knows, and it would be every second notification of a payment by card.
 */
export const stripeEvents = [
  'payment_intent.processing', 'payment_intent.requires_action', 'payment_intent.amount_capturable_updated', 'payment_intent.succeeded',
  'payment_intent.payment_failed', 'payment_intent.canceled', 'charge.refunded', 'refund.created', 'refund.updated', 'refund.failed',
] as const;
