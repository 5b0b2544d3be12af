/** What Paytm tells of an order: in answers, to the payer's browser, and to the merchant's server. */
import type { PaytmConfig } from '../config.ts';
import type { Core } from '../core/index.ts';
import { result } from './codes.ts';
import { amountText, dateText, type Order, type PaytmRefund } from './rows.ts';
import { envelope, sign } from './signature.ts';

export function createMessages({ courier }: Core, { mid, merchantKey, webhookUrl }: PaytmConfig) {
  courier.register('paytm', { headers: () => ({ 'user-agent': 'Paytm' }), accepts: (status) => status >= 200 && status < 300 });

  const facts = (order: Order) => ({
    txnId: order.txnId,
    ...(order.bankTxnId !== '' && { bankTxnId: order.bankTxnId }),
    orderId: order.orderId,
    txnAmount: amountText(order.amountMinor),
    txnType: 'SALE',
    gatewayName: 'PPBLC',
    bankName: 'PPBL',
    mid,
    paymentMode: order.paymentMode,
    refundAmt: amountText(order.refundedMinor),
    txnDate: dateText(order.txnAtMs),
  });

  const refundFacts = (order: Order, refund: PaytmRefund) => ({
    mid,
    orderId: order.orderId,
    txnId: order.txnId,
    refId: refund.refId,
    refundId: refund.refundId,
    refundAmount: amountText(refund.amountMinor),
    txnAmount: amountText(order.amountMinor),
    totalRefundAmount: amountText(order.refundedMinor),
    ...(refund.status === 'TXN_SUCCESS' && { userCreditInitiateStatus: 'SUCCESS' }),
  });

  const fields = (order: Order): Record<string, string> => ({
    MID: mid,
    ORDERID: order.orderId,
    TXNID: order.txnId,
    TXNAMOUNT: amountText(order.amountMinor),
    CURRENCY: order.currency,
    PAYMENTMODE: order.paymentMode,
    TXNDATE: dateText(order.txnAtMs),
    STATUS: order.status,
    RESPCODE: order.code,
    RESPMSG: result(order.status === 'none' ? 'PENDING' : order.status, order.code).resultMsg,
    GATEWAYNAME: 'PPBLC',
    BANKTXNID: order.bankTxnId,
    BANKNAME: 'PPBL',
  });

  const signed = async (unsigned: Readonly<Record<string, string>>): Promise<Record<string, string>> => ({ ...unsigned, CHECKSUMHASH: await sign(unsigned, merchantKey) });

  /** Signing takes a moment of its own; nothing is told of what is not written yet. */
  const tell = (order: Order, contentType: string, write: () => Promise<string>): void => {
    if (webhookUrl.length === 0) return;
    write().then(
      (body) => {
        for (const url of webhookUrl) courier.send({ party: 'paytm', url, method: 'POST', contentType, body, paymentId: order.orderId });
      },
      (error: unknown) => process.emitWarning(`a Paytm webhook could not be signed: ${String(error)}`),
    );
  };

  return {
    facts,
    refundFacts,
    /** What the payer's browser carries to `callbackUrl`. */
    callbackFields: async (order: Order) => await signed(fields(order)),
    ended: (order: Order): void =>
      tell(order, 'application/x-www-form-urlencoded', async () => new URLSearchParams(await signed({ ...fields(order), TXNDATETIME: dateText(order.txnAtMs), CUSTID: order.custId, MERC_UNQ_REF: '' })).toString()),
    refunded: (order: Order, refund: PaytmRefund): void =>
      tell(order, 'application/json', async () => await envelope({ ...refundFacts(order, refund), status: refund.status, resultInfo: result('TXN_SUCCESS', '10') }, merchantKey, { version: 'v1', responseTimestamp: String(Date.now()) })),
  };
}
