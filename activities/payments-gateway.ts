/** How a step talks to a gateway: it shows that it is alive, and says by the failures table what went wrong. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { GatewayError, type ChargeState, type Gateway } from '../services/payments/gateway.ts';

/** Well below the heartbeat timeout. */
const heartbeatMs = 2_000;
/** A gateway may name any time; by the next minute the policy's own pause says enough. */
const longestAskedMs = 60_000;

/** Says again and again that this worker is alive: a gateway may take two minutes, a dead worker should not. */
export async function alive<Result>(work: () => Promise<Result>): Promise<Result> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

/** A question changes nothing. But while it has no answer nobody knows what an earlier attempt did. */
export async function asking<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  return await gatewayNamed(ask, 'payment_unknown');
}

/** A gateway may only have taken it on that the money is to be taken: it is asked again later, not at once. */
export function taken(gateway: Gateway, state: ChargeState): ChargeState {
  if (state.state !== 'authorised') return state;
  throw new GatewayError(gateway.name, 'unknown', 'not_taken_yet', `${gateway.name} holds the money and has not taken it yet.`);
}

/** What was sent may have been done, unless the gateway says that it was not. */
export async function sending<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  return await gatewayNamed(send, undefined);
}

async function gatewayNamed<Answer>(talk: () => Promise<Answer>, always: 'payment_unknown' | undefined): Promise<Answer> {
  try {
    return await talk();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { kind, gateway, gatewayCode, retryAfterMs } = error;
    Context.current().log.warn('gateway step failed', { gateway, kind, gatewayCode, reason: error.message });
    const type = always ?? ({ final: 'gateway_refused', busy: 'gateway_unavailable', unavailable: 'gateway_unavailable', unknown: 'payment_unknown' } as const)[kind];
    throw ApplicationFailure.create({
      type,
      message: `${gateway}: ${error.message} (${gatewayCode})`,
      // A question that was refused may be answered later: the key may be mended meanwhile.
      nonRetryable: type === 'gateway_refused',
      ...(retryAfterMs !== undefined && { nextRetryDelay: Math.max(ownPauseMs(), Math.min(retryAfterMs, longestAskedMs)) }),
    });
  }
}

/** The pause that the retry policy makes by itself: what a gateway asks for replaces it, and must not shorten it. */
function ownPauseMs(): number {
  const { attempt, retryPolicy } = Context.current().info;
  if (retryPolicy === undefined) return 0;
  const { initialInterval = '1 second', backoffCoefficient = 2, maximumInterval } = retryPolicy;
  const firstMs = msToNumber(initialInterval);
  return Math.min(firstMs * backoffCoefficient ** (attempt - 1), maximumInterval === undefined ? 100 * firstMs : msToNumber(maximumInterval));
}
