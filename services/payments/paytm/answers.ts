/** What Paytm answers about orders and refunds, checked and turned into our states. `resultStatus` decides. */
import { z } from 'zod';
import { rowOf } from '../failures.ts';
import { GatewayError, type Charge, type ChargeState, type RefundOrder, type RefundState } from '../gateway.ts';
import { unreadable, type Asked } from '../http.ts';
import { fromPaytmAmount } from './amounts.ts';
import type { PaytmAnswer } from './client.ts';
import { declines, refusals, refundRefusals } from './failures.ts';

const orderSchema = z.object({
  orderId: z.string().nullish(),
  txnId: z.string().nullish(),
  bankTxnId: z.string().nullish(),
  txnAmount: z.string().nullish(),
  refundAmt: z.string().nullish(),
  paymentMode: z.string().nullish(),
  gatewayName: z.string().nullish(),
  txnDate: z.string().nullish(),
});
type Order = z.infer<typeof orderSchema>;

const refundSchema = z.object({ orderId: z.string().nullish(), refId: z.string().nullish(), refundId: z.string().nullish(), refundAmount: z.string().nullish() });

/** From when on an order without a record is over; see `unsure.ts`. */
const noRecordMs = 2 * 60 * 60_000;

/** @returns Paytm's id of the transaction, which a refund has to name. */
export function transactionId(answer: PaytmAnswer): string | undefined {
  return orderSchema.safeParse(answer.body).data?.txnId ?? undefined;
}

export function orderState(answer: PaytmAnswer, charge: Charge): ChargeState {
  const { status, code, message } = answer;
  const refusal = rowOf(refusals, code)?.treat;
  if (status === 'NO_RECORD_FOUND' || (status === 'TXN_FAILURE' && refusal === 'state')) return withoutRecord(answer, charge);
  const order = readOrder(answer, charge);
  const record = recordOf(answer, order);
  switch (status) {
    case 'TXN_SUCCESS': {
      const amountMinor = paise(order.txnAmount, 'question');
      const refundedMinor = order.refundAmt == null || order.refundAmt === '' ? 0 : paise(order.refundAmt, 'question');
      return { state: 'captured', gatewayRef: charge.paymentId, amountMinor, currency: 'INR', capturedMinor: amountMinor, refundedMinor, answer: record };
    }
    case 'PENDING':
      return { ...open(charge, record), processing: true };
    case 'TXN_FAILURE':
      if (refusal === 'final') throw new GatewayError('paytm', 'final', code, `Paytm refused the question: ${code} ${message}`);
      if (refusal !== undefined) throw new GatewayError('paytm', 'unavailable', code, `Paytm could not say: ${code} ${message}`);
      return {
        state: 'failed',
        decline: { code: rowOf(declines, code)?.decline ?? 'card_declined', gatewayCode: code, message },
        gatewayRef: charge.paymentId,
        answer: record,
      };
    default:
      throw unreadable('paytm', 'question', `the status ${status.slice(0, 40)} is not known.`);
  }
}

/**
 * Paytm has a record once the payer has begun. Whose page was never handed out (no `gatewayRef`) can be given one
 * again; else the payer may still be about to begin.
 */
function withoutRecord(answer: PaytmAnswer, charge: Charge): ChargeState {
  if (charge.gatewayRef === undefined) return { state: 'absent' };
  const record = recordOf(answer, {});
  if (Date.now() - charge.createdAt.getTime() <= noRecordMs) return open(charge, record);
  return { state: 'failed', decline: { code: 'payer_timed_out', gatewayCode: answer.code, message: 'The payer did not begin to pay.' }, gatewayRef: charge.paymentId, answer: record };
}

/** Paytm does not say an amount before the payer has paid: it is the one that was ordered. */
export const open = (charge: Charge, answer: Readonly<Record<string, unknown>>, redirectUrl?: string): Extract<ChargeState, { state: 'open' }> =>
  ({ state: 'open', gatewayRef: charge.paymentId, amountMinor: charge.amountMinor, currency: charge.currency, answer, ...(redirectUrl !== undefined && { redirectUrl }) });

/** @param asked `change`: the refund was just applied for. A `question` about one that is not there is `absent`. */
export function refundState(answer: PaytmAnswer, order: RefundOrder, asked: Asked): RefundState {
  const { status, code, message } = answer;
  if (asked === 'question' && (status === 'NO_RECORD_FOUND' || (status === 'TXN_FAILURE' && code === '631'))) return { state: 'absent' };
  const read = refundSchema.safeParse(answer.body);
  if (!read.success || (read.data.refId != null && read.data.refId !== order.refundId)) throw unreadable('paytm', asked, 'the answer is not about this refund.');
  const { refundId, refundAmount } = read.data;
  const record = { resultStatus: status, resultCode: code, refId: order.refundId, refundId, refundAmount };
  const gatewayRef = refundId ?? order.refundId;
  switch (status) {
    case 'TXN_SUCCESS':
      return { state: 'succeeded', gatewayRef, amountMinor: paise(refundAmount, asked), answer: record };
    case 'PENDING':
      return { state: 'open', gatewayRef, amountMinor: refundAmount == null ? order.amountMinor : paise(refundAmount, asked), answer: record };
    case 'TXN_FAILURE': {
      const treat = rowOf(refundRefusals, code)?.treat;
      if (treat === 'busy' || treat === 'final') throw new GatewayError('paytm', treat, code, `Paytm refused the refund: ${code} ${message}`);
      if (treat === 'unknown') throw new GatewayError('paytm', asked === 'change' ? 'unknown' : 'unavailable', code, `Paytm could not say: ${code} ${message}`);
      return { state: 'failed', gatewayCode: code, message, answer: record };
    }
    default:
      throw unreadable('paytm', asked, `the status ${status.slice(0, 40)} is not known.`);
  }
}

function readOrder(answer: PaytmAnswer, charge: Charge): Order {
  const read = orderSchema.safeParse(answer.body);
  if (!read.success) throw unreadable('paytm', 'question', 'the order is not readable.');
  const { orderId } = read.data;
  if (orderId != null && orderId !== '' && orderId !== charge.paymentId) throw unreadable('paytm', 'question', 'the answer is about another order.');
  return read.data;
}

function paise(text: string | null | undefined, asked: Asked): number {
  const amountMinor = fromPaytmAmount(text ?? '');
  if (amountMinor === undefined) throw unreadable('paytm', asked, 'the amount is not readable.');
  return amountMinor;
}

/** What is kept: nothing about the payer or the card. */
function recordOf({ status, code, message }: PaytmAnswer, { txnId, bankTxnId, txnAmount, refundAmt, paymentMode, gatewayName, txnDate }: Order): Readonly<Record<string, unknown>> {
  return { resultStatus: status, resultCode: code, resultMsg: message, txnId, bankTxnId, txnAmount, refundAmt, paymentMode, gatewayName, txnDate };
}
