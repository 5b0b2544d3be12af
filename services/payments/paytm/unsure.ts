/** What could not be settled about Paytm, and what is done until it is. */
import type { Unsure } from '../failures.ts';

export const paytmUnsure = [
  {
    what: 'Whether the payment page can be opened with an address alone. Every example posts a form with mid, orderId and txnToken to it.',
    meanwhile: '`redirectUrl` is a page of the API, which posts that form (page.ts, api/paytm-page.ts).',
    source: 'paytm/paytm-agent-skills skills/js-checkout/references/REFERENCE.md',
  },
  {
    what: 'Whether a repeated refId is refused or answered with the refund that is there.',
    meanwhile: 'Both are right: a refusal is followed by asking for the refund. After an unknown the refund is asked for first, and applied again, with the same refId, only when there is none.',
    source: 'paytm/paytm-agent-skills skills/refunds/SKILL.md and its REFERENCE.md say one each',
  },
  {
    what: 'What 227, 334, 601 and 617 mean.',
    meanwhile: 'resultStatus decides; see failures.ts.',
    source: 'paytm/paytm-agent-skills against public merchant code',
  },
  {
    what: 'Whether answers about failures are signed. Paytm\'s own library checks only those that say success or pending.',
    meanwhile: 'The same is done. A success without any signature is believed, as it came over TLS from the address that was asked.',
    source: 'paytm/paytm-pg-node-sdk dist/com/paytm/pg/process/Request.js',
  },
  {
    what: 'How long a payer who opened the page may still pay. The token lasts 15 minutes; a bank is asked for up to 72 hours.',
    meanwhile: 'An order that Paytm has no record of is open for two hours after it was made, then it has timed out. No page is asked for when an order is older than one hour. An order with a record is open until Paytm says otherwise.',
    source: 'paytmpayments.com/docs, late notification',
  },
  {
    what: 'Whether an open order can be closed, and whether an amount can be held and taken later, with these calls.',
    meanwhile: 'Cancelling answers how it stands; a payment with `capture: manual` is refused before anything is sent.',
    source: 'no source found',
  },
  {
    what: 'Whether a form field whose value is the word null is signed as an empty one, as some of Paytm\'s libraries do.',
    meanwhile: 'It is signed as it is, as in the package for Node. Such a webhook is refused; the flow asks by itself later.',
    source: 'paytmchecksum 1.5.1',
  },
  {
    what: 'Rate limits, and whether 429 comes with Retry-After.',
    meanwhile: '429 is busy; Retry-After is heeded when it is there, for a minute at the most.',
    source: 'no source found',
  },
  {
    what: 'How often a webhook is repeated; about ten times in seven days.',
    meanwhile: 'Repetitions have the same event id. TXNDATE is the payment\'s time and not the delivery\'s, so that an old one is no sign of a replay, and nothing is refused as stale: a replay only makes us ask.',
    source: 'paytm/paytm-agent-skills skills/webhooks',
  },
] as const satisfies readonly Unsure[];
