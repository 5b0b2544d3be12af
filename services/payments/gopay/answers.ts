/** What GoPay answers, checked and turned into our states. */
import { z } from 'zod';
import { rowOf } from '../failures.ts';
import { GatewayError, type ChargeState, type Decline, type RefundOrder, type RefundState } from '../gateway.ts';
import { unreadable, type Asked } from '../http.ts';
import { declines } from './failures.ts';

/**
 * The states of a payment (help.gopay.com/en/s/3; gopaycommunity/gopay-php-api PaymentStatus). Sub-states of an open
 * payment (`_101`, `_102`, `_5029`, …) are not looked at: it is open because its state is.
 */
const states = {
  CREATED: 'open',
  PAYMENT_METHOD_CHOSEN: 'open',
  AUTHORIZED: 'authorised',
  PAID: 'captured',
  PARTIALLY_REFUNDED: 'captured',
  REFUNDED: 'captured',
  CANCELED: 'failed',
  TIMEOUTED: 'failed',
} as const;

/** 64 bits: more than a JavaScript number holds exactly, though GoPay's ids are far below that today. */
const id = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]).transform(String);

const paymentSchema = z.object({
  id,
  order_number: z.string().nullish(),
  state: z.string(),
  sub_state: z.string().nullish(),
  amount: z.int().nonnegative(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  payment_instrument: z.string().nullish(),
  gw_url: z.url({ protocol: /^https?$/ }).nullish(),
});
export type Payment = z.infer<typeof paymentSchema>;

const resultSchema = z.object({ id, result: z.enum(['ACCEPTED', 'FINISHED', 'FAILED']), description: z.string().nullish() });

const refundSchema = z.object({ id, state: z.string(), amount: z.int().nonnegative(), currency: z.string().nullish(), date_requested: z.string().nullish() });
export type ListedRefund = z.infer<typeof refundSchema>;

function read<Schema extends z.ZodType>(schema: Schema, answer: unknown, asked: Asked, what: string): z.infer<Schema> {
  const outcome = schema.safeParse(answer);
  if (!outcome.success) throw unreadable('gopay', asked, `${what} is not readable at ${outcome.error.issues[0]?.path.join('.') || 'its top'}.`);
  return outcome.data;
}

/** @throws {GatewayError} when it is not readable, or another payment's. */
export function readPayment(answer: unknown, paymentId: string, asked: Asked): Payment {
  const payment = read(paymentSchema, answer, asked, 'the payment');
  if (payment.order_number != null && payment.order_number !== paymentId) throw new GatewayError('gopay', 'final', 'other_payment', 'This payment of GoPay belongs to another payment.');
  return payment;
}

export const readResult = (answer: unknown): z.infer<typeof resultSchema> => read(resultSchema, answer, 'change', 'the result');
export const readRefunds = (answer: unknown): ListedRefund[] => read(z.array(refundSchema).max(1_000), answer, 'question', 'the list of refunds');

/** @param refundedMinor asked for where the state does not say it. */
export function chargeState(payment: Payment, asked: Asked, refundedMinor = 0): ChargeState {
  const { amount, currency, gw_url: redirectUrl } = payment;
  const known = { gatewayRef: payment.id, amountMinor: amount, currency, answer: record(payment) };
  switch (rowOf(states, payment.state)) {
    case 'open':
      return { ...known, state: 'open', ...(redirectUrl != null && { redirectUrl }) };
    case 'authorised':
      return { ...known, state: 'authorised' };
    case 'captured':
      return { ...known, state: 'captured', capturedMinor: amount, refundedMinor: payment.state === 'REFUNDED' ? amount : refundedMinor };
    case 'failed':
      return { state: 'failed', decline: declineOf(payment), gatewayRef: payment.id, answer: known.answer };
    case undefined:
      throw unreadable('gopay', asked, `the state ${payment.state.slice(0, 40)} is not known.`);
  }
}

function declineOf({ state, sub_state: subState }: Payment): Decline {
  // A payment that was voided has no sub-state: nobody declined it.
  const code = rowOf(declines, subState)?.decline ?? (state === 'TIMEOUTED' ? 'payer_timed_out' : subState == null ? 'cancelled' : 'card_declined');
  return { code, gatewayCode: subState ?? state, message: state === 'TIMEOUTED' ? 'The payer did not pay in time.' : 'The payment was not made.' };
}

export function refundState({ id, state, amount, currency, date_requested: requested }: ListedRefund): RefundState {
  const answer = { id, state, amount, currency, date_requested: requested };
  switch (state) {
    case 'SUCCESS':
      return { state: 'succeeded', gatewayRef: id, amountMinor: amount, answer };
    case 'REQUESTED':
      return { state: 'open', gatewayRef: id, amountMinor: amount, answer };
    case 'FAILED':
      return { state: 'failed', gatewayCode: state, message: 'GoPay could not refund it.', gatewayRef: id, answer };
    default:
      throw unreadable('gopay', 'question', `the refund's state ${state.slice(0, 40)} is not known.`);
  }
}

/** GoPay's clock and ours may differ, and its times are cut to the second. */
const clockSkewMs = 5 * 60_000;

/**
 * Which entry of the list is this refund? An entry carries nothing of ours: see `unsure.ts` for the rule. A FAILED one
 * counts last, as the same refund may have been sent again after it.
 */
export function matchRefund(list: readonly ListedRefund[], order: RefundOrder): ListedRefund | undefined {
  if (order.gatewayRef !== undefined) return list.find((entry) => entry.id === order.gatewayRef);
  const others = new Set(order.otherRefs);
  const notBeforeMs = order.createdAt.getTime() - clockSkewMs;
  const candidates = list.filter((entry) => {
    const requestedMs = Date.parse(entry.date_requested ?? '');
    return entry.amount === order.amountMinor && !others.has(entry.id) && !(requestedMs < notBeforeMs);
  });
  return candidates.find(({ state }) => state !== 'FAILED') ?? candidates[0];
}

/** What is kept: not the payer, not the card. */
function record({ id, order_number, state, sub_state, amount, currency, payment_instrument }: Payment): Readonly<Record<string, unknown>> {
  return { id, order_number, state, sub_state, amount, currency, payment_instrument };
}
