/**
 * Payments over GoPay. The payer pays on GoPay's own page; creating a payment moves nothing, and the outcome is only
 * ever learned by asking.
 */
import { GatewayError, type Charge, type ChargeState, type Gateway, type RefundOrder, type RefundState } from '../gateway.ts';
import { afterChange, defaultTimeoutMs, type Asked } from '../http.ts';
import { chargeState, matchRefund, readPayment, readRefunds, readResult, refundState, type ListedRefund } from './answers.ts';
import { createGopayClient, StateRefusal } from './client.ts';

export interface GopayOptions {
  /** Ends in `/api`, e.g. `https://gate.gopay.cz/api`. */
  readonly apiBase: string;
  readonly goid: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly returnUrl: (charge: Charge) => string;
  readonly notificationUrl: (charge: Charge) => string;
  readonly timeoutMs?: number;
  /** From when on the list of refunds is believed that a refund is not in it; a request may be on its way that long. */
  readonly refundSettleMs?: number;
}

export function createGopayGateway(options: GopayOptions): Gateway {
  const { timeoutMs = defaultTimeoutMs, refundSettleMs = 3 * timeoutMs } = options;
  const client = createGopayClient({ ...options, timeoutMs });

  const refundsOf = async (gatewayRef: string): Promise<ListedRefund[]> => readRefunds(await client.get(`/payments/payment/${idIn(gatewayRef)}/refunds`));
  const stateOf = async (answer: unknown, paymentId: string, asked: Asked): Promise<ChargeState> => {
    const payment = readPayment(answer, paymentId, asked);
    if (payment.state !== 'PARTIALLY_REFUNDED') return chargeState(payment, asked);
    const refundedMinor = (await refundsOf(payment.id)).reduce((sum, { state, amount }) => (state === 'SUCCESS' ? sum + amount : sum), 0);
    return chargeState(payment, asked, refundedMinor);
  };
  const lookUp = async ({ gatewayRef, paymentId }: Charge): Promise<ChargeState> => {
    // Without an id there may be an orphan, which nobody can pay: see `unsure.ts`.
    if (gatewayRef === undefined) return { state: 'absent' };
    return await stateOf(await client.get(`/payments/payment/${idIn(gatewayRef)}`), paymentId, 'question');
  };
  /** Capture and void answer only that they were taken on: how it stands is asked. */
  const change = async (charge: Charge & { readonly gatewayRef: string }, path: string): Promise<ChargeState> => {
    try {
      readResult(await client.post(`/payments/payment/${idIn(charge.gatewayRef)}/${path}`, { type: 'form', text: '' }));
    } catch (error) {
      if (!(error instanceof StateRefusal)) throw error;
    }
    return await afterChange(async () => await lookUp(charge));
  };

  const listedRefund = async (order: RefundOrder): Promise<RefundState | undefined> => {
    const match = matchRefund(await refundsOf(order.charge.gatewayRef), order);
    return match === undefined ? undefined : refundState(match);
  };

  /** What was given back meanwhile may be this very refund, sent by an attempt that was given up. */
  const notMade = async (order: RefundOrder, why: { readonly gatewayCode: string; readonly message: string; readonly answer: Readonly<Record<string, unknown>> }): Promise<RefundState> => {
    const listed = await afterChange(async () => await listedRefund(order));
    if (listed !== undefined && listed.state !== 'failed') return listed;
    return { state: 'failed', ...why, ...(listed?.gatewayRef !== undefined && { gatewayRef: listed.gatewayRef }) };
  };

  return {
    name: 'gopay',

    async authorise(charge) {
      // Creating it again would make a second page for one payment.
      if (charge.gatewayRef !== undefined) return await lookUp(charge);
      const answer = await client.post('/payments/payment', { type: 'json', text: JSON.stringify(creation(charge, options)) });
      return await stateOf(answer, charge.paymentId, 'change');
    },

    capture: async (charge) => await change(charge, 'capture'),

    async cancel(charge) {
      const now = await lookUp(charge);
      // Only what is held can be given up; there is no call that ends an open payment.
      return now.state === 'authorised' ? await change(charge, 'void-authorization') : now;
    },

    async refund(order) {
      // There is no key of idempotency: a refund that is in the list already is not sent again.
      const beganMs = Date.now();
      const there = await listedRefund(order);
      if (there !== undefined && there.state !== 'failed') return there;
      // `refundSettleMs` is counted from before the list was read: what is sent late might be listed after it.
      if (Date.now() - beganMs > timeoutMs) throw new GatewayError('gopay', 'unavailable', 'too_slow', 'GoPay took too long to list the refunds, so none was sent.');
      try {
        const result = readResult(await client.post(`/payments/payment/${idIn(order.charge.gatewayRef)}/refund`, { type: 'form', text: `amount=${order.amountMinor}` }));
        if (result.result === 'FAILED') return await notMade(order, { gatewayCode: 'FAILED', message: (result.description ?? 'GoPay refused the refund.').slice(0, 300), answer: { result: result.result } });
      } catch (error) {
        if (!(error instanceof StateRefusal)) throw error;
        return await notMade(order, { gatewayCode: error.gatewayCode, message: error.message, answer: { error_name: error.gatewayCode } });
      }
      const made = await afterChange(async () => await listedRefund(order));
      if (made === undefined) throw new GatewayError('gopay', 'unknown', 'not_listed', 'GoPay took the refund on, but does not list it yet.');
      return made;
    },

    lookUp,

    async lookUpRefund(order) {
      const there = await listedRefund(order);
      if (there !== undefined) return there;
      if (order.gatewayRef !== undefined) throw new GatewayError('gopay', 'unavailable', 'not_listed', 'GoPay has taken the refund on, and does not list it any more.');
      const waitMs = (order.sentAt ?? order.createdAt).getTime() + refundSettleMs - Date.now();
      if (waitMs > 0) throw new GatewayError('gopay', 'unavailable', 'not_listed', 'GoPay does not list the refund yet; it may still be on its way.', { retryAfterMs: waitMs });
      return { state: 'absent' };
    },
  };
}

/** An id goes into a path. */
function idIn(gatewayRef: string): string {
  if (/^[1-9]\d{0,18}$/.test(gatewayRef)) return gatewayRef;
  throw new GatewayError('gopay', 'final', 'not_an_id', 'This is no id of GoPay.');
}

function creation(charge: Charge, options: GopayOptions): Readonly<Record<string, unknown>> {
  const { amountMinor, currency, paymentId, method } = charge;
  // Half a character would be sent as an escape, which draws 403 (gopaycommunity/gopay-php-api UnicodeEncodingTest).
  const description = charge.description.slice(0, 256).toWellFormed() || paymentId;
  return {
    // An id of 64 bits may not fit a JavaScript number; goids are ten digits.
    target: { type: 'ACCOUNT', goid: Number(options.goid) },
    amount: amountMinor,
    currency,
    order_number: paymentId,
    order_description: description,
    items: [{ name: description, amount: amountMinor, count: 1 }],
    callback: { return_url: options.returnUrl(charge), notification_url: options.notificationUrl(charge) },
    additional_params: [{ name: 'tenantId', value: charge.tenantId }, { name: 'paymentId', value: paymentId }],
    ...(method !== '' && { payer: { allowed_payment_instruments: [method], default_payment_instrument: method } }),
    ...(charge.capture === 'manual' && { preauthorization: true }),
  };
}
