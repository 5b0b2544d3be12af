/** Clean-up: files whose time is over are removed, for all tenants. A schedule starts it. */
import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import { flowMessages } from '../contracts/flow-messages.ts';
import { removing } from './proxies.ts';
import { amount } from './words.ts';

/** Before the next run is due; it goes on with what is left. */
const shifts = 3;

export async function cleanup(): Promise<{ readonly removed: number; readonly left: number }> {
  let [removed, left, percent] = [0, 0, 0];
  setHandler(flowMessages.progress, () => ({ percent, step: `${amount(removed)} files removed` }));
  for (let shift = 0; shift < shifts; shift += 1) {
    const done = await removing.removeExpiredFiles();
    removed += done.removed;
    left = done.left;
    percent = Math.round((100 * (shift + 1)) / shifts);
    setCurrentDetails(`**${amount(removed)} files removed**${left === 0 ? '' : `\n\n- ${amount(left)} could not be removed now; the next run tries again.`}`);
    if (!done.more) break;
  }
  percent = 100;
  return { removed, left };
}
