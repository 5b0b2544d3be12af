/** How long a step waits before a gateway is asked again. */
import '../support/realm.ts';
import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, type RetryPolicy } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { asking, sending } from '../../activities/payments-gateway.ts';
import { GatewayError } from '../../services/payments/gateway.ts';

const policy: RetryPolicy = { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 120_000 };

/** @returns the pause that the step asks for, in ms, when the gateway asks for `retryAfterMs`. */
async function pauseOf(step: typeof asking, retryAfterMs: number | undefined, attempt: number, retryPolicy?: RetryPolicy): Promise<unknown> {
  const environment = new MockActivityEnvironment({ attempt, ...(retryPolicy !== undefined && { retryPolicy }) }, { logger: new DefaultLogger('ERROR', () => undefined) });
  const busy = async (): Promise<never> => await Promise.reject(new GatewayError('stripe', 'busy', '429', 'Too much.', { retryAfterMs }));
  const error: unknown = await environment.run(async () => await step(busy)).then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error instanceof ApplicationFailure ? error.nextRetryDelay : 'no failure';
}

describe.each([['a question', asking], ['a change', sending]] as const)('after %s the pause', (_, step) => {
  test.each<[string, number | undefined, number, RetryPolicy | undefined, number | undefined]>([
    ['is the one that the gateway asks for', 7_000, 1, policy, 7_000],
    ['is not made shorter by the gateway', 1_000, 5, policy, 16_000],
    ['is not left out because the gateway says 0', 0, 1, policy, 1_000],
    ['is a minute, however long the gateway asks for', 3_600_000, 1, policy, 60_000],
    ['is the own one where that is longer than a minute', 3_600_000, 8, policy, 120_000],
    ['does not grow beyond the longest of the policy', 1_000, 2_000, policy, 120_000],
    ["is as long as Temporal's own defaults say", 1_000, 4, {}, 8_000],
    ['has the default limit of a hundred times the first', 1_000, 50, { initialInterval: 50 }, 5_000],
    ['is the one that the gateway asks for, where the policy is not known', 0, 3, undefined, 0],
    ['is left to the policy when the gateway asks for none', undefined, 3, policy, undefined],
  ])('%s', async (_name, retryAfterMs, attempt, retryPolicy, expected) => {
    expect(await pauseOf(step, retryAfterMs, attempt, retryPolicy)).toBe(expected);
  });
});
