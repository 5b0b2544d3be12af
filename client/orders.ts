/** Orders: placing, steering and watching their flows. */
import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { typeid } from 'typeid-js';
import type { Refusal } from '../contracts/failures.ts';
import { startOf } from '../contracts/flow-start.ts';
import { orderWorkflowId } from '../contracts/flows.ts';
import { orderMessages, type OrderInput, type OrderRequest } from '../contracts/orders/flow.ts';
import { orderId, placeOrder, type OrderState, type PlaceOrder } from '../contracts/orders/schemas.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';

/** `ord_…`: unique, and sortable by the time it was made. */
export const newOrderId = (): string => typeid('ord').toString();

/** An order and how far its flow has come. */
export interface OrderProgress extends FlowProgress {
  readonly order: OrderState | undefined;
}

export interface PlaceOrderRequest extends PlaceOrder {
  /** From {@link newOrderId}: keep it and pass it again when the answer got lost, and nothing is ordered twice. */
  readonly id?: string;
}

/** How long it may take until it is known whether an order can be taken; usually some tens of milliseconds. */
const answerPatienceMs = 15_000;
type OrderWorkflow = (input: OrderInput) => Promise<OrderState | Refusal>;

export class OrdersClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Places an order of which nothing is sent. One that is sent has an address, which must not enter a workflow's
   * history: place it through the HTTP API.
   * @returns the order as soon as it is known that it can be taken; its payment and all the rest go on by themselves:
   * {@link watch} it, and `payments.get(order.paymentId)` says where the payer has to go.
   * @throws {HoldfastError} `product_not_found`, `out_of_stock`, `mixed_currencies`, `amount_mismatch`, `nothing_to_pay`,
   * `invalid_request`, `order_id_reused`, `temporal_unavailable`.
   */
  async place({ id = newOrderId(), ...wanted }: PlaceOrderRequest): Promise<OrderState> {
    const { customerId, items, gateway, method = '', amount, currency } = parsed(placeOrder, wanted);
    const request: OrderRequest = { customerId, items, gateway, method, ...(amount !== undefined && { amountMinor: amount }), ...(currency !== undefined && { currency }) };
    return await this.#begin({ tenantId: this.#tenantId, orderId: parsed(orderId, id), request }, customerId);
  }

  /** Starts the flow of an order that is in the database already; one that runs is left as it is. @throws as {@link place}. */
  async begin(id: string, customerId: string): Promise<OrderState> {
    return await this.#begin({ tenantId: this.#tenantId, orderId: id }, customerId);
  }

  /** @throws {HoldfastError} `flow_not_found` when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<OrderState | undefined> {
    return await translated(async () => await (await this.#owned(id)).query(orderMessages.status));
  }

  /** Stops the order and undoes it, if the warehouse does not have it yet. Returns when Temporal has it, not when it is done. */
  async cancel(id: string): Promise<void> {
    await this.#signalWithStart(id, 'cancel');
  }

  /** Tries again to undo what could not be undone. */
  async resume(id: string): Promise<void> {
    await this.#signalWithStart(id, 'resume');
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<OrderProgress> {
    const handle = await translated(async () => await this.#owned(id));
    yield* watchFlow(handle, async () => ({ order: await handle.query(orderMessages.status), ...(await handle.query(orderMessages.progress)) }), options.signal);
  }

  async #begin(input: OrderInput, customerId: string): Promise<OrderState> {
    return await translated(async () => {
      await this.#refuseStranger(input.orderId);
      try {
        return await this.#client.withDeadline(Date.now() + answerPatienceMs, async () => await this.#updateWithStart(input, customerId));
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new HoldfastError('temporal_unavailable', `The order was sent but not answered in time. Look at ${input.orderId}, or place it again under this id.`, { cause: error });
      }
    });
  }

  async #updateWithStart(input: OrderInput, customerId: string): Promise<OrderState> {
    return await updateWithStart(this.#client, { type: 'order', start: this.#startOptions(input, customerId), message: orderMessages.begin, args: [{ tenantId: this.#tenantId }] });
  }

  /** A run that a stranger started would hide the owner's. */
  async #refuseStranger(id: string): Promise<void> {
    try {
      await this.#owned(id);
    } catch (error) {
      if (error instanceof HoldfastError) throw new HoldfastError('order_not_found', undefined, { cause: error });
      // No flow at all: a new order, or one that is older than Temporal's retention.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async #signalWithStart(id: string, signal: 'cancel' | 'resume'): Promise<void> {
    await translated(async () => {
      try {
        const handle = await this.#owned(id);
        await handle.signal(orderMessages[signal]);
      } catch (error) {
        // The run has ended, by force perhaps: a new one picks the order up from the database.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        await this.#client.workflow.signalWithStart('order', { ...this.#startOptions({ tenantId: this.#tenantId, orderId: id }), signal: orderMessages[signal] });
      }
    });
  }

  /** @throws {HoldfastError} `flow_not_found` for a flow of another tenant, as if there were none. */
  async #owned(id: string): Promise<WorkflowHandle<OrderWorkflow>> {
    return await ownedFlow<OrderWorkflow>(this.#client, this.#tenantId, orderWorkflowId(id));
  }

  #startOptions(input: OrderInput, customerId?: string) {
    const { tenantId, orderId: id } = input;
    return {
      ...startOf('order', orderWorkflowId(id), input),
      typedSearchAttributes: [
        { key: searchAttributes.tenant, value: tenantId },
        { key: searchAttributes.resource, value: id },
        ...(customerId === undefined
          ? []
          : [
              { key: searchAttributes.status, value: 'pending' },
              { key: searchAttributes.customer, value: customerId },
            ]),
      ],
      staticSummary: customerId === undefined ? `Order ${id}, picked up again` : `Order ${id} for ${customerId}`,
      staticDetails: `Tenant \`${tenantId}\`, order \`${id}\`. Signals: \`cancel\` (until the warehouse has it), \`resume\` (tries a parked undo again).`,
    };
  }
}
