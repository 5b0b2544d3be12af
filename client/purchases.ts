/** Purchases: beginning, steering and watching their flows. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { typeid } from 'typeid-js';
import { answerPatienceMs } from '../contracts/bookings/flow.ts';
import { startOf } from '../contracts/flow-start.ts';
import { purchaseWorkflowId } from '../contracts/flows.ts';
import { purchaseMessages, standsFor, type PurchaseInput, type PurchaseRequest } from '../contracts/purchases/flow.ts';
import { createPurchaseBody, type CreatePurchase, type PurchaseView } from '../contracts/purchases/schemas.ts';
import { searchAttributes } from '../contracts/search-attributes.ts';
import type { FlowProgress } from '../contracts/values.ts';
import { HoldfastError, isTimeout, parsed, translated } from './errors.ts';
import { ownedFlow } from './owned.ts';
import { updateWithStart } from './update.ts';
import { watchFlow } from './watch.ts';

/** `pur_…`: unique, and sortable by the time it was made. */
export const newPurchaseId = (): string => typeid('pur').toString();

/** A purchase and how far its flow has come. */
export interface PurchaseProgress extends FlowProgress {
  readonly purchase: PurchaseView | undefined;
}

export interface BuyRequest extends CreatePurchase {
  /** From {@link newPurchaseId}: keep it and pass it again when the answer got lost, and nothing is bought twice. */
  readonly id?: string;
}

export class PurchasesClient {
  readonly #client: Client;
  readonly #tenantId: string;

  constructor(client: Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /**
   * Buys the vehicle that a booking holds, or the customer's basket.
   * @returns the purchase as it begins, not paid yet: {@link watch} it. A decline is no error: it ends as `failed`.
   * @throws {HoldfastError} `not_the_holder`, `booking_not_found`, `hold_expired`, `booking_not_held`, `basket_empty`,
   * `mixed_currencies`, `out_of_stock`, `amount_mismatch`, `nothing_to_pay`, `payment_in_progress`, `already_paid`,
   * `purchase_id_reused`, `invalid_request`, `temporal_unavailable`.
   */
  async buy({ id = newPurchaseId(), ...wanted }: BuyRequest): Promise<PurchaseView> {
    const { customerId, bookingId, gateway, method = '', amount, currency } = parsed(createPurchaseBody, wanted);
    const request: PurchaseRequest = {
      customerId,
      gateway,
      method,
      ...(bookingId !== undefined && { bookingId }),
      ...(amount !== undefined && { amountMinor: amount }),
      ...(currency !== undefined && { currency }),
    };
    const input: PurchaseInput = { tenantId: this.#tenantId, purchaseId: id, request };
    return await translated(async () => {
      try {
        const purchase = await this.#client.withDeadline(Date.now() + answerPatienceMs, async () => await this.#begin(input));
        if (!standsFor(purchase, request)) throw new HoldfastError('purchase_id_reused', `${id} belongs to another request.`);
        return purchase;
      } catch (error) {
        if (!isTimeout(error)) throw error;
        throw new HoldfastError('temporal_unavailable', `Nothing was answered in time. Buy again with the id ${id}: nothing is bought twice.`, { cause: error });
      }
    });
  }

  /** @throws {HoldfastError} `purchase_not_found`, also when the flow is older than Temporal's retention; the HTTP API still has it. */
  async get(id: string): Promise<PurchaseView> {
    return await translated(async () => {
      const view = await this.#ask(id);
      if (view === undefined) throw new HoldfastError('purchase_not_found');
      return view;
    });
  }

  /**
   * Stops a purchase; what was done is undone. It is honoured until the goods are handed over. Returns when Temporal has
   * it, not when it is done. A purchase whose flow was lost is picked up from the database and undone.
   */
  async cancel(id: string): Promise<void> {
    await translated(async () => {
      try {
        await (await ownedFlow(this.#client, this.#tenantId, purchaseWorkflowId(id))).signal(purchaseMessages.cancel);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        await this.#client.workflow.signalWithStart('purchase', { ...this.#startOptions({ tenantId: this.#tenantId, purchaseId: id }), signal: purchaseMessages.cancel });
      }
    });
  }

  /** Tries an undo again that is parked. @throws {HoldfastError} `nothing_to_resume`. */
  async resume(id: string): Promise<void> {
    await translated(async () => {
      try {
        await (await ownedFlow(this.#client, this.#tenantId, purchaseWorkflowId(id))).signal(purchaseMessages.resume);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw new HoldfastError('nothing_to_resume', undefined, { cause: error });
        throw error;
      }
    });
  }

  /** Yields whenever something changed, and ends when the flow has ended. */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<PurchaseProgress> {
    const handle = await translated(async () => await ownedFlow(this.#client, this.#tenantId, purchaseWorkflowId(id)));
    yield* watchFlow(handle, async () => ({ purchase: await handle.query(purchaseMessages.status), ...(await handle.query(purchaseMessages.progress)) }), options.signal);
  }

  async #ask(id: string): Promise<PurchaseView | undefined> {
    return await (await ownedFlow(this.#client, this.#tenantId, purchaseWorkflowId(id))).query(purchaseMessages.status);
  }

  async #begin(input: PurchaseInput): Promise<PurchaseView> {
    return await updateWithStart(this.#client, { type: 'purchase', start: this.#startOptions(input), message: purchaseMessages.begin, args: [{ tenantId: this.#tenantId }] });
  }

  #startOptions(input: PurchaseInput) {
    const { tenantId, purchaseId, request } = input;
    const what = request?.bookingId === undefined ? 'Basket' : `Vehicle of booking ${request.bookingId}`;
    return {
      ...startOf('purchase', purchaseWorkflowId(purchaseId), input),
      typedSearchAttributes: [
        { key: searchAttributes.tenant, value: tenantId },
        ...(request === undefined
          ? []
          : [
              { key: searchAttributes.status, value: 'pending' },
              { key: searchAttributes.resource, value: request.bookingId ?? purchaseId },
              { key: searchAttributes.customer, value: request.customerId },
            ]),
      ],
      staticSummary: request === undefined ? `Purchase ${purchaseId}, picked up again` : `${what} for ${request.customerId}, paid through ${request.gateway}`,
      staticDetails: `Tenant \`${tenantId}\`, purchase \`${purchaseId}\`. Signals: \`cancel\` (until the goods are handed over), \`resume\` (tries a parked undo again).`,
    };
  }
}
