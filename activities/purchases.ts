/** Steps of a purchase. Each is one database transaction and idempotent, so repeating one is always safe. */
import { isRefusal, type Refusal } from '../contracts/failures.ts';
import type { PurchaseReason, PurchaseRequest } from '../contracts/purchases/flow.ts';
import type { PurchaseView } from '../contracts/purchases/schemas.ts';
import { releaseBooking } from '../services/database/bookings/transitions.ts';
import type { Databases } from '../services/database/connection.ts';
import { createPurchase, type PurchaseRef } from '../services/database/purchases/create.ts';
import { fulfilPurchase } from '../services/database/purchases/fulfil.ts';
import { refreshInventoryStatistics } from '../services/database/purchases/inventory.ts';
import { selectPurchase, toPurchaseView, unknownPurchase } from '../services/database/purchases/rows.ts';
import { beginUndo, finishUndo, tellParked } from '../services/database/purchases/undo.ts';
import { named } from './failures.ts';
import type { PaymentDependencies } from './payments.ts';

type Outcome = PurchaseView | Refusal;

export interface PurchaseDependencies {
  readonly databases: Databases;
  /** Tells a booking's flow that its row has changed. */
  readonly tellBooking: PaymentDependencies['tellBooking'];
}

export function createPurchaseActivities({ databases: { write }, tellBooking }: PurchaseDependencies) {
  return {
    async createPurchase(ref: PurchaseRef, request: PurchaseRequest): Promise<Outcome> {
      return await named(() => createPurchase(write, ref, request));
    },

    async loadPurchase({ tenantId, purchaseId }: PurchaseRef): Promise<Outcome> {
      const row = await named(() => selectPurchase(write, tenantId, purchaseId));
      return row === undefined ? unknownPurchase(purchaseId) : toPurchaseView(row);
    },

    async fulfilPurchase(ref: PurchaseRef): Promise<Outcome> {
      return await named(() => fulfilPurchase(write, ref));
    },

    async beginPurchaseUndo(ref: PurchaseRef, reason: PurchaseReason): Promise<Outcome> {
      return await named(() => beginUndo(write, ref, reason));
    },

    async finishPurchaseUndo(ref: PurchaseRef): Promise<Outcome> {
      return await named(() => finishUndo(write, ref));
    },

    async tellPurchaseParked(ref: PurchaseRef, step: string, why: string, occasion: string): Promise<void> {
      await named(() => tellParked(write, ref, step, why, occasion));
    },

    /** Does nothing to a booking that is not held any more. */
    async releaseVehicle(tenantId: string, bookingId: string, reason: 'cancelled' | 'payment_failed'): Promise<void> {
      const booking = await named(() => releaseBooking(write, tenantId, bookingId, reason, 'held-only'));
      if (!isRefusal(booking)) await tellBooking(bookingId);
    },

    async countInventory(tenantId: string): Promise<void> {
      await named(() => refreshInventoryStatistics(write, tenantId));
    },

    /** @param tenantId absent in flows that began before it was there. */
    async tellBooking(bookingId: string, tenantId?: string): Promise<void> {
      await tellBooking(bookingId, tenantId === undefined ? undefined : { tenantId });
    },
  };
}

export type PurchaseActivities = ReturnType<typeof createPurchaseActivities>;
