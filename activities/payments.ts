/**
 * Steps of a payment. A step that talks to a gateway asks first what became of an earlier attempt: a lost answer is
 * never taken for a failure, and no charge is sent twice.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { isRefusal, unknownPayment, type Refusal } from '../contracts/failures.ts';
import type { GatewayName, PaymentFailureCode, PayRequest, RefundWish, Subject } from '../contracts/payments/flow.ts';
import type { PaymentView, RefundView } from '../contracts/payments/schemas.ts';
import type { BookingView } from '../contracts/bookings/schemas.ts';
import { allOrNothing } from '../services/database/all-or-nothing.ts';
import type { Databases } from '../services/database/connection.ts';
import { beginPayment, extendPayBy, type PaymentRef } from '../services/database/payments/begin.ts';
import { findPayment, toCharge } from '../services/database/payments/queries.ts';
import { failPayment, markUndecided, recordCharge } from '../services/database/payments/record.ts';
import { listOpenRefunds, markRefundSent, recordRefund, requestRefund, selectRefunds } from '../services/database/payments/refunds.ts';
import { selectPayment, type PaymentRow, type RefundRow } from '../services/database/payments/rows.ts';
import { settleBooking, stillWanted } from '../services/database/payments/settle.ts';
import { isAwaited, isPayable } from '../services/database/payments/subjects.ts';
import { refreshInventoryStatistics } from '../services/database/purchases/inventory.ts';
import type { Charge, ChargeState, Gateway, RefundOrder, RefundState } from '../services/payments/gateway.ts';
import { named } from './failures.ts';
import { alive, asking, sending, taken } from './payments-gateway.ts';

type Outcome = PaymentView | Refusal;

/** What becomes of captured money. */
export type Settlement =
  | { readonly kind: 'settled'; readonly booking: BookingView }
  /** A purchase or an order is in charge of it. */
  | { readonly kind: 'awaited' }
  /** What it was for cannot be had any more. */
  | { readonly kind: 'unwanted'; readonly why: string };

export interface PaymentDependencies {
  readonly databases: Databases;
  readonly gateways: Partial<Record<GatewayName, Gateway>>;
  /** Tells a booking's flow that its row has changed. */
  readonly tellBooking: (bookingId: string, confirmed?: Confirmed) => Promise<void>;
}

/** A booking that was paid for. */
export interface Confirmed {
  readonly tenantId: string;
  /** With it the flow need not look. */
  readonly booking?: BookingView;
}

/** From a payment's row to its being sent, when nothing gets in between. */
const atOnceMs = 30_000;

export function createPaymentActivities({ databases: { write }, gateways, tellBooking }: PaymentDependencies) {
  const load = async (ref: PaymentRef): Promise<PaymentRow | undefined> => await named(() => selectPayment(write, ref.tenantId, ref.paymentId));

  /**
   * Runs a conversation with the payment's gateway, and writes down what comes of it.
   * @param isNew the gateway cannot have told us anything about it yet.
   */
  async function talk(ref: PaymentRef, conversation: (gateway: Gateway, charge: Charge, row: PaymentRow) => Promise<ChargeState | undefined>, isNew = false): Promise<Outcome> {
    const row = await load(ref);
    if (row === undefined) return unknownPayment(ref.paymentId);
    const askedAt = isNew ? undefined : new Date();
    const state = await alive(async () => await conversation(gatewayOf(row), toCharge(row), row));
    const recorded = await named(() => (state === undefined ? findPayment(write, ref.tenantId, ref.paymentId) : recordCharge(write, ref, state, askedAt)));
    if (recorded === undefined) return unknownPayment(ref.paymentId);
    if (!isRefusal(recorded) && recorded.status === 'failed') await tellSubject(recorded);
    return recorded;
  }

  function gatewayOf({ gateway: name }: PaymentRow): Gateway {
    const gateway = gateways[name];
    // It was set up when the payment began; without it nobody can know what became of the money.
    if (gateway === undefined) throw ApplicationFailure.retryable(`${name} is not set up in this worker.`, 'gateway_not_configured');
    return gateway;
  }

  const wanted = async ({ tenant_id: tenantId, subject_kind: kind, subject_id: id }: PaymentRow): Promise<boolean> =>
    await named(() => (kind === 'booking' ? stillWanted(write, tenantId, id) : isPayable(write, tenantId, kind, id)));

  /** The booking's flow looks at its row then; a purchase and an order wait for the payment's end. */
  async function tellSubject({ subject }: PaymentView): Promise<void> {
    if (subject.kind === 'booking') await tellBooking(subject.id);
  }

  async function orderOf(ref: PaymentRef, refundId: string): Promise<{ refund: RefundRow; order: RefundOrder; gateway: Gateway } | undefined> {
    const [payment, refunds] = await named(async () => await Promise.all([selectPayment(write, ref.tenantId, ref.paymentId), selectRefunds(write, ref.tenantId, ref.paymentId)]));
    const refund = refunds.find(({ id }) => id === refundId);
    if (payment === undefined || payment.gateway_ref === null || refund === undefined) return undefined;
    const otherRefs = refunds.flatMap(({ id, gateway_ref }) => (id === refundId || gateway_ref === null ? [] : [gateway_ref]));
    const charge = { ...toCharge(payment), gatewayRef: payment.gateway_ref };
    const order = {
      refundId,
      amountMinor: refund.amount_minor,
      charge,
      createdAt: refund.created_at,
      otherRefs,
      ...(refund.sent_at !== null && { sentAt: refund.sent_at }),
      ...(refund.gateway_ref !== null && { gatewayRef: refund.gateway_ref }),
    };
    return { refund, order, gateway: gatewayOf(payment) };
  }

  return {
    /** @param nowMs the workflow's clock: the payer's time runs on the clock that will end it. */
    async beginPayment(ref: PaymentRef, request: PayRequest, nowMs: number): Promise<Outcome> {
      if (gateways[request.gateway] === undefined) return { refused: 'gateway_not_configured', detail: `${request.gateway} is not set up here.` };
      return await named(() => beginPayment(write, ref, request, new Date(nowMs)));
    },

    async loadPayment(ref: PaymentRef): Promise<Outcome> {
      return (await named(() => findPayment(write, ref.tenantId, ref.paymentId))) ?? unknownPayment(ref.paymentId);
    },

    /** A hold that was extended gives the payer as much more time. */
    async extendPayBy(ref: PaymentRef): Promise<Outcome> {
      return await named(() => extendPayBy(write, ref));
    },

    /** Sends the payment, once. Every attempt but the first asks what became of the one before. */
    async authorise(ref: PaymentRef): Promise<Outcome> {
      const { attempt } = Context.current().info;
      const conversation = async (gateway: Gateway, charge: Charge, row: PaymentRow): Promise<ChargeState | undefined> => {
        if (row.status !== 'created' || row.gateway_ref !== null) return undefined;
        if (attempt > 1) {
          const earlier = await asking(async () => await gateway.lookUp(charge));
          if (earlier.state !== 'absent') return earlier;
        }
        // The row was checked against the booking when it was made; what is sent later than at once is checked again.
        if ((attempt > 1 || Date.now() - row.created_at.getTime() > atOnceMs) && !(await wanted(row))) {
          await named(() => failPayment(write, ref, 'subject_gone', 'What it was for had ended before it could be sent.'));
          return undefined;
        }
        return await sending(async () => await gateway.authorise(charge));
      };
      return await talk(ref, conversation, attempt === 1);
    },

    /** Takes what was authorised. */
    async capture(ref: PaymentRef): Promise<Outcome> {
      return await talk(ref, async (gateway, charge, row) => {
        if (row.status !== 'authorised' || charge.gatewayRef === undefined) return undefined;
        const { gatewayRef } = charge;
        if (Context.current().info.attempt > 1) {
          const earlier = await asking(async () => await gateway.lookUp(charge));
          if (earlier.state !== 'authorised') return earlier;
        }
        return await sending(async () => taken(gateway, await gateway.capture({ ...charge, gatewayRef })));
      });
    },

    /** Gives up at the gateway what has not been taken, so that it cannot be any more where the gateway knows how. */
    async giveUp(ref: PaymentRef): Promise<Outcome> {
      return await talk(ref, async (gateway, charge, row) => {
        if (charge.gatewayRef === undefined || (row.status !== 'created' && row.status !== 'authorised')) return undefined;
        const { gatewayRef } = charge;
        const state = await sending(async () => await gateway.cancel({ ...charge, gatewayRef }));
        // That it was cancelled is why the flow asked, not how the payment failed.
        return state.state === 'failed' ? undefined : state;
      });
    },

    /** Asks the gateway. @returns `absent` when it has never heard of the payment. */
    async lookUp(ref: PaymentRef): Promise<Outcome | { readonly absent: true }> {
      let absent = false;
      const outcome = await talk(ref, async (gateway, charge, row) => {
        const state = await asking(async () => await gateway.lookUp(charge));
        absent = state.state === 'absent';
        if (state.state !== 'authorised' || row.status !== 'failed') return state;
        // Held after the end: nobody is going to take it, so the payer gets it back now and not when the hold lapses.
        return await sending(async () => await gateway.cancel({ ...charge, gatewayRef: state.gatewayRef }));
      });
      return absent ? { absent } : outcome;
    },

    async markUndecided(ref: PaymentRef, status: 'created' | 'unknown' | 'reconciling'): Promise<Outcome> {
      return await named(() => markUndecided(write, ref, status));
    },

    async failPayment(ref: PaymentRef, code: PaymentFailureCode, message: string): Promise<Outcome> {
      const failed = await named(() => failPayment(write, ref, code, message));
      if (!isRefusal(failed)) await tellSubject(failed);
      return failed;
    },

    /** Whether it makes sense to take the money now. */
    async isWanted(ref: PaymentRef): Promise<boolean> {
      const row = await load(ref);
      return row !== undefined && (await wanted(row));
    },

    async settle(ref: PaymentRef): Promise<Settlement> {
      const settled = await named(() =>
        allOrNothing(write, async (tx): Promise<{ readonly subject: Subject; readonly booking?: BookingView } | Refusal> => {
          const payment = await selectPayment(tx, ref.tenantId, ref.paymentId, 'for update');
          if (payment === undefined) return unknownPayment(ref.paymentId);
          const subject: Subject = { kind: payment.subject_kind, id: payment.subject_id };
          if (subject.kind !== 'booking') return (await isAwaited(tx, ref.tenantId, subject.kind, subject.id)) ? { subject } : { refused: 'payment_closed', detail: `The ${subject.kind} has ended.` };
          const booking = await settleBooking(tx, subject.id, payment);
          return isRefusal(booking) ? booking : { subject, booking };
        }),
      );
      if (isRefusal(settled)) return { kind: 'unwanted', why: settled.detail };
      const { subject, booking } = settled;
      if (booking === undefined) return { kind: 'awaited' };
      if (booking.kind === 'vehicle') await named(() => refreshInventoryStatistics(write, ref.tenantId));
      await tellBooking(subject.id, { tenantId: ref.tenantId, booking });
      return { kind: 'settled', booking };
    },

    async requestRefund(ref: PaymentRef, wish: RefundWish): Promise<RefundView | Refusal> {
      return await named(() => requestRefund(write, ref, wish));
    },

    async loadOpenRefunds(ref: PaymentRef): Promise<RefundView[]> {
      return await named(() => listOpenRefunds(write, ref));
    },

    /** Gives money back, once. @returns the refund as it stands; `requested` while the gateway works on it. */
    async refund(ref: PaymentRef, refundId: string): Promise<RefundView | Refusal> {
      const found = await orderOf(ref, refundId);
      if (found === undefined) return { refused: 'refund_not_found', detail: `There is no refund ${refundId}.` };
      const { order, gateway, refund } = found;
      const state = await alive(async () => {
        if (refund.status !== 'requested') return undefined;
        // By an attempt before, or by a run of the flow before.
        if (refund.sent_at !== null || refund.gateway_ref !== null) {
          const earlier = await asking(async () => await gateway.lookUpRefund(order));
          if (earlier.state !== 'absent') return earlier;
        }
        if (!(await named(() => markRefundSent(write, ref, refundId, refund.sent_at)))) throw ApplicationFailure.retryable('Somebody else is sending it.', 'payment_unknown');
        return await sending(async () => await gateway.refund(order));
      });
      return await recorded(ref, refundId, state ?? { state: 'absent' });
    },

    async lookUpRefund(ref: PaymentRef, refundId: string): Promise<RefundView | Refusal> {
      const found = await orderOf(ref, refundId);
      if (found === undefined) return { refused: 'refund_not_found', detail: `There is no refund ${refundId}.` };
      const state = await alive(async () => await asking(async () => await found.gateway.lookUpRefund(found.order)));
      return await recorded(ref, refundId, state);
    },
  };

  /** Another amount than was ordered is nothing to write down by itself. */
  async function recorded(ref: PaymentRef, refundId: string, state: RefundState): Promise<RefundView | Refusal> {
    const refund = await named(() => recordRefund(write, ref, refundId, state));
    if (isRefusal(refund) && refund.refused === 'amount_mismatch') throw ApplicationFailure.nonRetryable(refund.detail, 'payment_unknown');
    return refund;
  }
}

export type PaymentActivities = ReturnType<typeof createPaymentActivities>;
