/** What a notification claims, and whether the payment is so already: then nobody has to be asked. */
import type { GatewayName, PaymentStatus } from '../../contracts/payments/flow.ts';
import type { GatewayNotification } from '../payments/gateway.ts';

/** The part of a payment that a notification may be about. */
export interface Notified {
  readonly status: PaymentStatus | null;
  readonly gateway_ref: string | null;
}

const taken: readonly PaymentStatus[] = ['captured', 'settled', 'refunded'];
const held: readonly PaymentStatus[] = ['authorised', ...taken];
const nothingTaken: readonly PaymentStatus[] = ['failed'];

/** In which states of the payment a notification says nothing new. What is not named here is always looked into. */
const saysNothingNewIn: Readonly<Record<GatewayName, Readonly<Record<string, readonly PaymentStatus[]>>>> = {
  stripe: {
    'payment_intent.succeeded': taken,
    'payment_intent.amount_capturable_updated': held,
    'payment_intent.payment_failed': nothingTaken,
    'payment_intent.canceled': nothingTaken,
  },
  // It only says that something has changed.
  gopay: {},
  paytm: { 'payment.TXN_SUCCESS': taken, 'payment.TXN_FAILURE': nothingTaken },
};

/** A bank may send a refund back days after it had succeeded. Reconciliation names these types, too. */
const refundFailures: ReadonlySet<string> = new Set(['refund.failed', 'refund.TXN_FAILURE']);

export function isKnownAlready(gateway: GatewayName, { type, gatewayRef }: Pick<GatewayNotification, 'type' | 'gatewayRef'>, { status, gateway_ref }: Notified): boolean {
  // All of it was given back: nothing can come after that, but that it did not arrive.
  if (status === null || status === 'refunded') return status === 'refunded' && !refundFailures.has(type);
  if (type === 'payment_intent.created') return gatewayRef !== undefined && gatewayRef === gateway_ref;
  const claims = saysNothingNewIn[gateway];
  return Object.hasOwn(claims, type) && claims[type]?.includes(status) === true;
}
