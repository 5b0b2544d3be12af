/**
 * The purchase flow: its states and the messages it takes. No schema library is imported here: a workflow runs every
 * module that it imports anew for each purchase.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { FailureCode } from '../failures.ts';
import { flowMessages } from '../flow-messages.ts';
import type { GatewayName, PaymentFailureCode } from '../payments/flow.ts';
import type { PurchaseView } from './schemas.ts';

/** vehicle: the one that a booking holds. basket: what a customer has put together on the marketplace. */
export const purchaseKinds = ['vehicle', 'basket'] as const;
export type PurchaseKind = (typeof purchaseKinds)[number];

/**
 * pending: being paid. completed: the customer has it. undoing: it came to nothing, and what was done is being undone
 * (see `reason`). cancelled, failed: all of it is undone.
 */
export const purchaseStatuses = ['pending', 'completed', 'undoing', 'cancelled', 'failed'] as const;
export type PurchaseStatus = (typeof purchaseStatuses)[number];

/** Why a purchase came to nothing: `cancelled`, why its payment failed, or what was in the way. */
export type PurchaseReason = FailureCode | PaymentFailureCode;

/** What is bought and how it is paid. The amount and currency are Holdfast's own; a caller can only confirm them. */
export interface PurchaseRequest {
  readonly customerId: string;
  /** The held vehicle. Without it the customer's basket is bought. */
  readonly bookingId?: string;
  readonly gateway: GatewayName;
  readonly method: string;
  readonly amountMinor?: number;
  readonly currency?: string;
}

/** Input of the purchase workflow. Without `request` the run picks up a purchase whose flow was lost, to undo it. */
export interface PurchaseInput {
  readonly tenantId: string;
  readonly purchaseId: string;
  readonly request?: PurchaseRequest;
}

/** The one payment of a purchase. */
export const paymentIdOf = (purchaseId: string): string => `pay_${suffixOf(purchaseId)}`;
/** The refund that undoes it. */
export const undoRefundIdOf = (purchaseId: string): string => `rfd_${suffixOf(purchaseId)}`;

const suffixOf = (id: string): string => id.slice(id.indexOf('_') + 1);

/** How long, and how often, what was bought can be downloaded. */
export const downloadLifeMs = 7 * 24 * 60 * 60 * 1000;
export const maxDownloads = 5;

/** How long a caller is kept waiting for a payment that may be decided at once. */
export const purchasePatienceMs = 5_000;

/** Whether the purchase stands for this wish. How it is paid is the payment's own. */
export const standsFor = (purchase: Pick<PurchaseView, 'customerId' | 'bookingId'>, request: PurchaseRequest): boolean =>
  purchase.customerId === request.customerId && purchase.bookingId === request.bookingId;

export interface OfTenant {
  readonly tenantId: string;
}

/** Every update names its tenant, and the flow refuses another one's: a guessed id opens nothing. */
export const purchaseMessages = {
  /** Sent with the start: waits until it is decided whether there is a purchase, not until it is paid. */
  begin: defineUpdate<PurchaseView, [OfTenant]>('begin'),
  status: defineQuery<PurchaseView | undefined>('status'),
  ...flowMessages,
};
