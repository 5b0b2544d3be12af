/** What a person reads in the Web UI: for what, how far, and why it stopped. */
import { setCurrentDetails } from '@temporalio/workflow';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import { hasEnded, type UploadState } from '../../contracts/uploads/flow.ts';
import type { FlowProgress } from '../../contracts/values.ts';
import { label } from '../labels.ts';

/** The end is not reached before it has ended. */
const almost = 99;

export function progressOf(state: UploadState | Refusal | undefined): FlowProgress {
  if (state === undefined) return { percent: 0, step: 'looking up what was uploaded' };
  if (isRefusal(state)) return { percent: 100, step: `refused: ${state.detail}` };
  const { total, pending } = state.images;
  return { percent: hasEnded(state) ? 100 : Math.floor((almost * (total - pending)) / Math.max(total, 1)), step: headline(state) };
}

export function tell(state: UploadState | Refusal): void {
  if (isRefusal(state)) {
    label('refused');
    setCurrentDetails(`**Refused** (\`${state.refused}\`): ${state.detail}`);
    return;
  }
  label(state.status);
  const { total, done, failed, pending } = state.images;
  setCurrentDetails([`**${headline(state)}**\n`, `- For: product \`${state.productId}\``, `- Images: ${total}, of which ${done} are done, ${failed} failed, ${pending} are to be made`].join('\n'));
}

function headline({ status, reason, images: { total, done, failed } }: UploadState): string {
  switch (status) {
    case 'pending':
    case 'running':
      return `image ${Math.min(done + failed + 1, total)} of ${total}`;
    case 'completed':
      return failed === 0 ? `${done} of ${total} images are on the product` : `${done} of ${total} images are on the product, ${failed} could not be used`;
    case 'cancelled':
      return `cancelled; ${done} of ${total} images are on the product`;
    case 'failed':
      return `none of ${total} images could be used: ${reason?.replaceAll('_', ' ') ?? 'unknown'}`;
  }
}
