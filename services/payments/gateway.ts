/**
 * A payment gateway, as the flows see it: authorise, capture, cancel, refund, look up. Three adapters implement it; what
 * differs between Stripe, GoPay and Paytm ends here.
 *
 * An answer is a state, never a guess. Whatever is not an answer is a {@link GatewayError}, and its `kind` says whether
 * money may have moved.
 */
import type { CaptureMode, GatewayName, PaymentFailureCode } from '../../contracts/payments/flow.ts';
import { storableText } from './storable.ts';

/** A payment, as a gateway has to know it. The ids are the keys of idempotency: never an attempt's number. */
export interface Charge {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Stripe: a payment method id. GoPay, Paytm: an instrument, or empty for the payer's choice. */
  readonly method: string;
  readonly capture: CaptureMode;
  readonly customerId: string;
  /** Shown to the payer where the gateway has a place for it. */
  readonly description: string;
  /** When the payment was first sent or about to be; an idempotency key is worth nothing after a day. */
  readonly createdAt: Date;
  /** The gateway's own id, once it is known. */
  readonly gatewayRef?: string | undefined;
}

export interface RefundOrder {
  readonly refundId: string;
  readonly amountMinor: number;
  readonly charge: Charge & { readonly gatewayRef: string };
  readonly createdAt: Date;
  /** When it was last sent, if it was: a gateway without a key of idempotency may still be working on that. */
  readonly sentAt?: Date | undefined;
  /** The gateway's own id of the refund, once it is known. */
  readonly gatewayRef?: string | undefined;
  /** The gateway's own ids of the charge's other refunds: where a gateway knows no id of ours, these are not this one. */
  readonly otherRefs?: readonly string[];
}

interface Known {
  readonly gatewayRef: string;
  /** What the gateway says, to be compared with what was ordered. */
  readonly amountMinor: number;
  readonly currency: string;
  /** The gateway's answer, without secrets, for the record (A5). At most a few kilobytes. */
  readonly answer: Readonly<Record<string, unknown>>;
}

export interface Decline {
  readonly code: PaymentFailureCode;
  /** The gateway's own code, e.g. `insufficient_funds`, `_5006`, `235`. */
  readonly gatewayCode: string;
  readonly message: string;
}

export type ChargeState =
  /** `open`: the payer has to act (`redirectUrl`), or has acted and the bank has not answered (`processing`). Ask again later. */
  | (Known & { readonly state: 'open'; readonly redirectUrl?: string; readonly processing?: boolean })
  | (Known & { readonly state: 'authorised' })
  | (Known & { readonly state: 'captured'; readonly capturedMinor: number; readonly refundedMinor: number })
  /** Final: nothing was taken and nothing will be. */
  | { readonly state: 'failed'; readonly decline: Decline; readonly gatewayRef?: string; readonly answer: Readonly<Record<string, unknown>> }
  /** Only from a look-up: the gateway has never executed it. */
  | { readonly state: 'absent' };

export type RefundState =
  | { readonly state: 'open' | 'succeeded'; readonly gatewayRef: string; readonly amountMinor: number; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly state: 'failed'; readonly gatewayCode: string; readonly message: string; readonly gatewayRef?: string; readonly answer: Readonly<Record<string, unknown>> }
  /** Only from a look-up. */
  | { readonly state: 'absent' };

/** One payment or refund as the gateway lists it, for reconciliation. */
export interface ListedCharge {
  readonly paymentId: string | undefined;
  readonly tenantId: string | undefined;
  readonly state: ChargeState;
}

export interface Gateway {
  readonly name: GatewayName;
  /**
   * Sends the payment. Safe to repeat with the same `paymentId`, but after an `unknown` {@link lookUp} comes first.
   * @throws {GatewayError}
   */
  authorise(charge: Charge): Promise<ChargeState>;
  /** Takes what was authorised, all of it. Safe to repeat. @throws {GatewayError} */
  capture(charge: Charge & { readonly gatewayRef: string }): Promise<ChargeState>;
  /** Gives up what is open or authorised, so that it can never be taken any more. Safe to repeat. Answers how it stands then: it may have been captured. @throws {GatewayError} */
  cancel(charge: Charge & { readonly gatewayRef: string }): Promise<ChargeState>;
  /** Safe to repeat with the same `refundId`, but after an `unknown` {@link lookUpRefund} comes first. @throws {GatewayError} */
  refund(order: RefundOrder): Promise<RefundState>;
  /** What became of it. Changes nothing. @throws {GatewayError} */
  lookUp(charge: Charge): Promise<ChargeState>;
  /** @throws {GatewayError} */
  lookUpRefund(order: RefundOrder): Promise<RefundState>;
  /** Everything of a period (inclusive start, exclusive end), where the gateway can list it. @throws {GatewayError} */
  list?(from: Date, to: Date): AsyncIterable<ListedCharge>;
}

/**
 * final: refused before anything happened, and a repeat would be refused too (a wrong key, a malformed request).
 * busy: refused before anything happened, a repeat may succeed (rate limit).
 * unknown: sent, and no answer that can be trusted (timeout, connection lost, 5xx on a change): it may have happened.
 * unavailable: nothing was sent, or only a question that changes nothing failed: repeat it.
 */
export type GatewayErrorKind = 'final' | 'busy' | 'unknown' | 'unavailable';

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly gateway: GatewayName;
  readonly kind: GatewayErrorKind;
  /** The gateway's own code or the HTTP status, for people. */
  readonly gatewayCode: string;
  readonly retryAfterMs: number | undefined;

  constructor(gateway: GatewayName, kind: GatewayErrorKind, gatewayCode: string, message: string, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    // It is told to people and kept as the reason of a failure.
    super(storableText(message), options.cause === undefined ? {} : { cause: options.cause });
    this.gateway = gateway;
    this.kind = kind;
    this.gatewayCode = storableText(gatewayCode);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An inbound notification that is genuine. It only says where to look: the gateway is asked before anything is believed. */
export interface GatewayNotification {
  /** The same for each delivery of the same notification. */
  readonly eventId: string;
  /** E.g. `payment_intent.succeeded`, for people. */
  readonly type: string;
  /** Ours, when the notification says it. */
  readonly paymentId?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly gatewayRef?: string | undefined;
  /** What is kept of it, without what identifies the payer's card. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Why an inbound notification is not believed. `stale` is a genuine signature over a time too long ago. */
export type NotificationRefusal = 'bad_signature' | 'stale' | 'malformed';
