/**
 * Payments over Stripe's PaymentIntents, through Stripe's own library. The library repeats nothing by itself, as the
 * flows do that; it only sends. What makes something new, a payment or a refund, has our key of idempotency.
 */
import { Stripe } from 'stripe';
import { GatewayError, type Charge, type ChargeState, type Gateway, type ListedCharge, type RefundOrder, type RefundState } from '../gateway.ts';
import { afterChange, cappedFetch, defaultTimeoutMs, type Asked } from '../http.ts';
import { notChargeable, toStripeAmount } from './amounts.ts';
import { belongsTo, declineOf, intentState, isOf, listedCharge, refundState } from './answers.ts';
import { answered, gatewayErrorOf, treatmentOf, type StripeFailure } from './errors.ts';
import { endsRefund } from './failures.ts';

export interface StripeOptions {
  readonly secretKey: string;
  /** Another place that speaks the API, e.g. `http://127.0.0.1:1234`. */
  readonly apiBase?: string;
  /** Whole, `whsec_` included. More than one while one is being replaced. */
  readonly webhookSecrets: readonly string[];
  /** Where the payer comes back to. */
  readonly returnUrl: (charge: Charge) => string;
  readonly timeoutMs?: number;
}

/**
 * Stripe forgets a key after 24 hours at the earliest (docs.stripe.com/idempotency). From here on a repeat is not
 * protected by it any more, and looks first.
 */
const keyAgeMs = 23 * 60 * 60_000;
/** Our clock and Stripe's may differ. */
const clockSkewMs = 10 * 60_000;
/** As long as a list goes on; beyond it nobody can say that a payment is absent. */
const maxListed = 10_000;

const expand = ['latest_charge'];

type Known = Charge & { readonly gatewayRef: string };

export function createStripeGateway(options: StripeOptions): Gateway {
  const stripe = clientFor(options);
  const { paymentIntents, refunds } = stripe;

  const sent = async <Answer>(asked: Asked, send: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await send();
    } catch (error) {
      throw gatewayErrorOf(error, asked);
    }
  };
  const retrieve = async (gatewayRef: string, charge: Charge): Promise<ChargeState> => {
    const intent = await sent('question', async () => await paymentIntents.retrieve(gatewayRef, { expand }));
    belongsTo(intent, charge);
    return intentState(intent, 'question');
  };
  /**
   * Capture and cancel: what does not fit the state any more is answered with the state. So a repeat does nothing twice,
   * and they have no key of ours: under it Stripe would answer a 500 or a refusal again for a day, whatever the state is
   * by then. (The library makes up a key, for each call another.)
   */
  const stateInstead = async (charge: Known, error: unknown): Promise<ChargeState> => {
    const refusal = answered(error);
    if (refusal === undefined || treatmentOf(refusal) !== 'state') throw gatewayErrorOf(error, 'change');
    return await retrieve(charge.gatewayRef, charge);
  };
  const cancel = async (charge: Known): Promise<ChargeState> => {
    try {
      return intentState(await paymentIntents.cancel(charge.gatewayRef, { expand }), 'change');
    } catch (error) {
      return await stateInstead(charge, error);
    }
  };

  /**
   * The rule for `absent`: only a list that was read to its end says so, from the payment's making on. The search is
   * a short cut to a hit; as it may lag, its miss means nothing (docs.stripe.com/search: lists have no such delay).
   */
  const find = async (charge: Charge): Promise<ChargeState> => {
    const hit = await search(stripe, charge);
    if (hit !== undefined) return await retrieve(hit, charge);
    return await sent('question', async () => {
      let seen = 0;
      for await (const intent of paymentIntents.list({ created: { gte: seconds(charge.createdAt.getTime() - clockSkewMs) }, limit: 100, expand: ['data.latest_charge'] })) {
        if (isOf(intent.metadata, charge)) return intentState(intent, 'question');
        seen += 1;
        if (seen >= maxListed) throw new GatewayError('stripe', 'unavailable', 'list_too_long', 'There are too many payments to say that this one is not among them.');
      }
      return { state: 'absent' };
    });
  };
  const lookUp = async (charge: Charge): Promise<ChargeState> =>
    charge.gatewayRef === undefined ? await find(charge) : await retrieve(charge.gatewayRef, charge);

  const lookUpRefund = async (order: RefundOrder): Promise<RefundState> => {
    const { gatewayRef } = order;
    if (gatewayRef !== undefined) return refundState(await sent('question', async () => await refunds.retrieve(gatewayRef)), 'question');
    // The refunds of one payment are few, and the list has no delay: it can say that there is none.
    return await sent('question', async () => {
      for await (const refund of refunds.list({ payment_intent: order.charge.gatewayRef, limit: 100 })) {
        if (refund.metadata?.['refundId'] === order.refundId) return refundState(refund, 'question');
      }
      return { state: 'absent' };
    });
  };

  return {
    name: 'stripe',

    async authorise(charge) {
      if (isOld(charge.createdAt)) {
        const there = await lookUp(charge);
        if (there.state !== 'absent') return there;
      }
      try {
        const intent = await paymentIntents.create({
          amount: toStripeAmount(charge.amountMinor, charge.currency),
          currency: charge.currency.toLowerCase(),
          payment_method: charge.method,
          confirm: true,
          capture_method: charge.capture,
          return_url: options.returnUrl(charge),
          description: charge.description,
          metadata: { tenantId: charge.tenantId, paymentId: charge.paymentId },
          expand,
        }, { idempotencyKey: `${charge.paymentId}:authorise` });
        return intentState(intent, 'change');
      } catch (error) {
        const refusal = answered(error);
        if (refusal?.statusCode !== 402) throw gatewayErrorOf(error, 'change');
        const gatewayRef = refusal.payment_intent?.id;
        return { ...declinedState(refusal), ...(gatewayRef !== undefined && { gatewayRef }) };
      }
    },

    async capture(charge) {
      try {
        return intentState(await paymentIntents.capture(charge.gatewayRef, { expand }), 'change');
      } catch (error) {
        const refusal = answered(error);
        if (refusal?.statusCode !== 402) return await stateInstead(charge, error);
        // The bank does not give what it held: nobody will try again, so what is left of the hold is given up.
        const state = await afterChange(async () => await cancel(charge));
        return state.state === 'failed' ? { ...declinedState(refusal), gatewayRef: charge.gatewayRef } : state;
      }
    },

    cancel,

    async refund(order) {
      if (isOld(order.createdAt)) {
        const there = await lookUpRefund(order);
        if (there.state !== 'absent') return there;
      }
      const { charge, refundId } = order;
      try {
        const refund = await refunds.create({
          payment_intent: charge.gatewayRef,
          amount: toStripeAmount(order.amountMinor, charge.currency),
          metadata: { tenantId: charge.tenantId, paymentId: charge.paymentId, refundId },
        }, { idempotencyKey: `${refundId}:refund` });
        return refundState(refund, 'change');
      } catch (error) {
        // Stripe has no such amount and never will, and nothing was sent.
        if (error instanceof GatewayError && error.gatewayCode === notChargeable) return { state: 'failed', gatewayCode: notChargeable, message: error.message, answer: {} };
        const refusal = answered(error);
        if (refusal === undefined || !endsRefund(refusal)) throw gatewayErrorOf(error, 'change');
        const code = refusal.code ?? `${refusal.rawType ?? 'refused'}:${refusal.param ?? ''}`;
        // "Already refunded" may be this very refund, under a key that Stripe has forgotten.
        const there = await lookUpRefund(order);
        return there.state === 'absent' ? { state: 'failed', gatewayCode: code, message: refusal.message.slice(0, 300), answer: { code, request_id: refusal.requestId } } : there;
      }
    },

    lookUp,
    lookUpRefund,

    async *list(from, to): AsyncIterable<ListedCharge> {
      const items = paymentIntents.list({ created: { gte: seconds(from.getTime()), lt: seconds(to.getTime()) }, limit: 100, expand: ['data.latest_charge'] });
      try {
        for await (const intent of items) yield listedCharge(intent);
      } catch (error) {
        throw gatewayErrorOf(error, 'question');
      }
    },
  };
}

const isOld = (createdAt: Date): boolean => Date.now() - createdAt.getTime() > keyAgeMs;
const seconds = (ms: number): number => Math.floor(ms / 1_000);

function declinedState({ code, decline_code, message, rawType, requestId }: StripeFailure): ChargeState & { readonly state: 'failed' } {
  return { state: 'failed', decline: declineOf({ code, decline_code, message }), answer: { type: rawType, code, decline_code, request_id: requestId } };
}

/** @returns the id of the payment, if the search knows it already. Not every account has a search. */
async function search(stripe: Stripe, charge: Charge): Promise<string | undefined> {
  try {
    const { data } = await stripe.paymentIntents.search({ query: `metadata['paymentId']:'${charge.paymentId}'`, limit: 10 });
    // A stand-in for the search may answer with anything.
    return data.find((intent) => isOf(intent.metadata, charge))?.id;
  } catch (error) {
    // The list decides anyway; only when Stripe is asked too much it is not asked more.
    const failure = gatewayErrorOf(error, 'question');
    if (failure.kind === 'busy') throw failure;
    return undefined;
  }
}

function clientFor({ secretKey, apiBase, timeoutMs = defaultTimeoutMs }: StripeOptions): Stripe {
  const base = apiBase === undefined ? undefined : new URL(apiBase);
  return new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(cappedFetch),
    ...(base !== undefined && {
      protocol: base.protocol === 'http:' ? 'http' : 'https',
      host: base.hostname,
      port: base.port === '' ? (base.protocol === 'http:' ? 80 : 443) : Number(base.port),
    }),
  });
}
