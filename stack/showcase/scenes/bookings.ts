/** Scenes in which customers get what they asked for, or are told why not. */
import { holdMs, isMade } from '../../../contracts/bookings/flow.ts';
import { bookingView } from '../../../contracts/bookings/schemas.ts';
import type { Stage } from '../stage.ts';
import { problemWords } from '../api.ts';
import { sighted, stateOf, type Run } from '../run.ts';

const patienceMs = 8_000;

/** Held over HTTP, paid at the desk. */
export async function paidAtTheDesk(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: held over HTTP, paid at the desk`);
  const reference = `desk ${run.tag}`;
  let bookingId: string | undefined;
  await run.check({ did: 'POST /v1/bookings', expected: 'held' }, async () => {
    const answer = await hotel.api.post('/v1/bookings', bookingView, { resourceId: room.id, customerId: run.customer('ada'), ...nights(0) });
    bookingId = answer.id;
    return { saw: `${answer.status}${answer.expiresAt === undefined ? '' : ` until ${answer.expiresAt.slice(11, 16)} UTC`}`, ok: answer.status === 'held', flow: run.flow(hotel, 'released', answer.id) };
  });
  const flow = run.flows.find(({ id }) => id === bookingId);
  if (flow === undefined) return;
  await run.check({ did: "confirm with the desk's reference", expected: 'confirmed', flow }, async () => sighted(await hotel.holdfast.bookings.confirm(flow.id, { reference }), 'confirmed'));
  await run.check({ did: 'GET /v1/bookings/{id} (PostgreSQL)', expected: `confirmed, ${reference}`, flow }, async () => {
    const answer = await hotel.api.get(`/v1/bookings/${flow.id}`, bookingView);
    return { saw: `${answer.status}, ${answer.reference ?? 'no reference'}` };
  });
}

/** One car, two customers. */
export async function oneCarTwoCustomers(run: Run, { garage, car }: Stage): Promise<void> {
  run.view.scene(`${car.name}: one car, two customers`);
  const { bookings } = garage.holdfast;
  const first = run.flow(garage);
  await run.check({ did: 'the first customer holds it', expected: 'held', flow: first }, async () => sighted(await run.book(first, { resourceId: car.id, customerId: run.customer('bela') }), 'held'));
  await run.check({ did: 'the second is refused over HTTP', expected: '409 resource_unavailable' }, async () => ({
    saw: problemWords(await garage.api.call('POST', '/v1/bookings', { resourceId: car.id, customerId: run.customer('cyril') })),
  }));
  await run.check({ did: 'the first cancels', expected: 'released (cancelled)', flow: first }, async () => {
    await bookings.cancel(first.id);
    return { saw: stateOf(await run.waitFor(first, ({ status }) => status === 'released', patienceMs)) };
  });
  const second = run.flow(garage);
  await run.check({ did: 'now the second gets it', expected: 'held', flow: second }, async () => sighted(await run.book(second, { resourceId: car.id, customerId: run.customer('cyril') }), 'held'));
}

/** Seats, and a hold that is extended once and only once. */
export async function seatsExtendedOnce(run: Run, { hotel, event }: Stage): Promise<void> {
  run.view.scene(`${event.name}: three seats, extended once`);
  const { bookings } = hotel.holdfast;
  const flow = run.flow(hotel);
  let endsMs = 0;
  await run.check({ did: 'hold three seats', expected: 'held', flow }, async () => {
    const outcome = await run.book(flow, { resourceId: event.id, customerId: run.customer('dora'), quantity: 3 });
    if (isMade(outcome) && outcome.expiresAt !== undefined) endsMs = Date.parse(outcome.expiresAt);
    return sighted(outcome, 'held');
  });
  await run.check({ did: 'extend the hold', expected: '+15 min', flow }, async () => {
    const outcome = await bookings.extend(flow.id);
    const moreMs = isMade(outcome) && outcome.expiresAt !== undefined ? Date.parse(outcome.expiresAt) - endsMs : 0;
    return { saw: `+${moreMs / 60_000} min, ${stateOf(outcome)}`, ok: moreMs === holdMs };
  });
  await run.check({ did: 'extend it again', expected: 'already_extended', flow }, async () => ({ saw: stateOf(await bookings.extend(flow.id)) }));
}

/** A room moves: the old nights are free, the new ones taken. */
export async function movedToOtherNights(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: moved to other nights`);
  const { bookings } = hotel.holdfast;
  const [before, after] = [nights(1), nights(2)];
  const moved = run.flow(hotel);
  await run.check({ did: `hold ${before.from} to ${before.to}`, expected: 'held', flow: moved }, async () => sighted(await run.book(moved, { resourceId: room.id, customerId: run.customer('emil'), ...before }), 'held'));
  await run.check({ did: `reschedule to ${after.from}`, expected: `${after.from} to ${after.to}`, flow: moved }, async () => {
    const outcome = await bookings.reschedule(moved.id, after);
    return { saw: isMade(outcome) ? `${outcome.from?.slice(0, 10) ?? ''} to ${outcome.to?.slice(0, 10) ?? ''}` : outcome.status };
  });
  const follower = run.flow(hotel);
  await run.check({ did: 'another guest takes the old nights', expected: 'held', flow: follower }, async () => sighted(await run.book(follower, { resourceId: room.id, customerId: run.customer('fanny'), ...before }), 'held'));
  const late = run.flow(hotel, 'refused');
  await run.check({ did: 'and a third wants the new ones', expected: 'resource_unavailable', flow: late }, async () => sighted(await run.book(late, { resourceId: room.id, customerId: run.customer('gustav'), ...after }), 'failed'));
}
