/**
 * The floors: three activities with nothing in them, ordinary ones or of the kinds that a payment by card has (a local
 * one, an ordinary one, a local one), under its policies; and a hold that waits for its payment, and ends.
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

const atOnce = proxyLocalActivities<FloorActivities>(policies.changeAtOnce);
const ordinary = proxyActivities<FloorActivities>({ ...policies.gatewayCharge, taskQueue: floorQueue });
const holdMs = 900_000;

export async function bare(): Promise<void> {
  await floor([ordinary.nothing, ordinary.nothing, ordinary.nothing]);
}

export async function local(): Promise<void> {
  await floor([atOnce.nothing, ordinary.nothing, atOnce.nothing]);
}

export async function alike(floorId: string): Promise<void> {
  await floor([atOnce.nothing, ordinary.ask, async () => await atOnce.tell(floorId)]);
}

type Step = () => Promise<string>;

async function floor([first, second, third]: readonly [Step, Step, Step]): Promise<void> {
  const state: { answer?: string } = {};
  setHandler(floorUpdate, async () => {
    await condition(() => state.answer !== undefined);
    return state.answer ?? '';
  });
  await first();
  await second();
  state.answer = await third();
  await condition(allHandlersFinished);
}

export async function hold(): Promise<void> {
  let told = false;
  setHandler(floorSignal, () => void (told = true));
  await atOnce.nothing();
  await condition(() => told, holdMs);
}
