/** One history of each way a payment can go. */
import { newPaymentId, type PayBooking, type PaymentView } from '../../client/index.ts';
import { paymentWorkflowId } from '../../contracts/flows.ts';
import { findPayment } from '../../services/database/payments/queries.ts';
import { createResource, someRoom } from '../support/database.ts';
import { eventually } from '../support/http.ts';
import { payerDecides } from '../support/payer.ts';
import type { SkippingWorld } from '../support/time-skipping.ts';

export type Write = (name: string, workflowId: string) => Promise<void>;

const minute = 60_000;
const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' } as const;

interface Way {
  readonly pay: Omit<PayBooking, 'bookingId' | 'id'>;
  readonly faults?: readonly object[];
  readonly then?: (payment: PaymentView, resourceId: string) => Promise<unknown>;
}

export async function recordPayments(world: SkippingWorld, write: Write): Promise<void> {
  const { payments, bookings } = world.holdfast;
  const nights = { from: '2031-05-01', to: '2031-05-04' };
  const act = async (payment: PaymentView, outcome: string): Promise<void> => {
    await payerDecides(payment, outcome);
    await payments.gatewayEvent(payment.id);
  };
  const late = async (payment: PaymentView): Promise<void> => {
    await world.environment.sleep(16 * minute);
    await act(payment, 'paid');
  };

  const ways: Record<string, Way> = {
    settled: { pay: visa },
    'settled-after-manual-capture': { pay: { ...visa, capture: 'manual' } },
    declined: { pay: { gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' } },
    refused: { pay: { ...visa, amount: 1 } },
    'answer-lost-then-settled': { pay: visa, faults: [{ party: 'stripe', kind: 'error_after', operation: 'authorise', rate: 1, times: 1 }] },
    'unknown-then-reconciled': {
      pay: visa,
      faults: [{ party: 'stripe', kind: 'error', rate: 1 }],
      then: async () => {
        await world.environment.sleep(5 * minute);
        await world.sandbox.clearFaults();
      },
    },
    'payer-approved': { pay: strong, then: async (payment) => await act(payment, 'approve') },
    'payer-refused': { pay: strong, then: async (payment) => await act(payment, 'refuse') },
    'payer-timed-out': { pay: strong, then: async () => await world.environment.sleep(16 * minute) },
    cancelled: { pay: strong, then: async ({ id }) => await payments.cancel(id) },
    'late-then-taken-again': { pay: { gateway: 'gopay' }, then: late },
    'late-then-given-back': {
      pay: { gateway: 'gopay' },
      then: async (payment, resourceId) => {
        await world.environment.sleep(16 * minute);
        await bookings.book({ resourceId, customerId: 'bob', ...nights });
        await late(payment);
      },
    },
    'refunded-in-part': { pay: visa, then: async ({ id }) => await payments.refund(id, { amount: 500 }) },
    'refunded-after-trouble': {
      pay: visa,
      then: async ({ id }) => {
        await world.sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund', rate: 1 });
        await payments.refund(id);
        await world.environment.sleep(3 * minute);
        await world.sandbox.clearFaults();
      },
    },
  };

  for (const [name, { pay, faults = [], then }] of Object.entries(ways)) {
    const resourceId = await createResource(world.databases, world.tenantId, someRoom);
    const { id: bookingId } = await bookings.book({ resourceId, customerId: 'ada', ...nights });
    const id = newPaymentId();
    await world.sandbox.faults(...faults);
    const paying = payments.payBooking({ bookingId, id, ...pay }).catch(() => undefined);
    if (faults.length > 0) {
      await eventually('the payment to begin', async () => await findPayment(world.databases.write, world.tenantId, id));
      await world.environment.sleep(minute);
    }
    const payment = await paying;
    if (payment !== undefined) await then?.(payment as PaymentView, resourceId);
    await write(`payment-${name}`, paymentWorkflowId(id));
    await world.sandbox.clearFaults();
  }
}
