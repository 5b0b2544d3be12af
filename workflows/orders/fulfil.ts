/** The way forward: payment, stock, shipping, confirmation, warehouse, each with how it is undone. */
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { undoRefundOfOrder, type OrderReason, type OrderStep } from '../../contracts/orders/flow.ts';
import type { OrderState } from '../../contracts/orders/schemas.ts';
import { payFor, undoPayment } from '../payments/pay.ts';
import type { Saga } from '../saga.ts';
import type { OrderRun, Stop } from './run.ts';
import { forward, reasonOf, tried, undone } from './steps.ts';
import { tell } from './story.ts';

interface Step {
  readonly name: OrderStep;
  /** @returns why it did not go through, or nothing. @throws {TemporalFailure} when that is not known. */
  readonly take: () => Promise<OrderReason | undefined>;
  /** Absent where nothing is left behind: see {@link stepsOf}. */
  readonly undo?: () => Promise<void>;
}

/** @returns where it stopped, or nothing when the order is complete. */
export async function fulfil(run: OrderRun, order: OrderState, saga: Saga): Promise<Stop | undefined> {
  if (run.pickedUp) undoAll(run, order, saga);
  for (const { name, take, undo } of stepsOf(run, order)) {
    // Looked at before a step: none is cut in the middle. When the warehouse has the goods it is too late.
    if (run.cancel) return { step: name, reason: 'cancelled' };
    if (undo !== undefined && !run.pickedUp) saga.undoWith(name, undo);
    try {
      const reason = await take();
      if (reason !== undefined) return { step: name, reason };
    } catch (error) {
      return { step: name, reason: reasonOf(error) };
    }
    tell(run);
  }
  return undefined;
}

/** Every undo does nothing when its step was never taken. */
export function undoAll(run: OrderRun, order: OrderState, saga: Saga): void {
  for (const { name, undo } of stepsOf(run, order)) if (undo !== undefined) saga.undoWith(name, undo);
}

function stepsOf(run: OrderRun, order: OrderState): readonly Step[] {
  const { ref } = run;
  const done = (outcome: OrderState | Refusal): OrderReason | undefined => {
    if (isRefusal(outcome)) return outcome.refused;
    run.outcome = outcome;
    return undefined;
  };
  return [
    {
      name: 'payment',
      take: async () => await pay(run, order),
      undo: async () => await undoPayment({ tenantId: ref.tenantId, paymentId: order.paymentId }, undoRefundOfOrder(order.id), 'The order was not carried out.'),
    },
    {
      name: 'stock',
      take: async () => done(await tried((steps) => steps.reserveOrderStock(ref))),
      undo: async () => await undone((steps) => steps.giveBackOrderStock(ref)),
    },
    ...(order.ships
      ? [
          {
            name: 'shipping',
            take: async () => done(await forward.buyOrderLabel(ref)),
            undo: async () => await undone((steps) => steps.voidOrderLabel(ref)),
          } as const,
        ]
      : []),
    // The money that it settles is given back by the undo of the payment, out of the revenue. An ordinary activity: a
    // flow hears nothing while local ones follow each other, and this is the last moment to hear that it is cancelled.
    { name: 'confirmation', take: async () => done(await forward.confirmOrder(ref)) },
    // Handing over and completing are one transaction, and the last: either the order is complete or the warehouse has nothing.
    { name: 'warehouse', take: async () => done(await tried((steps) => steps.handOverOrder(ref))) },
  ];
}

async function pay(run: OrderRun, { id, customerId, gateway, method, amount, currency, paymentId }: OrderState): Promise<OrderReason | undefined> {
  const request = { subject: { kind: 'order', id }, gateway, method, capture: 'automatic', amountMinor: amount, currency, customerId } as const;
  const payment = await payFor({ tenantId: run.ref.tenantId, paymentId, request }, run);
  if (isRefusal(payment)) return payment.refused;
  if (payment.status === 'captured' || payment.status === 'settled') return undefined;
  return payment.failure?.code ?? (run.cancel ? 'cancelled' : 'payment_closed');
}
