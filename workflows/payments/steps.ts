/** Steps of a payment as its flow calls them: which policy from the table applies to which. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PaymentActivities } from '../../activities/payments.ts';
import { policies } from '../../contracts/task-queues.ts';
import { orElse, saidBy, shielded } from '../steps.ts';
import type { PaymentRun } from './run.ts';

const atOnce = proxyLocalActivities<PaymentActivities>(policies.changeAtOnce);
const untilDone = proxyActivities<PaymentActivities>(policies.paymentStepUntilDone);
/** Talks to the gateway: sends. */
export const gateway = proxyActivities<PaymentActivities>(policies.gatewayCharge);
/** Talks to the gateway: asks. */
export const question = proxyActivities<PaymentActivities>(policies.gatewayLookUp);

/** A database step that must not be lost: at once, and if the database is away, again and again until it is through. */
export function firmly<Result>({ inTurn }: Pick<PaymentRun, 'inTurn'>, step: (steps: PaymentActivities) => Promise<Result>): Promise<Result> {
  return inTurn(() => shielded(() => orElse(step, atOnce, untilDone)));
}

/** @param ladder in ms; its last rung repeats. */
export const rungOf = (ladder: readonly number[], round: number): number => ladder[Math.min(round, ladder.length - 1)] ?? 0;

/** Why a step failed, by the failures table; a worker that vanished leaves nothing but silence. @throws what is a defect. */
export function failureOf(error: unknown): { readonly type: string; readonly message: string } {
  const said = saidBy(error);
  return said === undefined ? { type: 'payment_unknown', message: 'no answer' } : { type: said.type ?? 'payment_unknown', message: said.message };
}
