/** The sweep of what gateways sent, and of refunds: whatever a payment's flow has not been told of, it is told now. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Databases } from '../services/database/connection.ts';
import { claimWaiting, settleOldWebhooks } from '../services/database/inbound-webhooks.ts';
import { claimLongRefunds } from '../services/database/payments/refunds.ts';
import { named } from './failures.ts';

/** Well below the heartbeat timeout. */
const pauseMs = 5_000;
/** One attempt's length; the workflow then calls again. Well below the activity's start-to-close timeout. */
const shiftMs = 10 * 60 * 1000;

export interface InboundWebhookDependencies {
  readonly databases: Databases;
  /** Makes the payment's flow ask its gateway; starts one that does when there is none. */
  readonly tellPayment: (tenantId: string, paymentId: string) => Promise<void>;
}

export function createInboundWebhookActivities({ databases: { write }, tellPayment }: InboundWebhookDependencies) {
  return {
    /**
     * Sweeps until the shift is over. The API tells the flow itself, so mostly there is nothing to do; after Temporal
     * was away this is what catches up.
     * @returns how often a flow was told.
     */
    async redeliverWebhooks(): Promise<number> {
      const context = Context.current();
      const endsAt = Date.now() + shiftMs;
      let told = 0;
      while (Date.now() < endsAt) {
        for (const { tenantId, paymentId } of await named(async () => [...(await claimWaiting(write)), ...(await claimLongRefunds(write))])) {
          try {
            await tellPayment(tenantId, paymentId);
            told += 1;
          } catch (error) {
            // It counts as told, and is due again after half a minute.
            context.log.warn('a flow could not be told of its gateway', { tenantId, paymentId, reason: error instanceof Error ? error.message : 'unknown' });
          }
          context.heartbeat(told);
          context.cancellationSignal.throwIfAborted();
        }
        await named(() => settleOldWebhooks(write));
        context.heartbeat(told);
        await sleep(pauseMs, undefined, { signal: context.cancellationSignal });
      }
      return told;
    },
  };
}

export type InboundWebhookActivities = ReturnType<typeof createInboundWebhookActivities>;
