/**
 * One import (E4): inspecting → running ⇄ paused → completed | failed | cancelled.
 *
 * The database rows are the state: which chunks there are, which are done, and what each came to. A run takes up what is
 * pending there, so one that follows another, because its history got long or it was ended by force, goes on where that
 * one stopped, and each row is loaded once.
 */
import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { failures, isFailureCode, isRefusal, unknownImport, type Refusal } from '../../contracts/failures.ts';
import { hasEnded, importMessages, type ImportInput, type ImportState, type OfTenant } from '../../contracts/imports/flow.ts';
import { expected } from '../bookings/messages.ts';
import { load } from './load.ts';
import type { ImportRun } from './run.ts';
import { firmly } from './steps.ts';
import { progressOf, tell } from './story.ts';

export async function importFiles(input: ImportInput): Promise<ImportState | Refusal> {
  const { tenantId, importId, pause, cancel = false } = input;
  const run: ImportRun = { ref: { tenantId, importId }, occasion: workflowInfo().firstExecutionRunId, state: undefined, cancel, pause, beats: 0, lookForFiles: true, pace: [] };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  CancellationScope.current().cancelRequested.catch(() => {
    run.cancel = true;
    run.beats += 1;
  });
  return await CancellationScope.nonCancellable(async () => await live(input, run));
}

async function live({ tenantId, retry = false }: ImportInput, run: ImportRun): Promise<ImportState | Refusal> {
  const { ref, occasion } = run;
  const unknown = unknownImport(ref.importId);
  const wish = (take: () => void) => (): void => {
    take();
    run.beats += 1;
  };
  setHandler(importMessages.status, () => (run.state === undefined || isRefusal(run.state) ? undefined : run.state));
  setHandler(importMessages.progress, () => progressOf(run));
  setHandler(importMessages.pause, wish(() => void (run.pause = true)));
  setHandler(importMessages.resume, wish(() => void (run.pause = false)));
  setHandler(importMessages.cancel, wish(() => void (run.cancel = true)));
  setHandler(importMessages.filesAdded, wish(() => void (run.lookForFiles = true)));
  setHandler(importMessages.begin, async () => {
    await condition(() => run.state !== undefined);
    if (run.state === undefined || isRefusal(run.state)) throw expected(run.state ?? unknown);
    return run.state;
  }, {
    validator: (of: OfTenant) => {
      if (of.tenantId !== tenantId) throw expected(unknown);
    },
  });

  run.state = await firmly((steps) => steps.beginImport(ref, retry));
  tell(run);
  if (!isRefusal(run.state) && !hasEnded(run.state)) {
    run.pause ??= run.state.status === 'paused';
    const way = await load(run);
    if (way === 'as another run') {
      await condition(allHandlersFinished);
      return await continueAsNew<typeof importFiles>({ ...ref, ...(run.pause && { pause: true }), ...(run.cancel && { cancel: true }) });
    }
    if (way !== 'done') run.state = await firmly((steps) => steps.stopImport(ref, way, occasion));
    tell(run);
  }
  await condition(allHandlersFinished);
  if (!isRefusal(run.state) && run.state.status === 'failed') throwBreakdown(run.state);
  return run.state;
}

/** Something broke here, so operators shall find the flow among the failures. A file that is no good is no such thing. */
function throwBreakdown({ id, reason }: ImportState): void {
  if (!isFailureCode(reason) || failures[reason].status < 500) return;
  throw ApplicationFailure.create({ type: reason, message: `${id}: ${failures[reason].meaning} \`retry\` loads what is left.`, nonRetryable: true });
}
