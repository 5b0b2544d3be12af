/** Steps of an order. Each is idempotent, and none takes effect any more once the order is being undone. */
import type { Refusal } from '../contracts/failures.ts';
import type { OrderReason, OrderRequest, OrderStep } from '../contracts/orders/flow.ts';
import type { OrderState } from '../contracts/orders/schemas.ts';
import type { Databases } from '../services/database/connection.ts';
import { createOrder, validateOrder } from '../services/database/orders/create.ts';
import { beginUndo, confirmOrder, finishUndo, handOver, tellParked } from '../services/database/orders/endings.ts';
import type { OrderRef } from '../services/database/orders/rows.ts';
import { buyLabel, voidLabel } from '../services/database/orders/shipping.ts';
import { giveBackStock, reserveStock } from '../services/database/orders/stock.ts';
import type { Carrier } from '../services/shipping/carrier.ts';
import { named } from './failures.ts';

type Outcome = OrderState | Refusal;

export interface OrderDependencies {
  readonly databases: Databases;
  readonly carrier: Carrier;
}

export function createOrderActivities({ databases: { write }, carrier }: OrderDependencies) {
  return {
    /** For an order that comes without an address. */
    async createOrder(ref: OrderRef, request: OrderRequest): Promise<Outcome> {
      return await named(() => createOrder(write, carrier, { ...ref, request }));
    },

    async validateOrder(ref: OrderRef): Promise<Outcome> {
      return await named(() => validateOrder(write, carrier, ref));
    },

    async reserveOrderStock(ref: OrderRef): Promise<Outcome> {
      return await named(() => reserveStock(write, ref));
    },

    async giveBackOrderStock(ref: OrderRef): Promise<Outcome> {
      return await named(() => giveBackStock(write, ref));
    },

    async buyOrderLabel(ref: OrderRef): Promise<Outcome> {
      return await named(() => buyLabel(write, carrier, ref));
    },

    async voidOrderLabel(ref: OrderRef): Promise<Outcome> {
      return await named(() => voidLabel(write, carrier, ref));
    },

    async confirmOrder(ref: OrderRef): Promise<Outcome> {
      return await named(() => confirmOrder(write, ref));
    },

    async handOverOrder(ref: OrderRef): Promise<Outcome> {
      return await named(() => handOver(write, ref));
    },

    async beginOrderUndo(ref: OrderRef, step: OrderStep, reason: OrderReason): Promise<Outcome> {
      return await named(() => beginUndo(write, ref, step, reason));
    },

    async finishOrderUndo(ref: OrderRef): Promise<Outcome> {
      return await named(() => finishUndo(write, ref));
    },

    async tellOrderParked(ref: OrderRef, step: string, why: string, occasion: string): Promise<Outcome> {
      return await named(() => tellParked(write, ref, step, why, occasion));
    },
  };
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;
