/** Payments: beginning, steering and watching their flows. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { typeid } from 'typeid-js';
import { startOf } from '../contracts/flow-start.ts';
import { paymentWorkflowId } from '../contracts/flows.ts';
import { paymentMessages, paymentPatienceMs, type PaymentInput, type PayRequest } from '../contracts/payments/flow.ts';
import { payBookingBody, refundBody, type PaymentView, type RefundView, type UnmadePayment } from '../contracts/payments/schemas.ts';
import { paymentLabels } from '../contracts/payments/start.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';
import type { z } from 'zod';

/** `pay_…`, `rfd_…`: unique, and sortable by the time it was made. */
export const newPaymentId = (): string => typeid('pay').toString();
export const newRefundId = (): string => typeid('rfd').toString();

/** A payment and how far its flow has come. */
export interface PaymentProgress extends FlowProgress {
  readonly payment: PaymentView | undefined;
}

export interface PayBooking extends z.input<typeof payBookingBody> {
  readonly bookingId: string;
  /** From {@link newPaymentId}: keep it and pass it again when the answer got lost, and nothing is paid twice. */
  readonly id?: string;
}

export interface RefundRequest extends z.input<typeof refundBody> {
  /** From {@link newRefundId}: the same for a repeat of the same refund. */
  readonly id?: string;
}

export class PaymentsClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Pays for a held booking.
   * @returns the payment when it is decided, or when the payer has to act (`redirectUrl`); `{id, status: 'created'}` when
   * that takes longer than fifteen seconds, in which case the flow goes on by itself: {@link watch} it.
   * @throws {HoldfastError} `booking_not_found`, `hold_expired`, `not_the_holder`, `amount_mismatch`, `payment_in_progress`,
   * `already_paid`, `gateway_not_configured`, `temporal_unavailable`. A decline is no error: the payment is `failed`.
   */
  async payBooking({ bookingId, id = newPaymentId(), ...wanted }: PayBooking): Promise<PaymentView | UnmadePayment> {
    const { gateway, method = '', capture, amount, currency, customerId } = parsed(payBookingBody, wanted);
    const request: PayRequest = {
      subject: { kind: 'booking', id: bookingId },
      gateway,
      method,
      capture,
      ...(amount !== undefined && { amountMinor: amount }),
      ...(currency !== undefined && { currency }),
      ...(customerId !== undefined && { customerId }),
    };
    const input: PaymentInput = { tenantId: this.#tenantId, paymentId: id, request };
    return await translated(async () => {
      try {
        return await this.#client.withDeadline(Date.now() + paymentPatienceMs, async () => await this.#updateWithStart(paymentMessages.begin, [{ tenantId: this.#tenantId }], input));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        // It is unknown whether the start arrived. Starting again is safe: a flow that is there stays as it is.
        await this.#client.workflow.start('payment', this.#startOptions(input));
        return { id, status: 'created' };
      }
    });
  }

  /**
   * How the payment's last run left it. What a purchase or an order made of it since (settled, or given back) is said by
   * theirs, and by the HTTP API, which reads the database.
   * @throws {HoldfastError} `payment_not_found`, also when the flow is older than Temporal's retention; the HTTP API still has it.
   */
  async get(id: string): Promise<PaymentView> {
    return await translated(async () => {
      const view = await (await ownedFlow(this.#client, this.#tenantId, paymentWorkflowId(id))).query(paymentMessages.status);
      if (view === undefined) throw new HoldfastError('payment_not_found');
      return view;
    });
  }

  /**
   * Gives money back, all that is left or a part.
   * @returns the refund as it was requested; it goes on by itself.
   * @throws {HoldfastError} `payment_not_found`, `payment_not_refundable`, `refund_over_captured`.
   */
  async refund(paymentId: string, { id = newRefundId(), ...wanted }: RefundRequest = {}): Promise<RefundView> {
    const { amount, reason } = parsed(refundBody, wanted);
    const wish = { tenantId: this.#tenantId, refundId: id, ...(amount !== undefined && { amountMinor: amount }), ...(reason !== undefined && { reason }) };
    return await translated(async () => {
      await this.#refuseStranger(paymentId);
      return await this.#client.withDeadline(Date.now() + paymentPatienceMs, async () => await this.#updateWithStart(paymentMessages.refund, [wish], { tenantId: this.#tenantId, paymentId }));
    });
  }

  /** Gives a payment up that has not been taken yet. Returns when Temporal has it, not when it is done. */
  async cancel(id: string): Promise<void> {
    await this.#signal(id, 'cancel');
  }

  /** Goes on with a payment that is parked or waits to ask its gateway again. */
  async resume(id: string): Promise<void> {
    await this.#signal(id, 'resume');
  }

  /** A gateway told something about a payment: its flow asks the gateway. Starts a run when the one before has ended. */
  async gatewayEvent(id: string): Promise<void> {
    await translated(async () => {
      await this.#client.workflow.signalWithStart('payment', { ...this.#startOptions({ tenantId: this.#tenantId, paymentId: id }), signal: paymentMessages.gatewayEvent });
    });
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<PaymentProgress> {
    const handle = await translated(async () => await ownedFlow(this.#client, this.#tenantId, paymentWorkflowId(id)));
    yield* watchFlow(handle, async () => ({ payment: await handle.query(paymentMessages.status), ...(await handle.query(paymentMessages.progress)) }), options.signal);
  }

  async #signal(id: string, signal: 'cancel' | 'resume'): Promise<void> {
    await translated(async () => {
      try {
        await (await ownedFlow(this.#client, this.#tenantId, paymentWorkflowId(id))).signal(paymentMessages[signal]);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw new HoldfastError(signal === 'cancel' ? 'payment_closed' : 'nothing_to_resume', undefined, { cause: error });
        throw error;
      }
    });
  }

  /** A run that a stranger started would hide the owner's. */
  async #refuseStranger(id: string): Promise<void> {
    try {
      await ownedFlow(this.#client, this.#tenantId, paymentWorkflowId(id));
    } catch (error) {
      if (error instanceof HoldfastError) throw new HoldfastError('payment_not_found', undefined, { cause: error });
      // It may be older than Temporal's retention while the database still has the payment.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async #updateWithStart<Result, Args extends unknown[]>(message: UpdateDefinition<Result, Args>, args: Args, input: PaymentInput): Promise<Result> {
    return await updateWithStart(this.#client, { type: 'payment', start: this.#startOptions(input), message, args });
  }

  #startOptions(input: PaymentInput) {
    return {
      ...startOf('payment', paymentWorkflowId(input.paymentId), input),
      ...paymentLabels(input),
    };
  }
}
