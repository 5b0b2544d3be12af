/** Scenes in which something is in the way: twenty guests at once, the clock, a killed process. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../../client/index.ts';
import { holdMs, isMade } from '../../../contracts/bookings/flow.ts';
import { failures } from '../../../contracts/failures.ts';
import { bookingWorkflowId } from '../../../contracts/flows.ts';
import { readJson } from '../../files.ts';
import { homeAt, type Home } from '../../home.ts';
import { signalProcess, waitUntilGone } from '../../identity.ts';
import { readStackInfo } from '../../info.ts';
import { runRecord } from '../../process.ts';
import { RefusedLater, sighted, timed, wordsOf, type Flow, type Run, type Sight } from '../run.ts';
import type { Stage } from '../stage.ts';

const guests = 20;
const recoveryPatienceMs = 15_000;
const timerPatienceMs = 3_000;
const goneWithinMs = 3_000;
const restartPollMs = 100;

/** Twenty guests, one room, the same nights. */
export async function race(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: ${guests} guests race for the same nights`);
  const losers = guests - 1;
  const refusal = 'resource_unavailable';
  const did = `${guests} holds at the same moment`;
  await run.check({ did, expected: `1 held, ${losers} × ${failures[refusal].status}` }, async () => {
    const answers = await Promise.all(
      Array.from({ length: guests }, async (_, index) => {
        const flow = run.flow(hotel, 'refused');
        const customerId = `${run.customer('racer')}-${index + 1}`;
        const saw = await run.book(flow, { resourceId: room.id, customerId, ...nights(3) }).then(({ status }) => status, racerSaw);
        if (saw === 'held') flow.end = 'released';
        return { flow, saw };
      }),
    );
    const counts = new Map<string, number>();
    for (const { saw } of answers) counts.set(saw, (counts.get(saw) ?? 0) + 1);
    const winners = counts.get('held') ?? 0;
    const ok = winners === 1 && answers.every(({ saw }) => saw === 'held' || refusals.has(saw));
    for (const { flow, saw } of answers) flow.asItShould = refusals.has(saw) || (saw === 'held' && winners === 1);
    return { saw: [...counts].toSorted(([one], [other]) => Number(other === 'held') - Number(one === 'held')).map(([saw, count]) => (saw === 'held' ? `${count} held` : `${count} × ${saw}`)).join(', '), ok };
  }, run.searchUrl('racer'));
}

const refusals: ReadonlySet<string> = new Set([String(failures.resource_unavailable.status), new RefusedLater().message]);

const racerSaw = (error: unknown): string => (error instanceof HoldfastError && error.code === 'resource_unavailable' ? String(error.status) : wordsOf(error));

/** A hold ends by itself: 15 minutes are too long to wait for here, so its timer is looked at instead. */
export async function holdWithItsTimer(run: Run, { hotel, room, nights }: Stage, leave: boolean): Promise<void> {
  run.view.scene(`${room.name}: a hold that nobody confirms`);
  const flow = run.flow(hotel, leave ? 'left' : 'released');
  let endsAt = '';
  await run.check({ did: 'hold it', expected: 'held', flow }, async () => {
    const outcome = await run.book(flow, { resourceId: room.id, customerId: run.customer('hanna'), ...nights(4) });
    if (isMade(outcome)) endsAt = outcome.expiresAt ?? '';
    return sighted(outcome, 'held');
  });
  const minutes = holdMs / 60_000;
  await run.check({ did: 'look for its timer in the history', expected: `a timer of ${minutes} min`, flow }, async () => await timerOf(run, flow));
  if (endsAt === '') return;
  const time = endsAt.slice(11, 16);
  run.view.note(leave ? `Nobody waits ${minutes} minutes here: it ends by itself at ${time} UTC, whatever is killed or restarted until then.` : `Left alone, it would end by itself at ${time} UTC. It is cancelled below, so that nothing is left.`);
}

async function timerOf(run: Run, flow: Flow): Promise<Sight> {
  // The answer can be there a moment before the task that sets the timer is written.
  return await run.patiently(timerPatienceMs, async (): Promise<Sight> => {
    const { events } = await run.client.workflow.getHandle(bookingWorkflowId(flow.id)).fetchHistory();
    const timer = events?.find(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null)?.timerStartedEventAttributes;
    if (timer == null) return { saw: 'no timer' };
    const timerMs = Number(timer.startToFireTimeout?.seconds ?? 0) * 1000;
    // It started after the hold was taken, so it is a little shorter than the hold.
    return { saw: `a timer of ${(timerMs / 60_000).toFixed(1)} min`, ok: timerMs <= holdMs && timerMs > holdMs - 30_000 };
  }, ({ ok }) => ok ?? false);
}

/** SIGKILL to the worker process in the middle of a booking. */
export async function killedWorker(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: the worker process is killed in the middle of a booking`);
  const home = homeAt(run.stack.home);
  const worker = readJson(join(home.run, 'workers.json'), runRecord);
  if (worker === undefined) return run.view.note('The workers are not run by this stack, so none is killed.');
  const { bookings } = hotel.holdfast;

  const underWay = run.flow(hotel);
  await run.check({ did: 'a hold is taken', expected: 'held', flow: underWay }, async () => sighted(await run.book(underWay, { resourceId: room.id, customerId: run.customer('ivan'), ...nights(5) }), 'held'));
  await run.check({ did: `SIGKILL to the worker, pid ${worker.pid}`, expected: 'killed' }, async () => {
    const killed = signalProcess(worker, 'SIGKILL') && (await waitUntilGone(worker, goneWithinMs));
    return { saw: killed ? 'killed' : 'it was not there' };
  });
  const requested = run.flow(hotel);
  // All three begin right after the kill and are looked at one after the other.
  const restart = timed(async () => await restartedWorker(home, worker.pid));
  const hold = timed(async () => {
    const answer = await bookings.book({ id: requested.id, resourceId: room.id, customerId: run.customer('jana'), ...nights(6) });
    if (answer.status === 'held') return { saw: 'held' };
    const outcome = await run.waitFor(requested, ({ status }) => status !== 'pending', recoveryPatienceMs);
    return { saw: `${answer.status}, then ${outcome.status}`, ok: outcome.status === 'held' };
  });
  // Safe to repeat: a confirmation with the same reference answers what the first one did.
  const confirmation = timed(async () => sighted(await run.patiently(recoveryPatienceMs, async () => await bookings.confirm(underWay.id, { reference: `desk ${run.tag}` })), 'confirmed'));
  await run.check({ did: 'the supervisor restarts the worker', expected: 'another pid' }, async () => await restart);
  await run.check({ did: 'a hold requested while it was dead', expected: 'held', flow: requested }, async () => await hold);
  await run.check({ did: 'the hold from before is confirmed', expected: 'confirmed', flow: underWay }, async () => await confirmation);
}

async function restartedWorker(home: Home, killedPid: number): Promise<Sight> {
  const began = performance.now();
  while (performance.now() - began < recoveryPatienceMs) {
    const pid = readStackInfo(home)?.pids.workers;
    if (pid != null && pid !== killedPid) return { saw: `pid ${pid}`, ok: true };
    await sleep(restartPollMs);
  }
  return { saw: 'no new worker' };
}
