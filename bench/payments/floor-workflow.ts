/**
 * The floors: the activities of a payment by card (a local one, an ordinary one, a local one), under its policies, with
 * nothing in them; and a hold that waits for its payment, and then takes its one step and ends.
 */
import { allHandlersFinished, condition, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import { policies } from '../../contracts/task-queues.ts';
import { floorQueue, floorSignal, floorUpdate } from './floor-messages.ts';

interface FloorActivities {
  nothing(): Promise<string>;
  /** Makes one HTTP request. */
  ask(): Promise<string>;
  /** Sends one signal. */
  tell(floorId: string): Promise<string>;
}

const atOnce = proxyLocalActivities<FloorActivities>(policies.paymentStepAtOnce);
const ordinary = proxyActivities<FloorActivities>({ ...policies.gatewayCharge, taskQueue: floorQueue });
const holdMs = 900_000;

export async function bare(): Promise<void> {
  await floor(async () => await ordinary.nothing(), async () => await atOnce.nothing());
}

export async function alike(floorId: string): Promise<void> {
  await floor(async () => await ordinary.ask(), async () => await atOnce.tell(floorId));
}

async function floor(second: () => Promise<string>, third: () => Promise<string>): Promise<void> {
  const state: { answer?: string } = {};
  setHandler(floorUpdate, async () => {
    await condition(() => state.answer !== undefined);
    return state.answer ?? '';
  });
  await atOnce.nothing();
  await second();
  state.answer = await third();
  await condition(allHandlersFinished);
}

export async function hold(): Promise<void> {
  let told = false;
  setHandler(floorSignal, () => void (told = true));
  await atOnce.nothing();
  await condition(() => told, holdMs);
  await atOnce.nothing();
}
