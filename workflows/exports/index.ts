/**
 * One export: pending → running → ready | failed | cancelled. The row in the database is the state. Writing the file is
 * one activity; each of its attempts begins a file of its own, so no half file is ever seen.
 */
import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, isCancellation, setHandler, TemporalFailure } from '@temporalio/workflow';
import { exportMessages, hasEnded, type ExportInput, type ExportRef, type OfTenant } from '../../contracts/exports/flow.ts';
import type { ExportState } from '../../contracts/exports/schemas.ts';
import { failures, isFailureCode, isRefusal, type FailureCode, type Refusal } from '../../contracts/failures.ts';
import { expected } from '../bookings/messages.ts';
import { saidBy } from '../steps.ts';
import { firmly, writing } from './steps.ts';
import { progressOf, tell } from './story.ts';

export async function exportRows(input: ExportInput): Promise<ExportState | Refusal> {
  const outer = CancellationScope.current();
  return await CancellationScope.nonCancellable(async () => await live(input, outer));
}

async function live({ tenantId, exportId, request }: ExportInput, outer: CancellationScope): Promise<ExportState | Refusal> {
  const ref: ExportRef = { tenantId, exportId };
  const notThere: Refusal = { refused: 'export_not_found', detail: `There is no export ${exportId}.` };
  let outcome: ExportState | Refusal | undefined;
  const cancellable = new CancellationScope({ cancellable: true });
  const cancel = (): void => { cancellable.cancel(); };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  outer.cancelRequested.catch(cancel);
  setHandler(exportMessages.cancel, cancel);
  setHandler(exportMessages.status, () => (outcome === undefined || isRefusal(outcome) ? undefined : outcome));
  setHandler(exportMessages.progress, () => progressOf(outcome));
  setHandler(exportMessages.begin, async () => {
    await condition(() => outcome !== undefined);
    if (outcome === undefined || isRefusal(outcome)) throw expected(outcome ?? notThere);
    return outcome;
  }, {
    validator: (of: OfTenant) => {
      if (of.tenantId !== tenantId) throw expected(notThere);
    },
  });

  outcome = await firmly<ExportState | Refusal>((steps) => (request === undefined ? steps.loadExport(ref) : steps.createExport(ref, request)));
  tell(outcome);
  if (!isRefusal(outcome) && !hasEnded(outcome)) {
    const { dataset, format } = outcome;
    try {
      outcome = await cancellable.run(async () => await writing.writeExport.executeWithOptions({ summary: `${dataset} as ${format}` }, [ref]));
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      outcome = await firmly((steps) => steps.endExport(ref, isCancellation(error) ? { status: 'cancelled' } : { status: 'failed', ...whyOf(error) }));
    }
    tell(outcome);
  }
  await condition(allHandlersFinished);
  if (!isRefusal(outcome) && outcome.status === 'failed' && isBreakdown(outcome.reason)) throw brokenDown(outcome);
  return outcome;
}

/** A refusal says by itself what to do; what broke down is told by the table. */
function whyOf(error: unknown): { reason: FailureCode; detail: string } {
  const said = saidBy(error);
  const reason = isFailureCode(said?.type) ? said.type : 'export_failed';
  return { reason, detail: isBreakdown(reason) || said === undefined ? failures[reason].meaning : said.message };
}

/** Something here is broken; what was asked for is not to blame. */
const isBreakdown = (reason: FailureCode | undefined): boolean => reason !== undefined && failures[reason].status >= 500;

/** Ends the run as failed, so that operators find it among the failures. */
const brokenDown = ({ id, reason = 'export_failed' }: ExportState): ApplicationFailure =>
  ApplicationFailure.create({ type: reason, message: `${id} could not be written: ${failures[reason].meaning} Ask for it again.`, nonRetryable: true });
