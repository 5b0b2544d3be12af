/**
 * The payment flow: its states and the messages it takes. No schema library is imported here: a workflow runs every
 * module that it imports anew for each payment.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { flowMessages } from '../flow-messages.ts';
import type { PaymentView, RefundView } from './schemas.ts';

export const gatewayNames = ['stripe', 'gopay', 'paytm'] as const;
export type GatewayName = (typeof gatewayNames)[number];

/**
 * created: nothing has been taken; with `redirectUrl` the payer has to act. authorised: held by the gateway, not taken.
 * captured: the gateway has the money, and the ledger owes it to the customer. settled: it belongs to what was bought.
 * failed: nothing was taken, or what was taken was given back before it was used (see `failure`). refunded: all of it
 * was given back. unknown: sent, but not answered: it may have happened. reconciling: the gateway is being asked again
 * and again what became of it.
 */
export const paymentStatuses = ['created', 'authorised', 'captured', 'settled', 'failed', 'refunded', 'unknown', 'reconciling'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** Money may still move by itself: something must go on with it. */
export const openPaymentStatuses = ['created', 'authorised', 'captured', 'unknown', 'reconciling'] as const satisfies readonly PaymentStatus[];

/**
 * Why a payment failed, in the words of Holdfast; what the gateway called it is kept beside it.
 * Declines are final for this payment: the payer may begin another.
 */
export const paymentFailureCodes = [
  'insufficient_funds', 'card_declined', 'card_expired', 'incorrect_cvc', 'fraud_suspected', 'limit_exceeded',
  'authentication_failed', 'method_invalid', 'payer_cancelled', 'payer_timed_out', 'bank_unavailable',
  // Not the payer's bank, but what happened around it.
  'cancelled', 'gateway_refused', 'gateway_unavailable', 'subject_gone',
] as const;
export type PaymentFailureCode = (typeof paymentFailureCodes)[number];

/** What is paid for. The amount and currency are the subject's own; a caller can only confirm them. */
export const subjectKinds = ['booking', 'purchase', 'order'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** automatic: authorised and taken at once. manual: authorised, then taken when what it pays for is certain. */
export const captureModes = ['automatic', 'manual'] as const;
export type CaptureMode = (typeof captureModes)[number];

export interface PayRequest {
  readonly subject: Subject;
  readonly gateway: GatewayName;
  /** The gateway's own name for how to pay: Stripe a payment method id (`pm_…`), GoPay and Paytm an instrument or nothing. */
  readonly method: string;
  readonly capture: CaptureMode;
  /** If given, they must be what the subject costs. */
  readonly amountMinor?: number;
  readonly currency?: string;
  /** If given, the subject must be this customer's. */
  readonly customerId?: string;
}

/**
 * Input of the payment workflow. Without `request` the run picks up a payment that is in the database already: to
 * refund it, or because a gateway told something about it.
 */
export interface PaymentInput {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly request?: PayRequest;
  /** The run that this one goes on for was asked to cancel. */
  readonly cancel?: boolean;
}

export interface RefundWish {
  readonly refundId: string;
  /** All that is left, if absent. */
  readonly amountMinor?: number;
  readonly reason?: string;
  /** Of an undo: when it has succeeded, and what somebody else had promised was refused after all, that is given back by another. */
  readonly allOfIt?: boolean;
}

/** How long a caller is kept waiting for a gateway that may answer at once, before the answer is "created". */
export const paymentPatienceMs = 15_000;

export interface OfTenant {
  readonly tenantId: string;
}

export const paymentMessages = {
  /** Sent with the start: waits until the payer has to act, or until the payment has come to an end. */
  begin: defineUpdate<PaymentView, [OfTenant]>('begin'),
  refund: defineUpdate<RefundView, [OfTenant & RefundWish]>('refund'),
  /** A gateway told something: ask it. The signal carries nothing, so a forged or late one can say nothing. */
  gatewayEvent: defineSignal('gatewayEvent'),
  status: defineQuery<PaymentView | undefined>('status'),
  ...flowMessages,
};
