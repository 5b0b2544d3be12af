/** Housekeeping that runs for as long as the deployment does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { sql } from 'kysely';
import type { Databases } from '../services/database/connection.ts';
import { named } from './failures.ts';
import { refreshAvailability } from '../services/database/resources.ts';
import { unbegunImports } from '../services/database/imports/unbegun.ts';
import { endUnbegun } from '../services/database/unbegun.ts';

/** How stale a search may be when nothing is in the way. */
const idlePauseMs = 200;
/** One attempt's length; the workflow then calls again. Well below the activity's start-to-close timeout. */
const shiftMs = 10 * 60 * 1000;
/** Few enough for one statement to be quick, whatever has piled up. */
const keysAtOnce = 5_000;

export interface OperationsDependencies {
  readonly databases: Databases;
  readonly startImport: (tenantId: string, importId: string, dataset: string) => Promise<void>;
}

export function createOperationsActivities({ databases: { write }, startImport }: OperationsDependencies) {
  return {
    /**
     * Refreshes the availability cache of every resource that changed, until the shift is over (D3). A booking only
     * leaves a note in the outbox, so refreshing costs it no round trip and a burst of bookings is one refresh.
     * @returns how many changes were worked off.
     */
    async keepAvailabilityFresh(): Promise<number> {
      const context = Context.current();
      const endsAt = Date.now() + shiftMs;
      let refreshed = 0;
      while (Date.now() < endsAt) {
        const taken = await named(() => refreshAvailability(write));
        refreshed += taken;
        context.heartbeat(refreshed);
        // Aborted by a cancellation or a stopping worker: then this throws, and another worker takes over.
        if (taken === 0) await sleep(idlePauseMs, undefined, { signal: context.cancellationSignal });
        else context.cancellationSignal.throwIfAborted();
      }
      return refreshed;
    },

    /** Idempotency keys are kept for a week; gateways and callers forget theirs after a day. */
    async forgetOldIdempotencyKeys(): Promise<number> {
      const context = Context.current();
      for (let forgotten = 0; ; ) {
        const { numAffectedRows } = await sql`
          DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '7 days' LIMIT ${keysAtOnce}))`.execute(write);
        const taken = Number(numAffectedRows ?? 0);
        forgotten += taken;
        if (taken < keysAtOnce) return forgotten;
        context.heartbeat(forgotten);
        context.cancellationSignal.throwIfAborted();
      }
    },

    /** Ends orders and purchases that nobody went on with. What is left over the next round ends. */
    async endUnbegun(): Promise<number> {
      return await named(() => endUnbegun(write));
    },

    /** Starts imports whose file was sent and whose flow was then not started. @returns how many. */
    async startUnbegunImports(): Promise<number> {
      const unbegun = await named(() => unbegunImports(write));
      for (const { tenantId, importId, dataset } of unbegun) await startImport(tenantId, importId, dataset);
      return unbegun.length;
    },
  };
}

export type OperationsActivities = ReturnType<typeof createOperationsActivities>;
