/** From where a payment stands to where nothing is left to wait for, one step at a time. */
import { condition } from '@temporalio/workflow';
import { isRefusal, type Refusal } from '../../contracts/failures.ts';
import type { PaymentFailureCode } from '../../contracts/payments/flow.ts';
import type { PaymentView } from '../../contracts/payments/schemas.ts';
import { openPaymentLadderMs, pendingBankLadderMs, unknownPaymentLadderMs } from '../../contracts/task-queues.ts';
import { startInvoice } from '../invoices/start.ts';
import { giveBack } from './refund.ts';
import { renew, type PaymentRun } from './run.ts';
import { failureOf, firmly, gateway, question, rungOf } from './steps.ts';
import { moneyWords, tell } from './story.ts';

/** A payment that nobody has heard of after a lost answer is sent once more, and no more. */
const sendsAtMost = 2;

export async function advance(run: PaymentRun): Promise<void> {
  let sends = 0;
  for (;;) {
    const view = run.outcome;
    if (view === undefined || isRefusal(view)) return;
    switch (view.status) {
      case 'created':
        if (view.gatewayRef === undefined) {
          if (run.cancel) await fail(run, 'cancelled', 'It was cancelled before it was sent.');
          else if (sends === sendsAtMost) await fail(run, 'gateway_unavailable', `${view.gateway} could not be reached.`);
          else await send(run);
          sends += 1;
        } else await awaitPayer(run, view);
        break;
      case 'unknown':
      case 'reconciling':
        await findOut(run, view);
        break;
      case 'authorised':
        await take(run);
        break;
      case 'captured':
        if (!(await conclude(run, view)) && !(await hasNews(run))) return;
        break;
      case 'settled':
      case 'failed':
      case 'refunded':
        if (!(await hasNews(run))) return;
    }
  }
}

/** The gateway told something after the end: money may have come late. */
async function hasNews(run: PaymentRun): Promise<boolean> {
  if (!run.look) return false;
  run.look = false;
  const before = statusOf(run);
  await ask(run);
  return statusOf(run) !== before;
}

async function send(run: PaymentRun): Promise<void> {
  try {
    note(run, await gateway.authorise.executeWithOptions({ summary: moneyWords('authorise', run) }, [run.ref]));
    // What the gateway told meanwhile is no newer than an answer that decides it. A payer may be quicker than this task.
    if (!isOpenAtGateway(run)) run.look = false;
  } catch (error) {
    const { type, message } = failureOf(error);
    if (type === 'gateway_refused') await fail(run, 'gateway_refused', message);
    else if (type === 'gateway_unavailable') await fail(run, 'gateway_unavailable', message);
    else note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'unknown')));
  }
}

/** The payer has a page open, or his bank is thinking. A notification comes first; asking again is the safety net. */
async function awaitPayer(run: PaymentRun, { processing, ...begun }: PaymentView): Promise<void> {
  let { payBy } = begun;
  for (let round = 0; isOpenAtGateway(run); round += 1) {
    if (Date.parse(payBy) <= Date.now()) {
      // The hold may have been extended meanwhile.
      note(run, await firmly(run, async (steps) => await steps.extendPayBy(run.ref)));
      if (run.outcome !== undefined && !isRefusal(run.outcome)) ({ payBy } = run.outcome);
    }
    const leftMs = Date.parse(payBy) - Date.now();
    if (run.cancel || leftMs <= 0) {
      await giveUp(run, run.cancel ? 'cancelled' : 'payer_timed_out');
      return;
    }
    const pauseMs = rungOf(openPaymentLadderMs, round);
    await condition(() => run.look || run.cancel, Math.min(pauseMs, leftMs), { summary: processing ? 'wait for the bank' : 'wait for the payer' });
    if (run.cancel) continue;
    run.look = false;
    await ask(run);
  }
}

/** Nothing was taken, and nothing should be any more. What a gateway cannot take back may still come: late money. */
async function giveUp(run: PaymentRun, code: PaymentFailureCode): Promise<void> {
  try {
    note(run, await gateway.giveUp(run.ref));
  } catch (error) {
    failureOf(error);
    note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'reconciling')));
    return;
  }
  const view = run.outcome;
  if (view === undefined || isRefusal(view) || (view.status !== 'created' && view.status !== 'authorised')) return;
  // The payer has done his part, so it is for his bank to say whether money moved.
  if (view.processing) note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'reconciling')));
  else await fail(run, code, code === 'cancelled' ? 'It was cancelled.' : code === 'subject_gone' ? 'What it was for could not be had any more.' : 'The payer did not pay in time.');
}

/** It may have happened. The gateway is asked until it is known; that never ends in a guess. */
async function findOut(run: PaymentRun, before: PaymentView): Promise<void> {
  const ladder = before.processing ? pendingBankLadderMs : unknownPaymentLadderMs;
  let round = before.processing ? 0 : run.unknowns;
  run.unknowns += 1;
  while (isUnknown(run)) {
    const pauseMs = rungOf(ladder, round);
    const timeIsUp = !(await condition(() => run.look || run.resume, pauseMs, { summary: 'ask the gateway again' }));
    run.look = false;
    run.resume = false;
    if (round > 0 && statusOf(run) === 'unknown') note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'reconciling')));
    await ask(run);
    // The bank has had its time (72 h); Paytm calls such a payment failed.
    if (before.processing && timeIsUp && round >= ladder.length - 1 && isOpenAtGateway(run)) await fail(run, 'bank_unavailable', 'The bank did not decide in time.');
    if (before.processing && isOpenAtGateway(run)) note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'reconciling')));
    // Only time counts: whoever makes us ask more often must not bring the end nearer.
    if (timeIsUp) round += 1;
    if (isUnknown(run)) await renew(run);
  }
}

async function take(run: PaymentRun): Promise<void> {
  if (run.cancel) return await giveUp(run, 'cancelled');
  if (!(await firmly(run, async (steps) => await steps.isWanted(run.ref)))) return await giveUp(run, 'subject_gone');
  try {
    note(run, await gateway.capture.executeWithOptions({ summary: moneyWords('take', run) }, [run.ref]));
  } catch (error) {
    failureOf(error);
    note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'unknown')));
  }
}

/** @returns whether something changed. */
async function conclude(run: PaymentRun, view: PaymentView): Promise<boolean> {
  const settlement = await firmly(run, (steps) => steps.settle(run.ref));
  if (settlement.kind === 'awaited') return false;
  if (settlement.kind === 'unwanted') {
    await giveBack(run, settlement.why);
  } else {
    note(run, { ...view, status: 'settled', updatedAt: settlement.booking.updatedAt });
    if (settlement.booking.kind === 'vehicle') await startInvoice(run.ref.tenantId, view.subject);
  }
  return true;
}

/** Asks the gateway once (three attempts); without an answer everything stays as it is. */
async function ask(run: PaymentRun): Promise<void> {
  try {
    const outcome = await question.lookUp(run.ref);
    if (!('absent' in outcome)) note(run, outcome);
    else if (isUnknown(run)) note(run, await firmly(run, async (steps) => await steps.markUndecided(run.ref, 'created')));
  } catch (error) {
    failureOf(error);
  }
}

async function fail(run: PaymentRun, code: PaymentFailureCode, message: string): Promise<void> {
  note(run, await firmly(run, async (steps) => await steps.failPayment(run.ref, code, message)));
}

/** What the gateway said about other money than ours is left to people; a payment that was undecided stays so. */
function note(run: PaymentRun, outcome: PaymentView | Refusal): void {
  if (isRefusal(outcome) && outcome.refused === 'amount_mismatch' && run.outcome !== undefined && !isRefusal(run.outcome)) {
    if (['created', 'authorised', 'unknown'].includes(run.outcome.status)) run.outcome = { ...run.outcome, status: 'reconciling' };
    run.parked = outcome.detail;
  } else {
    run.outcome = outcome;
    run.parked = undefined;
  }
  tell(run);
}

const statusOf = ({ outcome }: PaymentRun): PaymentView['status'] | undefined => (outcome === undefined || isRefusal(outcome) ? undefined : outcome.status);
const isOpenAtGateway = (run: PaymentRun): boolean => statusOf(run) === 'created';
const isUnknown = (run: PaymentRun): boolean => statusOf(run) === 'unknown' || statusOf(run) === 'reconciling';
