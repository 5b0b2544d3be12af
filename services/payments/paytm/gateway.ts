/**
 * Payments over Paytm. The payer pays on Paytm's page; our payment id is the order's id there, and so also the
 * `gatewayRef`: Paytm has an id of its own only once the payer has paid.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { rowOf } from '../failures.ts';
import { GatewayError, type Charge, type ChargeState, type Gateway, type RefundOrder, type RefundState } from '../gateway.ts';
import { afterChange, defaultTimeoutMs, unreadable } from '../http.ts';
import { toPaytmAmount } from './amounts.ts';
import { open, orderState, refundState, transactionId } from './answers.ts';
import { createPaytmClient, type PaytmAnswer } from './client.ts';
import { initiationRefusals, raisedBefore, refundRefusals } from './failures.ts';

export interface PaytmOptions {
  /** E.g. `https://secure.paytmpayments.com`. */
  readonly apiBase: string;
  readonly mid: string;
  /** 16 characters each. The first signs, any of them verifies, while one is being replaced. */
  readonly merchantKeys: readonly string[];
  /** `WEBSTAGING` in staging. */
  readonly website: string;
  readonly callbackUrl: (charge: Charge) => string;
  /** Where the payer is sent, with `orderId` and `txnToken` added: a page that posts them to Paytm's (see `page.ts`). */
  readonly pageUrl: (charge: Charge) => string;
  readonly timeoutMs?: number;
}

/** An older order gets no page any more, so that one without a record is certainly over an hour later; see `unsure.ts`. */
const pageAgeMs = 60 * 60_000;

const tokenSchema = z.object({ txnToken: z.string().min(1) });

export function createPaytmGateway(options: PaytmOptions): Gateway {
  const { mid, website, timeoutMs = defaultTimeoutMs } = options;
  const client = createPaytmClient({ ...options, timeoutMs });

  const askOrder = async (charge: Charge): Promise<PaytmAnswer> => await client.post('question', '/v3/order/status', { mid, orderId: charge.paymentId });
  const lookUp = async (charge: Charge): Promise<ChargeState> => orderState(await askOrder(charge), charge);
  const lookUpRefund = async (order: RefundOrder): Promise<RefundState> =>
    refundState(await client.post('question', '/v2/refund/status', { mid, orderId: order.charge.paymentId, refId: order.refundId }), order, 'question');

  return {
    name: 'paytm',

    async authorise(charge) {
      const value = toPaytmAmount(charge.amountMinor, charge.currency);
      if (charge.capture === 'manual') throw new GatewayError('paytm', 'final', 'manual_capture_not_supported', 'Paytm takes the money at once.');
      if (Date.now() - charge.createdAt.getTime() > pageAgeMs) throw new GatewayError('paytm', 'final', 'order_too_old', 'This order is too old for a payment page.');
      const answer = await client.post('change', `/theia/api/v1/initiateTransaction?${new URLSearchParams({ mid, orderId: charge.paymentId }).toString()}`, {
        requestType: 'Payment',
        mid,
        orderId: charge.paymentId,
        websiteName: website,
        callbackUrl: options.callbackUrl(charge),
        txnAmount: { value, currency: charge.currency },
        userInfo: { custId: customerIn(charge.customerId) },
        ...(charge.method !== '' && { enablePaymentMode: [{ mode: charge.method }] }),
      });
      if (answer.status === 'S') {
        const token = tokenSchema.safeParse(answer.body);
        if (!token.success) throw unreadable('paytm', 'change', 'there is no token for the page.');
        const page = new URL(options.pageUrl(charge));
        page.searchParams.set('orderId', charge.paymentId);
        page.searchParams.set('txnToken', token.data.txnToken);
        return open(charge, { resultStatus: answer.status, resultCode: answer.code }, page.href);
      }
      const treat = rowOf(initiationRefusals, answer.code)?.treat;
      // The order is there from an attempt before, so that a missing record means that nobody has begun to pay.
      if (answer.status === 'F' && treat === 'state') return await afterChange(async () => await lookUp({ ...charge, gatewayRef: charge.paymentId }));
      if (answer.status === 'F' && treat === undefined) throw new GatewayError('paytm', 'final', answer.code, `Paytm refused the order: ${answer.code} ${answer.message}`);
      throw new GatewayError('paytm', 'unknown', answer.code, `Paytm could not say whether it took the order: ${answer.code} ${answer.message}`);
    },

    // Paytm takes the money at once and has no call that ends an open order: how it stands is the answer.
    capture: lookUp,
    cancel: lookUp,

    async refund(order) {
      const { charge, refundId } = order;
      const refundAmount = toPaytmAmount(order.amountMinor, charge.currency);
      const paid = await askOrder(charge);
      const txnId = orderState(paid, charge).state === 'captured' ? transactionId(paid) : undefined;
      if (txnId === undefined) throw new GatewayError('paytm', 'final', paid.code, 'Only an order that is paid can be refunded.');
      const answer = await client.post('change', '/refund/apply', { mid, txnType: 'REFUND', orderId: charge.paymentId, txnId, refId: refundId, refundAmount });
      if (answer.status === 'TXN_FAILURE' && rowOf(refundRefusals, answer.code)?.treat === 'state') {
        // There is one of this id already, so its own status says more than the refusal.
        const there = await afterChange(async () => await lookUpRefund(order));
        if (there.state !== 'absent') return there;
        // It was raised, says the refusal, and is not there, says the status: under another id it might be made twice.
        if (raisedBefore.has(answer.code)) throw new GatewayError('paytm', 'unknown', answer.code, `Paytm has the refund already, but does not show it: ${answer.code} ${answer.message}`);
      }
      return refundState(answer, order, 'change');
    },

    lookUp,
    lookUpRefund,
  };
}

/** Paytm takes few characters in a customer's id (paytm/paytm-agent-skills: `[A-Za-z0-9_@-]`); a shop may use any. */
function customerIn(customerId: string): string {
  return /^[\w@-]{1,64}$/.test(customerId) ? customerId : createHash('sha256').update(customerId).digest('hex');
}
