/**
 * One upload of images (B5): running → completed | failed | cancelled. Each image is made on its own; one that cannot be
 * used keeps no other from being made.
 *
 * The database rows are the state: a run takes up the images that are still to be made there, so one that follows
 * another, which was ended by force, goes on where that one stopped.
 */
import { ApplicationFailure, CancellationScope, setHandler } from '@temporalio/workflow';
import { failures, isRefusal, type Refusal } from '../../contracts/failures.ts';
import { hasEnded, imagesAtOnce, uploadMessages, type ImageOutcome, type UploadInput, type UploadState } from '../../contracts/uploads/flow.ts';
import { drawing, failureOf, firmly } from './steps.ts';
import { progressOf, tell } from './story.ts';

export async function upload(ref: UploadInput): Promise<UploadState | Refusal> {
  const making = new CancellationScope();
  const wish = { cancel: false };
  const cancel = (): void => {
    wish.cancel = true;
    making.cancel();
  };
  // Cancelling the workflow itself, in the Web UI say, means the same as the `cancel` signal.
  CancellationScope.current().cancelRequested.catch(cancel);
  let state: UploadState | Refusal | undefined;
  setHandler(uploadMessages.status, () => (state === undefined || isRefusal(state) ? undefined : state));
  setHandler(uploadMessages.progress, () => progressOf(state));
  setHandler(uploadMessages.cancel, cancel);

  return await CancellationScope.nonCancellable(async () => {
    state = await firmly((steps) => steps.beginUpload(ref));
    tell(state);
    if (!isRefusal(state) && !hasEnded(state)) {
      let current: UploadState = state;
      const open = [...current.open];
      const makeSome = async (): Promise<void> => {
        for (let no = open.shift(); no !== undefined && !wish.cancel; no = open.shift()) {
          current = withOutcome(current, await make(ref, no, making));
          state = current;
          tell(current);
        }
      };
      await Promise.all(Array.from({ length: imagesAtOnce }, makeSome));
      // Unless it was cancelled, none is open by now.
      state = await firmly((steps) => steps.endUpload(ref, wish.cancel ? 'cancelled' : 'internal_error'));
      tell(state);
    }
    if (!isRefusal(state)) throwBreakdown(state);
    return state;
  });
}

/** @returns nothing for an image that was cancelled. */
async function make(ref: UploadInput, no: number, making: CancellationScope): Promise<ImageOutcome | undefined> {
  try {
    return await making.run(async () => await drawing.optimiseImage.executeWithOptions({ summary: `image ${no}` }, [ref, no]));
  } catch (error) {
    const failure = failureOf(error);
    return failure === undefined ? undefined : await firmly((steps) => steps.failImage(ref, no, failure));
  }
}

function withOutcome(state: UploadState, outcome: ImageOutcome | undefined): UploadState {
  if (outcome === undefined) return state;
  const { images } = state;
  const failed = typeof outcome === 'object';
  return { ...state, images: { ...images, pending: images.pending - 1, done: images.done + (failed ? 0 : 1), failed: images.failed + (failed ? 1 : 0) } };
}

/** Something broke here, so operators shall find the flow among the failures. Images that are no good are no such thing. */
function throwBreakdown({ id, status, reason }: UploadState): void {
  if (status !== 'failed' || reason === undefined || failures[reason].status < 500) return;
  throw ApplicationFailure.create({ type: reason, message: `${id}: ${failures[reason].meaning}`, nonRetryable: true });
}
