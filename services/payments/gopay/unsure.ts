/** What could not be settled about GoPay, and what is done until it is. */
import type { Unsure } from '../failures.ts';

export const gopayUnsure = [
  {
    what: 'Whether a second payment with the same order_number is refused, and how to find a payment by its order_number.',
    meanwhile: 'A creation that was not answered is called absent and made anew. The orphan is harmless: nobody has the address of its page, so nobody can pay it, and it times out.',
    source: 'no source found',
  },
  {
    what: 'Whether there is a key of idempotency for refunds.',
    meanwhile: 'None is assumed. After an unknown the list of refunds decides, and it is not believed to be complete before a while has passed since the refund was last sent.',
    source: 'gopaycommunity/gopay-php-api src/Payments.php sends none',
  },
  {
    what: 'How two equal refunds of one payment are told apart: an entry of the list has nothing of ours.',
    meanwhile: 'An entry belongs to a refund when the amount is equal, it was not requested before the refund was made, and no other refund is known by its id (`otherRefs`). So refunds of one payment go one after the other.',
    source: 'gopaycommunity/gopay-java-api common/.../payment/Refund.java',
  },
  {
    what: 'How a refund of more than is left is refused: PAYMENT_REFUND_WRONG_AMOUNT is our own guess.',
    meanwhile: 'A refusal of that name ends the refund as failed. One of another name leaves it parked until somebody looks.',
    source: 'no source found; GoPay publishes no list of its errors',
  },
  {
    what: 'Whether an open payment can be cancelled: version 3 has no call for it.',
    meanwhile: 'Cancelling answers that it is still open; it ends as TIMEOUTED by itself, or is paid and then given back.',
    source: 'gopaycommunity/gopay-php-api src/Payments.php',
  },
  {
    what: 'Whether 500 for an id that does not exist is still so; an old test of the library expects it.',
    meanwhile: 'A look-up that gets 500 is repeated. Only ids that we know are looked up, so a made-up id in a notification costs nothing.',
    source: 'gopaycommunity/gopay-python-api tests/remote',
  },
  {
    what: 'The meanings of the sub-states, and that insufficient funds come as _5006 with CANCELED.',
    meanwhile: 'The state decides. A sub-state that is not in the table makes a CANCELED payment card_declined.',
    source: 'gopaycommunity/gopay-php-api src/Definition/Response/PaymentSubStatus.php has the names only',
  },
  {
    what: 'Rate limits, and whether 429 comes with Retry-After.',
    meanwhile: '429 is busy; Retry-After is heeded when it is there, for a minute at the most.',
    source: 'no source found',
  },
  {
    what: 'Which fields of a creation GoPay insists on.',
    meanwhile: 'Those are sent that its own libraries send. A refusal names the field, and the payment has failed before anything was taken.',
    source: 'gopaycommunity/gopay-php-api src/Payments.php',
  },
  {
    what: 'How far apart the repeats of a notification are that was not answered: up to twenty are sent.',
    meanwhile: 'Nothing waits for them: what a notification did not tell is asked for.',
    source: 'help.gopay.com/en/s/3 has the number only',
  },
] as const satisfies readonly Unsure[];
