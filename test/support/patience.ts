/** What a careful program does while parts of the product are down: it asks again until it is answered. */
import { eventually, type Answer, type Shop } from './http.ts';

/** A flow whose worker was killed three times in a row is left alone for minutes. */
const patienceMs = 1_200_000;
/** Hundreds wait at once; without a pause, answering them would take the machine from the workers. */
const pauseMs = 1_000;

export type View = Readonly<Record<string, unknown>>;

/** Asks until somebody answers who knows. */
export async function answered(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  return await patiently(what, async () => {
    const answer = await ask().catch(() => undefined);
    return answer !== undefined && answer.status < 500 && answer;
  });
}

/** @param instead what a 404 is taken for. @returns what is there, if it is wanted. */
export async function sees(shop: Shop, path: string, wanted: (view: View) => boolean, instead?: View): Promise<View | undefined> {
  const { status, body } = await answered(path, async () => await shop.call('GET', path));
  const view = status === 404 && instead !== undefined ? instead : body;
  return wanted(view) ? view : undefined;
}

export async function patiently<Value>(what: string, look: () => Promise<Value | undefined | false>): Promise<Value> {
  return await eventually(what, look, patienceMs, pauseMs);
}
