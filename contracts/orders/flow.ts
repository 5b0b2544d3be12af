/**
 * The order flow: its steps, its states and the messages it takes. No schema library is imported here: a workflow runs
 * every module that it imports anew for each order.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { FailureCode } from '../failures.ts';
import { flowMessages } from '../flow-messages.ts';
import type { GatewayName, OfTenant, PaymentFailureCode } from '../payments/flow.ts';
import type { OrderState } from './schemas.ts';

/** In this order (E7). An order of which nothing is sent has no `shipping`. */
export const orderSteps = ['validation', 'payment', 'stock', 'shipping', 'confirmation', 'warehouse'] as const;
export type OrderStep = (typeof orderSteps)[number];

/**
 * pending: on its way. confirmed: paid, its goods are put aside, and it is sure to the customer. completed: the
 * warehouse has it. undoing: something failed or someone cancelled, and what was done is being undone. cancelled,
 * failed: all of it is undone (see `reason`).
 */
export const orderStatuses = ['pending', 'confirmed', 'completed', 'undoing', 'cancelled', 'failed'] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** Why an order is undone: a code of the failures table, or why its payment failed. */
export type OrderReason = FailureCode | PaymentFailureCode;

export const hasEnded = ({ status }: { readonly status: OrderStatus }): boolean => status === 'completed' || status === 'cancelled' || status === 'failed';

/** At most this many different products in an order. */
export const maxOrderLines = 100;

export interface OrderedItem {
  readonly productId: string;
  readonly quantity: number;
}

/** What is ordered. Ids only: the workflow's input and so its history carry no personal data. */
export interface OrderRequest {
  readonly customerId: string;
  readonly items: readonly OrderedItem[];
  readonly gateway: GatewayName;
  readonly method: string;
  /** If given, they must be what the order costs. */
  readonly amountMinor?: number;
  readonly currency?: string;
}

/**
 * Input of the order workflow. Without `request` the run picks up an order that is in the database already: one that
 * was placed with an address, or one whose earlier run was ended by force.
 */
export interface OrderInput {
  readonly tenantId: string;
  readonly orderId: string;
  readonly request?: OrderRequest;
}

/** How long a caller is kept waiting for the payment to be decided, or for the address where the payer has to go. */
export const orderPatienceMs = 5_000;

const suffixOf = (orderId: string): string => orderId.slice(orderId.indexOf('_') + 1);

/** An order has one payment, one refund that undoes it, and one shipment, so their ids follow from its own. */
export const paymentOfOrder = (orderId: string): string => `pay_${suffixOf(orderId)}`;
export const undoRefundOfOrder = (orderId: string): string => `rfd_${suffixOf(orderId)}`;
export const shipmentOfOrder = (orderId: string): string => `shp_${suffixOf(orderId)}`;

export const orderMessages = {
  /** Sent with the start: waits until it is known whether the order can be taken. */
  begin: defineUpdate<OrderState, [OfTenant]>('begin'),
  status: defineQuery<OrderState | undefined>('status'),
  ...flowMessages,
};
