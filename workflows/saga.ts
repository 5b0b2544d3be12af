/**
 * A saga: each step says how it is undone before it is taken, because a step that timed out may have taken effect. When
 * something fails, or someone cancels, what was done is undone backwards.
 */
import { CancellationScope, condition } from '@temporalio/workflow';
import { saidBy } from './steps.ts';

export interface SagaWishes {
  cancel: boolean;
  resume: boolean;
}

/** What a person reads while steps are undone. */
export interface SagaStory {
  undoing(step: string): void;
  /** The step could not be undone although it was tried repeatedly; it waits for the `resume` signal. */
  parked(step: string, why: string): void;
}

export interface Saga {
  /** Call it before the step. The undo must be idempotent, and must do nothing when the step was never taken. */
  undoWith(step: string, undo: () => Promise<unknown>): void;
  /** Undoes backwards, shielded from cancellation. Ends only when everything is undone: what cannot be is parked, not skipped. */
  unwind(): Promise<void>;
}

export function createSaga(wishes: SagaWishes, story: SagaStory): Saga {
  const undos: { readonly step: string; readonly undo: () => Promise<unknown> }[] = [];
  return {
    undoWith: (step, undo) => void undos.push({ step, undo }),
    unwind: async () =>
      await CancellationScope.nonCancellable(async () => {
        for (let last = undos.at(-1); last !== undefined; last = undos.at(-1)) {
          story.undoing(last.step);
          try {
            await last.undo();
            undos.pop();
          } catch (error) {
            wishes.resume = false;
            story.parked(last.step, saidBy(error)?.message ?? 'it took too long');
            await condition(() => wishes.resume);
            wishes.resume = false;
          }
        }
      }),
  };
}
