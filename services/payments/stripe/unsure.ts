/** What could not be settled about Stripe, and what is done until it is. */
import type { Unsure } from '../failures.ts';

export const stripeUnsure = [
  {
    what: 'For how long Stripe answers with a stored 500 under the same key: 24 hours at least, with no upper bound.',
    meanwhile: 'A stored 500 is an unknown like any other. The look-up decides; when it finds nothing the key is used again, and works once Stripe has forgotten it.',
    source: 'docs.stripe.com/idempotency',
  },
  {
    what: 'Whether the header Idempotent-Replayed comes with every replayed answer.',
    meanwhile: 'Nothing depends on it; it is only named in the message for people.',
    source: 'docs.stripe.com/error-low-level',
  },
  {
    what: 'How far the search lags behind: usually below a minute, up to an hour in an outage, and accounts in India have none.',
    meanwhile: 'A hit is believed after the payment itself was read, a miss never: the list decides, which docs.stripe.com/search names for what must be seen at once.',
    source: 'docs.stripe.com/search',
  },
  {
    what: 'When a request that was sent but not answered is through: it may be executed after a look-up that found nothing.',
    meanwhile: 'A repeat has the same key and cannot be executed twice. What is executed after its payment was given up is late money: the webhook or the reconciliation makes the flow ask, and it is used or given back.',
    source: 'no source found',
  },
  {
    what: 'Whether a PaymentIntent that was declined can be paid by someone who saw its client secret in the return address.',
    meanwhile: 'The secret itself is not kept, but the address that Stripe redirects to may carry it, and that is kept with the payment and is in the history of its flow. It is handed to the payer only as a part of this address, and shown only while the payment is open. Cancelling a declined payment closes it for good, and is safe to do.',
    source: 'docs.stripe.com/payments/paymentintents/lifecycle',
  },
  {
    what: 'Which decline codes a card network may add.',
    meanwhile: 'A decline that is not in the table is card_declined, and the code is kept.',
    source: 'docs.stripe.com/declines/codes',
  },
] as const satisfies readonly Unsure[];
