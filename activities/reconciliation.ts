/** Comparing what we have written down with what the gateways say. Asking changes nothing, so every step may be repeated. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { gatewayNames, type GatewayName } from '../contracts/payments/flow.ts';
import { nothingYet, tally as tallySchema, type Tally } from '../contracts/reconciliation.ts';
import type { Databases } from '../services/database/connection.ts';
import { markAgreed, recordFindings, recordStranger, resolveStrangers } from '../services/database/reconciliation/cases.ts';
import { compare, compareStranger, compareWithNobody, decide, isMoving, movingMs, type Difference } from '../services/database/reconciliation/compare.ts';
import { findListed, gatewaysUsed, listDue, listMade, listTenants, loadOurs, pageSize, type OurPayment, type PaymentKey, type Scope } from '../services/database/reconciliation/ours.ts';
import { beginRun, endRun, windowStart } from '../services/database/reconciliation/runs.ts';
import { GatewayError, type ChargeState, type Gateway, type ListedCharge } from '../services/payments/gateway.ts';
import { named } from './failures.ts';

export interface ReconciliationDependencies {
  readonly databases: Databases;
  readonly gateways: Readonly<Partial<Record<GatewayName, Gateway>>>;
  /** Makes the payment's flow ask its gateway; starts one that does when there is none. */
  readonly tellPayment: (tenantId: string, paymentId: string) => Promise<void>;
}

export interface ReconciliationPlan {
  readonly gateways: readonly GatewayName[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ComparisonOrder {
  readonly gateway: GatewayName;
  /** All tenants, if absent. */
  readonly tenantId?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const hourMs = 3_600_000;
/** As much of a gateway's list as is held in memory at once. */
const sliceMs = hourMs;
/** A payment is at the gateway a little later than with us: seconds mostly, minutes when it was sent again. */
const listMarginMs = 15 * 60_000;
/** A payment that was found in order is asked about again after that, for as long as it is in the window. */
const askAgainMs = 6 * hourMs;
/** Gateways allow some twenty-five requests a second, and payments come first. */
const questionsAtOnce = 5;
/** One payment that cannot be asked about is left out; this many in a row are a gateway that is away. */
const unavailableAtMost = 5;
const longestWaitMs = 30_000;
const heartbeatMs = 5_000;
/** How a gateway says that it has never heard of an id of its own: Stripe (docs.stripe.com/error-codes). That may be another account's, or test money. */
const unheardOf: ReadonlySet<string> = new Set(['resource_missing']);

/** How far an attempt has come; the next one goes on from there. */
const cursorSchema = z.object({ listedToMs: z.number(), after: z.object({ tenantId: z.string(), paymentId: z.string() }).optional(), tally: tallySchema });
type Cursor = { listedToMs: number; after?: PaymentKey | undefined; tally: Tally };

export function createReconciliationActivities({ databases: { write }, gateways, tellPayment }: ReconciliationDependencies) {
  return {
    /** @param tenantId absent: for all tenants. */
    async beginReconciliation(runId: string, tenantId?: string): Promise<ReconciliationPlan> {
      return await named(async () => {
        await beginRun(write, runId, tenantId);
        const now = new Date();
        const from = await windowStart(write, now);
        const used = await gatewaysUsed(write, from, tenantId);
        // One that is not set up here, but has taken money, is not compared in silence.
        return { gateways: gatewayNames.filter((name) => gateways[name] !== undefined || used.has(name)), fromMs: from.getTime(), toMs: now.getTime() };
      });
    },

    async endReconciliation(runId: string, status: 'completed' | 'incomplete', tally: Tally): Promise<void> {
      await named(() => endRun(write, runId, status, tally));
    },

    /** Compares everything of one gateway. What it has done stays done; a repeat goes on from where the last heartbeat was. */
    async compareWithGateway(order: ComparisonOrder): Promise<Tally> {
      const gateway = gateways[order.gateway];
      if (gateway === undefined) throw ApplicationFailure.nonRetryable(`${order.gateway} is not set up in this worker.`, 'gateway_not_configured');
      const context = Context.current();
      const earlier = cursorSchema.safeParse(context.info.heartbeatDetails);
      const cursor: Cursor = earlier.success ? earlier.data : { listedToMs: order.fromMs, tally: nothingYet };
      const beat = setInterval(() => context.heartbeat(cursor), heartbeatMs);
      try {
        const comparison = createComparison(gateway, order, cursor);
        if (gateway.list !== undefined) await comparison.bothWays(gateway.list.bind(gateway));
        await comparison.ourWay();
        return cursor.tally;
      } finally {
        clearInterval(beat);
      }
    },
  };

  function createComparison(gateway: Gateway, order: ComparisonOrder, cursor: Cursor) {
    const scope: Scope = { gateway: order.gateway, tenantId: order.tenantId };
    const { cancellationSignal: stopped, log } = Context.current();
    let unavailable = 0;

    const count = (changes: Partial<Tally>): void => {
      for (const key of tallySchema.keyof().options) cursor.tally = { ...cursor.tally, [key]: cursor.tally[key] + (changes[key] ?? 0) };
    };

    /** @returns nothing when the gateway would not say. */
    async function ask({ charge, ours }: OurPayment): Promise<ChargeState | undefined> {
      try {
        const state = await patiently(async () => await gateway.lookUp(charge), stopped);
        unavailable = 0;
        return state;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        log.warn('a payment could not be compared', { paymentId: ours.paymentId, gateway: error.gateway, kind: error.kind, gatewayCode: error.gatewayCode });
        if (error.kind === 'final' && unheardOf.has(error.gatewayCode)) return { state: 'absent' };
        if (error.kind !== 'final') unavailable += 1;
        if (unavailable >= unavailableAtMost) throw away(error);
        count({ unanswered: 1 });
        return undefined;
      }
    }

    /** @param listed what a list said, if there was one: it may be minutes old, so a difference is asked about once more. */
    async function judge(payment: OurPayment, listed: ChargeState | undefined): Promise<PaymentKey | undefined> {
      const { tenantId, paymentId } = payment.ours;
      if (isMoving(payment.ours, new Date())) return undefined;
      count({ compared: 1 });
      if (listed !== undefined && compare(payment.ours, listed, new Date()).length === 0 && !payment.hasOpenCase) return { tenantId, paymentId };
      const theirs = await ask(payment);
      // While the gateway was asked the payment may have gone on.
      const now = new Date();
      const current = await named(() => loadOurs(write, payment.ours));
      if (current === undefined || isMoving(current.ours, now)) return undefined;
      const found = theirs === undefined ? compareWithNobody(current.ours, now) : compare(current.ours, theirs, now);
      if (found.length === 0 && theirs === undefined) return undefined;
      if (found.length === 0 && !current.hasOpenCase) return { tenantId, paymentId };
      await settle(current, found, theirs !== undefined, now);
      return undefined;
    }

    async function settle({ ours }: OurPayment, found: readonly Difference[], answered: boolean, now: Date): Promise<void> {
      const { raise, poke } = decide(ours, found, now);
      if (poke) {
        await tellPayment(ours.tenantId, ours.paymentId);
        count({ poked: 1 });
      }
      count(await named(() => recordFindings(write, ours, { found, answered, raise, poke })));
    }

    async function judgeAll(payments: readonly OurPayment[], listed: ReadonlyMap<string, ChargeState>): Promise<void> {
      for (let start = 0; start < payments.length; start += questionsAtOnce) {
        stopped.throwIfAborted();
        const some = payments.slice(start, start + questionsAtOnce);
        const agreed = await Promise.all(some.map(async (payment) => await judge(payment, listed.get(payment.ours.gatewayRef ?? ''))));
        await named(() => markAgreed(write, agreed.filter((key) => key !== undefined)));
      }
    }

    async function judgeStrangers(charges: readonly ListedCharge[]): Promise<void> {
      const withRef = charges.flatMap(({ state, ...names }) => ('gatewayRef' in state && state.gatewayRef !== undefined ? [{ ...names, state, ref: state.gatewayRef }] : []));
      const known = await named(() => findListed(write, order.gateway, withRef.flatMap(({ paymentId }) => paymentId ?? []), withRef.map(({ ref }) => ref)));
      const refs = new Set(known.map(({ gatewayRef }) => gatewayRef));
      // Sent, and its answer got lost: the flow will find it.
      const unanswered = new Set(known.filter(({ gatewayRef }) => gatewayRef === null).map(({ paymentId }) => paymentId));
      const tenants = await named(() => listTenants(write));
      const settled: string[] = [];
      for (const { ref, state, paymentId, tenantId } of withRef) {
        const difference = refs.has(ref) || (paymentId !== undefined && unanswered.has(paymentId)) ? undefined : compareStranger(state);
        const owner = tenantId !== undefined && tenants.has(tenantId) ? tenantId : onlyOne(tenants);
        if (difference === undefined) settled.push(ref);
        else if (owner === undefined) count({ unattributed: order.tenantId === undefined ? 1 : 0 });
        else if (order.tenantId === undefined || order.tenantId === owner) {
          if (await named(() => recordStranger(write, { tenantId: owner, gateway: order.gateway, gatewayRef: ref, paymentId, difference }))) count({ opened: 1 });
        }
      }
      count({ resolved: await named(() => resolveStrangers(write, order.gateway, settled)) });
    }

    return {
      /** Slice by slice: what the gateway lists against what we have, and the other way round. */
      async bothWays(list: NonNullable<Gateway['list']>): Promise<void> {
        while (cursor.listedToMs < order.toMs) {
          const from = new Date(cursor.listedToMs);
          const to = new Date(Math.min(cursor.listedToMs + sliceMs, order.toMs));
          const charges = await listed(list, new Date(from.getTime() - listMarginMs), new Date(to.getTime() + listMarginMs), stopped);
          const states = new Map(charges.flatMap(({ state }) => ('gatewayRef' in state && state.gatewayRef !== undefined ? [[state.gatewayRef, state] as const] : [])));
          for (let after: PaymentKey | undefined, more = true; more; ) {
            const payments = await named(() => listMade(write, scope, from, to, after));
            await judgeAll(payments, states);
            after = payments.at(-1)?.ours;
            more = payments.length === pageSize;
          }
          await judgeStrangers(charges);
          cursor.listedToMs = to.getTime();
        }
      },

      /** What no list was compared with: the gateway is asked about each. */
      async ourWay(): Promise<void> {
        const [from, to] = [new Date(order.fromMs), new Date(order.toMs)];
        // Whoever asks for a run wants to know how it is now.
        const agreedSince = order.tenantId === undefined ? new Date(order.toMs - askAgainMs) : to;
        const madeBefore = gateway.list === undefined ? to : from;
        for (let more = true; more; ) {
          const payments = await named(() => listDue(write, scope, from, { madeBefore, agreedSince }, cursor.after));
          await judgeAll(payments, new Map());
          const last = payments.at(-1)?.ours;
          if (last !== undefined) cursor.after = { tenantId: last.tenantId, paymentId: last.paymentId };
          more = payments.length === pageSize;
        }
      },
    };
  }
}

export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;

const onlyOne = (tenants: ReadonlySet<string>): string | undefined => (tenants.size === 1 ? [...tenants][0] : undefined);

/** Charges younger than what we judge of our own are left to the next run, too. */
async function listed(list: NonNullable<Gateway['list']>, from: Date, to: Date, stopped: AbortSignal): Promise<ListedCharge[]> {
  const end = new Date(Math.min(to.getTime(), Date.now() - movingMs));
  const charges: ListedCharge[] = [];
  if (end <= from) return charges;
  try {
    for await (const charge of list(from, end)) {
      stopped.throwIfAborted();
      charges.push(charge);
    }
  } catch (error) {
    throw error instanceof GatewayError ? away(error) : error;
  }
  return charges;
}

/** Waits as a busy gateway asks to, a few times. */
async function patiently<Answer>(call: () => Promise<Answer>, stopped: AbortSignal): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof GatewayError) || error.kind !== 'busy' || attempt === 3) throw error;
      await sleep(Math.min(error.retryAfterMs ?? 1_000 * attempt, longestWaitMs), undefined, { signal: stopped });
    }
  }
}

const away = ({ gateway, gatewayCode, retryAfterMs }: GatewayError): ApplicationFailure =>
  ApplicationFailure.create({ type: 'gateway_unavailable', message: `${gateway} cannot be asked (${gatewayCode}).`, ...(retryAfterMs !== undefined && { nextRetryDelay: Math.min(retryAfterMs, longestWaitMs) }) });
