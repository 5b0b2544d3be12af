/** The floor: the least that an update-with-start with one local activity can cost. */
import { allHandlersFinished, condition, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import { floorUpdate } from './floor-messages.ts';

const { nothing } = proxyLocalActivities<{ nothing(): Promise<string> }>({ startToCloseTimeout: '5s' });

export async function floor(): Promise<void> {
  const state: { answer?: string } = {};
  setHandler(floorUpdate, async () => {
    await condition(() => state.answer !== undefined);
    return state.answer ?? '';
  });
  state.answer = await nothing();
  await condition(allHandlersFinished);
}
