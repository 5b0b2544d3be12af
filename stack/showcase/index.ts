/** The showcase: real flows on a running stack, each with what was expected and what was seen. */
import { performance } from 'node:perf_hooks';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { StackInfo } from '../info.ts';
import { giveEverythingBack } from './ending.ts';
import { Interrupted, Run, wordsOf } from './run.ts';
import { movedToOtherNights, oneCarTwoCustomers, paidAtTheDesk, seatsExtendedOnce } from './scenes/bookings.ts';
import { answerFoundOut, answerLost, declined, paidByCard } from './scenes/payments.ts';
import { bookingsGivenOut, listTriedOut } from './scenes/files.ts';
import { basketBought, carBought, orderSent, refundedInPart } from './scenes/sales.ts';
import { holdWithItsTimer, killedWorker, race } from './scenes/under-pressure.ts';
import { setStage } from './stage.ts';
import type { Result, View } from './view.ts';

export interface ShowcaseOptions {
  readonly view: View;
  /** Someone stays and looks: one hold is left to end by itself. Else nothing is left. */
  readonly interactive: boolean;
  readonly signal?: AbortSignal;
  /** Only where the stack stays up after `signal`. */
  readonly giveBackWhenInterrupted?: boolean;
}

/**
 * Takes about half a minute and can be repeated at will: every run has its own customers and nights, gives back what it
 * took, and refunds what it paid; goods that were sold stay sold. Money moves in the sandbox only. Kills the worker
 * process of this stack once, which its supervisor starts again.
 * @returns whether every flow ended as it should.
 */
export async function runShowcase(stack: StackInfo, { view, interactive, signal, giveBackWhenInterrupted = false }: ShowcaseOptions): Promise<boolean> {
  const began = performance.now();
  // A cluster that is not ours may ask for TLS or a key, which the SDK's environment configuration knows.
  const connection = await Connection.connect({ ...(stack.pids.temporal === null && loadClientConnectConfig().connectionOptions), address: stack.temporalAddress });
  const run = new Run(stack, new Client({ connection, namespace: stack.temporalNamespace }), view, signal);
  const quiet = (): void => { view.close(); };
  signal?.addEventListener('abort', quiet, { once: true });
  try {
    const interrupted = await play(run, interactive);
    if (interrupted && !giveBackWhenInterrupted) return false;
    run.carryOn();
    await giveEverythingBack(run);
    if (interrupted) return false;
  } catch (error) {
    run.allMet = false;
    view.note(`Not everything could be given back: ${wordsOf(error)}. Holds end by themselves.`);
  } finally {
    view.close();
    signal?.removeEventListener('abort', quiet);
    await connection.close();
  }
  const result = resultOf(run, performance.now() - began);
  view.summary(result);
  return result.ok;
}

/** @returns whether it was interrupted. */
async function play(run: Run, interactive: boolean): Promise<boolean> {
  try {
    const stage = await setStage(run);
    await paidAtTheDesk(run, stage);
    await paidByCard(run, stage);
    await declined(run, stage);
    const unknown = await answerLost(run, stage);
    await oneCarTwoCustomers(run, stage);
    await carBought(run, stage);
    await seatsExtendedOnce(run, stage);
    await movedToOtherNights(run, stage);
    await basketBought(run, stage);
    const paid = await orderSent(run, stage);
    if (paid !== undefined) await refundedInPart(run, paid);
    await listTriedOut(run, stage);
    await bookingsGivenOut(run, stage);
    await race(run, stage);
    await holdWithItsTimer(run, stage, interactive);
    if (unknown !== undefined) await answerFoundOut(run, unknown);
    await killedWorker(run, stage);
    return false;
  } catch (error) {
    if (error instanceof Interrupted) return true;
    run.allMet = false;
    run.view.note(`The showcase could not go on: ${wordsOf(error)}`);
    return false;
  }
}

function resultOf(run: Run, tookMs: number): Result {
  const left = run.flows.filter(({ end, asItShould }) => end === 'left' && asItShould);
  const others = run.flows.filter(({ asItShould }) => !asItShould);
  return {
    ok: run.allMet && others.length === 0,
    endedAsTheyShould: run.flows.length - others.length - left.length,
    others: others.map((flow) => ({ id: flow.id, why: flow.why ?? 'not what was expected, see above', url: run.flowUrl(flow) })),
    left: left.length,
    tookMs,
  };
}
