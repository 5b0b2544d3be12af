/** `/v1/bookings` */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isMade, type HoldOutcome, type HoldRequest } from '../../contracts/bookings/flow.ts';
import { bookingView, confirmBookingBody, createBookingBody, emptyBody, listBookingsQuery, rescheduleBookingBody, unmadeBooking } from '../../contracts/bookings/schemas.ts';
import type { FailureCode, Refusal } from '../../contracts/failures.ts';
import { foreignId } from '../../contracts/values.ts';
import { findBooking, listBookings, refuseEarly } from '../../services/database/bookings/queries.ts';
import { refuseWhileSold } from '../../services/database/bookings/sold.ts';
import { saveCustomer } from '../../services/database/tenants.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { callerOf, type Caller } from '../http/caller.ts';
import { answers } from '../http/openapi.ts';
import { Refused } from '../http/problems.ts';
import { Turnstile } from '../turnstile.ts';
import { listPending, locateBooking } from './find.ts';
import { refuseCancel, refuseConfirm, refuseEnded, refuseExtend, refuseReschedule } from './refusals.ts';

const tags = ['Bookings'];
const params = z.object({ id: foreignId.describe('bkg_…') });
const anyBooking = z.union([bookingView, unmadeBooking]);
const changeCodes: readonly FailureCode[] = ['booking_not_found', 'booking_failed', 'database_conflict', 'temporal_unavailable'];

/** About twice what one machine's Temporal works on at a time; more at once only makes everybody wait longer. */
const bookingsAtOnce = 16;
const turnPatienceMs = 10_000;

/** How long a cancellation is watched before the answer says what is there. */
const releasePatienceMs = 1_000;
const releasePauseMs = 40;

export const bookingRoutes = (dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  const { databases, temporal } = dependencies;
  const rush = new Turnstile(bookingsAtOnce, turnPatienceMs);

  app.post(
    '/bookings',
    {
      schema: {
        tags,
        summary: 'Hold a resource for 15 minutes',
        description: '201: held. 202: not decided within twenty seconds; the flow goes on by itself, watch `Location`.',
        body: createBookingBody,
        response: answers('POST', { 201: bookingView, 202: unmadeBooking }, ['resource_not_found', 'resource_unavailable', 'invalid_dates', 'quantity_over_capacity', 'booking_id_reused', 'booking_closed', 'booking_failed', 'database_conflict', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const { tenantId, holdfast } = callerOf(request);
      const { resourceId, customerId, quantity, from, to, customer } = request.body;
      const wanted: HoldRequest = { resourceId, customerId, quantity, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      const booking = await rush.pass(tenantId, async () => {
        // A repeat whose first try may hold the resource already would be refused by its own booking.
        if (request.idempotency?.again !== true) refuse(await refuseEarly(databases.write, tenantId, wanted, request.idempotency?.idFor('bkg')));
        if (customer !== undefined) await saveCustomer(databases.write, tenantId, customerId, customer);
        const id = request.idempotency?.idFor('bkg');
        return await holdfast.bookings.book(id === undefined ? wanted : { ...wanted, id });
      });
      refuse(refuseEnded(booking));
      reply.header('location', `/v1/bookings/${booking.id}`);
      return isMade(booking) ? await reply.code(201).send(booking) : await reply.code(202).send(booking);
    },
  );

  app.get(
    '/bookings',
    {
      schema: {
        tags,
        summary: 'List bookings, newest first',
        description: '`status=pending` lists those that are not decided yet as `{id, status}`. They are in no other list, as they are in the database only once they are decided.',
        querystring: listBookingsQuery,
        response: answers('GET', { 200: z.object({ items: z.array(anyBooking), nextCursor: z.string().optional() }) }, ['invalid_cursor', 'temporal_unavailable']),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const pending = request.query.status === 'pending';
      const { items, nextCursor } = pending ? await listPending(dependencies, caller, request.query) : await listBookings(databases.read, caller.tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );

  app.get(
    '/bookings/:id',
    { schema: { tags, summary: 'One booking', params, response: answers('GET', { 200: anyBooking }, ['booking_not_found', 'temporal_unavailable']) } },
    async (request, reply) => await reply.send(await locateBooking(dependencies, callerOf(request), request.params.id)),
  );

  app.post(
    '/bookings/:id/confirm',
    {
      schema: {
        tags,
        summary: 'Confirm a hold that was paid elsewhere, e.g. at the desk',
        params,
        body: confirmBookingBody,
        response: answers('POST', { 202: anyBooking }, [...changeCodes, 'booking_not_held', 'hold_expired']),
      },
    },
    async (request, reply) => {
      const { holdfast } = callerOf(request);
      const { id } = request.params;
      const { reference } = request.body;
      // Whose booking it is is asked of a repeat, too; what its first try did is not held against it.
      const before = await locateBooking(dependencies, callerOf(request), id);
      if (request.idempotency?.again !== true) refuse(refuseConfirm(before, reference));
      return await reply.code(202).send(await holdfast.bookings.confirm(id, { reference, updateId: request.idempotency?.updateId }));
    },
  );

  app.post(
    '/bookings/:id/extend',
    {
      schema: {
        tags,
        summary: 'Prolong a hold by 15 minutes, once',
        params,
        body: emptyBody,
        response: answers('POST', { 202: anyBooking }, [...changeCodes, 'booking_not_held', 'hold_expired', 'already_extended']),
      },
    },
    async (request, reply) => {
      const { holdfast } = callerOf(request);
      const { id } = request.params;
      // Whose booking it is is asked of a repeat, too; what its first try did is not held against it.
      const before = await locateBooking(dependencies, callerOf(request), id);
      if (request.idempotency?.again !== true) refuse(refuseExtend(before));
      return await reply.code(202).send(await holdfast.bookings.extend(id, { updateId: request.idempotency?.updateId }));
    },
  );

  app.post(
    '/bookings/:id/reschedule',
    {
      schema: {
        tags,
        summary: 'Move a room to other dates, or change nothing',
        params,
        body: rescheduleBookingBody,
        response: answers('POST', { 202: anyBooking }, [...changeCodes, 'booking_closed', 'not_reschedulable', 'invalid_dates', 'resource_unavailable', 'payment_in_progress']),
      },
    },
    async (request, reply) => {
      const { holdfast } = callerOf(request);
      const { id } = request.params;
      // Whose booking it is is asked of a repeat, too; what its first try did is not held against it.
      const before = await locateBooking(dependencies, callerOf(request), id);
      if (request.idempotency?.again !== true) refuse(refuseReschedule(before, request.body));
      return await reply.code(202).send(await holdfast.bookings.reschedule(id, request.body, { updateId: request.idempotency?.updateId }));
    },
  );

  app.post(
    '/bookings/:id/cancel',
    {
      schema: {
        tags,
        summary: 'Give a booking back',
        description: 'The answer says how the booking stands within a second; if it is not `released` by then, it will be. Cancelling a cancelled booking answers it as it is. What was paid is given back by a refund of its payment, not by this: a vehicle that is sold can be cancelled only after that.',
        params,
        body: emptyBody,
        response: answers('POST', { 202: anyBooking }, [...changeCodes, 'booking_closed', 'not_cancellable']),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const before = await locateBooking(dependencies, caller, id);
      if (request.idempotency?.again !== true) refuse(refuseCancel(before));
      if (before.status === 'released' || before.status === 'failed') return await reply.code(202).send(before);
      if (isMade(before)) refuse(await refuseWhileSold(databases.write, caller.tenantId, before));
      await temporal.promptly(async () => await caller.holdfast.bookings.cancel(id));
      return await reply.code(202).send(await released(caller, before));
    },
  );

  done();

  async function released({ tenantId }: Caller, before: HoldOutcome): Promise<HoldOutcome> {
    const endsAt = Date.now() + releasePatienceMs;
    let booking = before;
    while (booking.status !== 'released' && Date.now() < endsAt) {
      await sleep(releasePauseMs);
      booking = (await findBooking(databases.write, tenantId, before.id)) ?? before;
    }
    return booking;
  }
};

function refuse(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw Refused.of(refusal);
}
