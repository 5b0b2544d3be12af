/**
 * What Paytm's codes mean for us. `resultStatus` decides; the codes only say why, as Paytm's own reference code and
 * merchants' code give some of them different meanings (227, 334, 601, 617).
 */
import type { DeclineRow, RefusalRow } from '../failures.ts';

const merchants = 'three public merchant code bases';
const conflict = `${merchants}; paytm/paytm-agent-skills has another meaning`;

/** `resultCode` of an order whose status is TXN_FAILURE. What is not listed is card_declined. */
export const declines = {
  '235': { decline: 'insufficient_funds', source: merchants },
  '227': { decline: 'card_declined', source: conflict },
  '295': { decline: 'method_invalid', source: merchants },
  '401': { decline: 'card_declined', source: merchants },
  '810': { decline: 'card_declined', source: merchants },
} as const satisfies Record<string, DeclineRow>;

/**
 * Codes of a failure that is about the request and not about the payment. `state`: there is no such order or refund.
 * Asked about a payment, they say nothing about its money, so they are never its failure.
 */
export const refusals = {
  '331': { treat: 'state', source: merchants },
  '330': { treat: 'final', source: merchants },
  '334': { treat: 'final', source: conflict },
  '335': { treat: 'final', source: merchants },
  '1007': { treat: 'final', source: merchants },
  '2005': { treat: 'final', source: merchants },
  '2007': { treat: 'final', source: merchants },
  '2013': { treat: 'final', source: merchants },
  '2014': { treat: 'final', source: merchants },
  '501': { treat: 'unknown', source: `${merchants}; paytm/paytm-agent-skills skills/refunds` },
  '00000900': { treat: 'unknown', source: merchants },
} as const satisfies Record<string, RefusalRow>;

/** Codes of an initiation that failed (`F`). What is not listed is final. */
export const initiationRefusals = {
  // The order exists already: how it stands is asked.
  '325': { treat: 'state', source: merchants },
  '2023': { treat: 'state', source: merchants },
  '501': { treat: 'unknown', source: merchants },
  '00000900': { treat: 'unknown', source: merchants },
} as const satisfies Record<string, RefusalRow>;

/** Of the codes below, those that say that a refund of this very id is there. */
export const raisedBefore: ReadonlySet<string> = new Set(['617', 'DUPLICATE_REF_ID']);

/** Codes of a refund that was refused (TXN_FAILURE). What is not listed has failed. */
export const refundRefusals = {
  // There is, or may be, a refund of this id: its status is asked.
  '617': { treat: 'state', source: conflict },
  '629': { treat: 'state', source: merchants },
  '631': { treat: 'state', source: merchants },
  DUPLICATE_REF_ID: { treat: 'state', source: 'paytm/paytm-agent-skills skills/refunds' },
  // Another refund is running; the balance at Paytm is short.
  '626': { treat: 'busy', source: merchants },
  '620': { treat: 'busy', source: merchants },
  '501': { treat: 'unknown', source: 'paytm/paytm-agent-skills skills/refunds' },
  '330': { treat: 'final', source: merchants },
  '335': { treat: 'final', source: merchants },
} as const satisfies Record<string, RefusalRow>;
