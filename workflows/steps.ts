/**
 * What the steps of every flow share: another way when the first is barred, a shield, and why a step failed. The worker
 * records a stack trace for each promise that a workflow makes, so what every step goes through makes few of them.
 */
import { ActivityFailure, ApplicationFailure, CancellationScope, ChildWorkflowFailure, TemporalFailure, TimeoutFailure } from '@temporalio/workflow';
import { isFailureCode, type FailureCode } from '../contracts/failures.ts';

/** Takes a step in one way, and when that fails in another. @throws what is no failure of a step: that is a defect of this code. */
export function orElse<Steps, Result>(step: (steps: Steps) => Promise<Result>, first: Steps, then: Steps): Promise<Result> {
  return step(first).catch((error: unknown) => {
    if (!(error instanceof TemporalFailure)) throw error;
    return step(then);
  });
}

/** Keeps a cancellation of the workflow from what is done. Within a shield there is no need of another. */
export function shielded<Result>(work: () => Promise<Result>): Promise<Result> {
  return CancellationScope.current().cancellable ? CancellationScope.nonCancellable(work) : work();
}

/**
 * What a step that failed said; nothing, when it was silent. A local activity's failure arrives bare, an ordinary one's
 * and another flow's wrapped.
 * @throws what is no failure of a step: a defect must stop the workflow task.
 */
export function saidBy(error: unknown): ApplicationFailure | undefined {
  if (!(error instanceof TemporalFailure)) throw error;
  const failure = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  return failure instanceof ApplicationFailure ? failure : undefined;
}

/** Why a step failed, by the failures table. @param otherwise when it does not say. @throws what is a defect of this code. */
export function codeOf(error: unknown, otherwise: FailureCode = 'internal_error'): FailureCode {
  const type = saidBy(error)?.type;
  return isFailureCode(type) ? type : otherwise;
}

/** Whether nothing was heard of the worker that had the step last: it was killed, say, or cut off. */
export const wasSilent = (error: unknown): boolean => error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'HEARTBEAT';
