import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newBookingId, type BookingView, type HoldOutcome } from '../../client/index.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { createResource, someCar, someConcert, someRoom } from '../support/database.ts';
import { customerWithDeadlocks, holdsTried, installDeadlocks, stopDeadlocks } from '../support/deadlocks.ts';
import { eventually } from '../support/http.ts';
import { startSkippingWorld, type SkippingWorld } from '../support/time-skipping.ts';

const nights = { from: '2031-05-01', to: '2031-05-04' };
const minutes = (count: number): number => count * 60_000;

let world: SkippingWorld;
beforeAll(async () => {
  world = await startSkippingWorld('flow-tests');
  await installDeadlocks(world.databases.write);
});
afterAll(async () => await world.close());

const room = async (): Promise<string> => await createResource(world.databases, world.tenantId, someRoom);
const stored = async (id: string): Promise<BookingView | undefined> => await findBooking(world.databases.write, world.tenantId, id);
const ended = async (id: string): Promise<unknown> => await world.client.workflow.getHandle(bookingWorkflowId(id)).result();

describe('a hold', () => {
  test('ends by itself after 15 minutes, not before', async () => {
    const resourceId = await room();
    const held = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', ...nights });
    expect(held.status).toBe('held');
    await world.environment.sleep(minutes(15) - 5_000);
    expect(await world.holdfast.bookings.get(held.id)).toMatchObject({ status: 'held' });
    await world.environment.sleep(10_000);
    expect(await ended(held.id)).toMatchObject({ status: 'released', reason: 'expired' });
    expect(await stored(held.id)).toMatchObject({ status: 'released', reason: 'expired' });
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights })).toMatchObject({ status: 'held' });
  });

  test('keeps a second customer out until it ends', async () => {
    const resourceId = await createResource(world.databases, world.tenantId, someCar);
    await world.holdfast.bookings.book({ resourceId, customerId: 'ada' });
    const loser = newBookingId();
    await expect(world.holdfast.bookings.book({ id: loser, resourceId, customerId: 'bob' })).rejects.toMatchObject({ code: 'resource_unavailable', status: 409 });
    expect(await stored(loser)).toBeUndefined();
  });

  test('can be extended once, by 15 minutes', async () => {
    const held = (await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights })) as BookingView;
    const extended = (await world.holdfast.bookings.extend(held.id)) as BookingView;
    expect(Date.parse(extended.expiresAt ?? '') - Date.parse(held.expiresAt ?? '')).toBe(minutes(15));
    await expect(world.holdfast.bookings.extend(held.id)).rejects.toMatchObject({ code: 'already_extended' });
    await world.environment.sleep(minutes(29));
    expect(await world.holdfast.bookings.get(held.id)).toMatchObject({ status: 'held', extended: true });
    await world.environment.sleep(minutes(2));
    expect(await stored(held.id)).toMatchObject({ status: 'released', reason: 'expired' });
  });

  test('is confirmed at the desk with a reference, and then outlives its 15 minutes', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    expect(await world.holdfast.bookings.confirm(held.id, { reference: 'till 4, receipt 12' })).toMatchObject({ status: 'confirmed', reference: 'till 4, receipt 12' });
    await ended(held.id);
    await world.environment.sleep(minutes(20));
    expect(await stored(held.id)).toMatchObject({ status: 'confirmed' });
    expect(await world.holdfast.bookings.confirm(held.id, { reference: 'till 4, receipt 12' })).toMatchObject({ status: 'confirmed' });
  });

  test('cannot be confirmed when it has ended', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    await world.environment.sleep(minutes(16));
    await expect(world.holdfast.bookings.confirm(held.id)).rejects.toMatchObject({ code: 'hold_expired' });
  });

  test.each([
    ['the cancel signal', async (id: string) => await world.holdfast.bookings.cancel(id)],
    ['cancelling the workflow itself', async (id: string) => void (await world.client.workflow.getHandle(bookingWorkflowId(id)).cancel())],
  ])('is given back by %s', async (_, cancel) => {
    const resourceId = await room();
    const held = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', ...nights });
    await cancel(held.id);
    expect(await ended(held.id)).toMatchObject({ status: 'released', reason: 'cancelled' });
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights })).toMatchObject({ status: 'held' });
  });
});

describe('a confirmed booking', () => {
  const confirmed = async (resourceId: string): Promise<string> => {
    const { id } = await world.holdfast.bookings.book({ resourceId, customerId: 'ada', ...nights });
    await world.holdfast.bookings.confirm(id);
    await ended(id);
    return id;
  };

  test('is cancelled by a new run that picks it up from the database', async () => {
    const resourceId = await room();
    const id = await confirmed(resourceId);
    await world.holdfast.bookings.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'released', reason: 'cancelled' });
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights })).toMatchObject({ status: 'held' });
  });

  test('moves to other dates, or stays as it is when they are taken', async () => {
    const resourceId = await room();
    const id = await confirmed(resourceId);
    const june = { from: '2031-06-01', to: '2031-06-02' };
    await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...june });
    await expect(world.holdfast.bookings.reschedule(id, june)).rejects.toMatchObject({ code: 'resource_unavailable' });
    expect(await stored(id)).toMatchObject({ status: 'confirmed', from: '2031-05-01T00:00:00.000Z' });
    expect(await world.holdfast.bookings.reschedule(id, { from: '2031-07-01', to: '2031-07-03' })).toMatchObject({ status: 'confirmed', from: '2031-07-01T00:00:00.000Z', amount: 18_000 });
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'eve', ...nights })).toMatchObject({ status: 'held' });
  });
});

describe('when the database reports deadlocks', () => {
  test('three are repeated at once and nobody notices', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 3);
    expect(await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights })).toMatchObject({ status: 'held' });
    expect(await holdsTried(world.databases.write, customerId)).toBe(4);
  });

  test('more than three end in "pending", and the background makes it, with the full 15 minutes', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 5);
    const pending = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    expect(pending).toEqual({ id: pending.id, status: 'pending' });
    await world.environment.sleep(11_000);
    const held = await world.holdfast.bookings.get(pending.id);
    expect(held).toMatchObject({ status: 'held' });
    expect(Date.parse((held as BookingView).expiresAt ?? '') - (await world.environment.currentTimeMs())).toBeGreaterThan(minutes(15) - 5_000);
  });

  test('after three background attempts the booking is listed as failed, the customer is told once, and resume tries again', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 1_000);
    const pending = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    await world.environment.sleep(minutes(1));
    await expect(ended(pending.id)).rejects.toMatchObject({ cause: { type: 'database_conflict' } });
    expect(await holdsTried(world.databases.write, customerId)).toBe(4 + 3);
    expect(await stored(pending.id)).toMatchObject({ status: 'failed', reason: 'database_conflict' });
    const told = await world.databases.write.selectFrom('notifications').selectAll().where('customer_id', '=', customerId).execute();
    expect(told).toMatchObject([{ template: 'booking_failed', subject_id: pending.id }]);

    await stopDeadlocks(world.databases.write, customerId);
    await world.holdfast.bookings.resume(pending.id);
    await eventually('the booking to be held', async () => (await stored(pending.id))?.status === 'held');
  });

  test('a failed booking that is tried again and meets a taken room is failed again, told again, and can be tried a third time', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 1_000);
    const resourceId = await room();
    const { id } = await world.holdfast.bookings.book({ resourceId, customerId, ...nights });
    await world.environment.sleep(minutes(1));
    await expect(ended(id)).rejects.toBeDefined();
    await stopDeadlocks(world.databases.write, customerId);
    const other = await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights });
    await world.holdfast.bookings.resume(id);
    expect(await ended(id)).toMatchObject({ status: 'failed', reason: 'resource_unavailable' });
    expect(await world.databases.write.selectFrom('notifications').select('id').where('subject_id', '=', id).execute()).toHaveLength(2);

    await world.holdfast.bookings.cancel(other.id);
    await ended(other.id);
    await world.holdfast.bookings.resume(id);
    await eventually('the third try to hold', async () => (await stored(id))?.status === 'held');
  });

  test('the id of a failed booking cannot be used for another one', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 1_000);
    const { id } = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    await world.environment.sleep(minutes(1));
    await expect(ended(id)).rejects.toBeDefined();
    const elsewhere = await room();
    await expect(world.holdfast.bookings.book({ id, resourceId: elsewhere, customerId: 'bob', ...nights })).rejects.toMatchObject({ code: 'booking_id_reused' });
    expect(await world.databases.write.selectFrom('allocations').select('booking_id').where('resource_id', '=', elsewhere).execute()).toEqual([]);
  });

  test('a change of a booking that is still pending is refused at once', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 1_000);
    const { id } = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    await expect(world.holdfast.bookings.confirm(id)).rejects.toMatchObject({ code: 'booking_not_held' });
  });

  test('resume ends the wait between background attempts', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 5);
    const pending = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    await eventually('the first background attempt', async () => (await holdsTried(world.databases.write, customerId)) === 5);
    const before = await world.environment.currentTimeMs();
    await world.holdfast.bookings.resume(pending.id);
    await eventually('the hold', async () => (await stored(pending.id))?.status === 'held');
    expect((await world.environment.currentTimeMs()) - before).toBeLessThan(9_000);
  });

  test('cancel ends a booking that is still pending, and it stays listed', async () => {
    const customerId = await customerWithDeadlocks(world.databases.write, 1_000);
    const pending = await world.holdfast.bookings.book({ resourceId: await room(), customerId, ...nights });
    await world.holdfast.bookings.cancel(pending.id);
    expect(await ended(pending.id)).toMatchObject({ status: 'released', reason: 'cancelled' });
    expect(await stored(pending.id)).toMatchObject({ status: 'released', reason: 'cancelled' });
  });
});

describe('the flow', () => {
  test('books the same id once, however often it is asked', async () => {
    const wanted = { id: newBookingId(), resourceId: await createResource(world.databases, world.tenantId, someConcert), customerId: 'ada', quantity: 2 };
    const answers = await Promise.all([1, 2, 3].map(async () => await world.holdfast.bookings.book(wanted)));
    expect(new Set(answers.map((answer: HoldOutcome) => JSON.stringify(answer))).size).toBe(1);
    const units = await world.databases.write.selectFrom('allocations').selectAll().where('booking_id', '=', wanted.id).execute();
    expect(units).toHaveLength(2);
    await expect(world.holdfast.bookings.book({ ...wanted, customerId: 'eve' })).rejects.toMatchObject({ code: 'booking_id_reused' });
  });

  test('refuses what can never be stored, instead of trying for ever', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    await expect(world.holdfast.bookings.confirm(held.id, { reference: 'a\u0000b' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', from: nights.to, to: nights.from })).rejects.toMatchObject({ code: 'invalid_dates' });
    await expect(world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', from: nights.from })).rejects.toMatchObject({ code: 'invalid_dates' });
    // Past the client: the same message from a hand in the Web UI.
    await expect(world.client.workflow.getHandle(bookingWorkflowId(held.id)).executeUpdate('confirm', { args: [{ tenantId: world.tenantId, reference: 'a\u0000b' }] })).rejects.toMatchObject({ cause: { type: 'invalid_request' } });
    await world.holdfast.bookings.cancel(held.id);
    expect(await ended(held.id)).toMatchObject({ status: 'released' });
  });

  test('frees the units of a hold whose flow was lost, as soon as somebody asks for the booking after its time', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    await world.client.workflow.getHandle(bookingWorkflowId(held.id)).terminate('lost');
    await world.databases.write.updateTable('bookings').set({ hold_expires_at: new Date(Date.now() - 1_000) }).where('id', '=', held.id).execute();
    await expect(world.holdfast.bookings.confirm(held.id)).rejects.toMatchObject({ code: 'hold_expired' });
    await eventually('the units to be free', async () => (await world.databases.write.selectFrom('allocations').selectAll().where('booking_id', '=', held.id).execute()).length === 0);
  });

  test('writes the end of a hold that it learns of by a look, before its own timer', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    await world.databases.write.updateTable('bookings').set({ hold_expires_at: new Date(Date.now() - 1_000) }).where('id', '=', held.id).execute();
    await world.client.workflow.getHandle(bookingWorkflowId(held.id)).signal('refresh');
    expect(await ended(held.id)).toMatchObject({ status: 'released', reason: 'expired' });
    expect(await world.databases.write.selectFrom('bookings').select(['status', 'reason']).where('id', '=', held.id).execute()).toEqual([{ status: 'released', reason: 'expired' }]);
    expect(await world.databases.write.selectFrom('allocations').selectAll().where('booking_id', '=', held.id).execute()).toEqual([]);
  });

  test('takes the word of who has confirmed it, and looks at its row for anything else that it is told', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    const flow = world.client.workflow.getHandle(bookingWorkflowId(held.id));
    for (const told of [{ ...held, id: 'bkg_other', status: 'confirmed' }, { ...held, status: 'released', reason: 'expired' }]) await flow.signal('refresh', told);
    expect(await world.holdfast.bookings.extend(held.id)).toMatchObject({ id: held.id, status: 'held' });
    await flow.signal('refresh', { ...held, status: 'confirmed', reference: 'pay_1' });
    expect(await ended(held.id)).toMatchObject({ id: held.id, status: 'confirmed', reference: 'pay_1' });
  });

  test('sells every seat once and no seat twice', async () => {
    const resourceId = await createResource(world.databases, world.tenantId, someConcert);
    const answers = await Promise.allSettled(Array.from({ length: 8 }, async (_, guest) => await world.holdfast.bookings.book({ resourceId, customerId: `guest-${guest}` })));
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(5);
    await expect(world.holdfast.bookings.book({ resourceId, customerId: 'late', quantity: 6 })).rejects.toMatchObject({ code: 'quantity_over_capacity' });
  });

  test('does not answer another tenant', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    const stranger = world.holdfast.forTenant('flow-strangers');
    await expect(stranger.bookings.get(held.id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(stranger.bookings.confirm(held.id)).rejects.toMatchObject({ code: 'booking_not_found' });
    await expect(stranger.bookings.cancel(held.id)).rejects.toMatchObject({ code: 'flow_not_found' });
    expect(await stored(held.id)).toMatchObject({ status: 'held' });
  });

  test('tells its progress, never backwards, to whoever watches', async () => {
    const held = await world.holdfast.bookings.book({ resourceId: await room(), customerId: 'ada', ...nights });
    const seen: number[] = [];
    for await (const { percent, booking } of world.holdfast.bookings.watch(held.id)) {
      seen.push(percent);
      if (booking.status === 'held') await world.holdfast.bookings.confirm(held.id);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(100);
  });
});
