/**
 * Records one history of each way a flow can go: `npm run record-histories`. Run it only when a flow gained a new way; the
 * histories that are here must go on replaying, because flows like them are running somewhere.
 */
import { newBookingId, newPaymentId } from '../../client/index.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import { createResource, someRoom } from '../support/database.ts';
import { customerWithDeadlocks, installDeadlocks, stopDeadlocks } from '../support/deadlocks.ts';
import { startSkippingWorld } from '../support/time-skipping.ts';
import { recordHousekeeping } from './record-housekeeping.ts';
import { recordImports } from './record-imports.ts';
import { recordExports } from './record-exports.ts';
import { recordPayments } from './record-payments.ts';
import { recordSales } from './record-sales.ts';
import { filesOfWorld, recordUploads } from './record-uploads.ts';
import { writerOf } from './write.ts';

const storage = await filesOfWorld();
const world = await startSkippingWorld('histories', { storage });
await installDeadlocks(world.databases.write);

const nights = { from: '2031-05-01', to: '2031-05-04' };
const minute = 60_000;

interface Booked {
  readonly id: string;
  readonly customerId: string;
  readonly resourceId: string;
}

const ways: Record<string, { deadlocks?: number; taken?: boolean; then: (booked: Booked) => Promise<unknown> }> = {
  expired: { then: async () => await world.environment.sleep(16 * minute) },
  confirmed: { then: async ({ id }) => await world.holdfast.bookings.confirm(id, { reference: 'till 4' }) },
  'extended-then-expired': {
    then: async ({ id }) => {
      await world.holdfast.bookings.extend(id);
      await world.environment.sleep(31 * minute);
    },
  },
  'rescheduled-then-confirmed': {
    then: async ({ id }) => {
      await world.holdfast.bookings.reschedule(id, { from: '2031-07-01', to: '2031-07-03' });
      await world.holdfast.bookings.confirm(id);
    },
  },
  paid: { then: async ({ id }) => await world.holdfast.payments.payBooking({ id: newPaymentId(), bookingId: id, gateway: 'stripe', method: 'pm_card_visa' }) },
  'looked-at-then-expired': {
    then: async ({ id }) => {
      await world.client.workflow.getHandle(bookingWorkflowId(id)).signal('refresh');
      await world.environment.sleep(16 * minute);
    },
  },
  cancelled: { then: async ({ id }) => await world.holdfast.bookings.cancel(id) },
  'cancelled-as-a-workflow': { then: async ({ id }) => await world.client.workflow.getHandle(bookingWorkflowId(id)).cancel() },
  'cancelled-after-confirmed': {
    then: async ({ id }) => {
      await world.holdfast.bookings.confirm(id);
      await world.client.workflow.getHandle(bookingWorkflowId(id)).result();
      await world.holdfast.bookings.cancel(id);
    },
  },
  refused: { taken: true, then: async () => await Promise.resolve() },
  'pending-then-held-then-confirmed': {
    deadlocks: 5,
    then: async ({ id }) => {
      await world.environment.sleep(11_000);
      await world.holdfast.bookings.confirm(id);
    },
  },
  'pending-then-cancelled': { deadlocks: 1_000, then: async ({ id }) => await world.holdfast.bookings.cancel(id) },
  failed: { deadlocks: 1_000, then: async () => await world.environment.sleep(minute) },
  'failed-then-resumed-then-cancelled': {
    deadlocks: 1_000,
    then: async ({ id, customerId }) => {
      await world.environment.sleep(minute);
      await stopDeadlocks(world.databases.write, customerId);
      await world.holdfast.bookings.resume(id);
      await world.holdfast.bookings.cancel(id);
    },
  },
};

async function recordBooking(name: string): Promise<void> {
  const { deadlocks = 0, taken = false, then } = ways[name] ?? {};
  const resourceId = await createResource(world.databases, world.tenantId, someRoom);
  const customerId = deadlocks === 0 ? 'ada' : await customerWithDeadlocks(world.databases.write, deadlocks);
  const id = newBookingId();
  if (taken) await world.holdfast.bookings.book({ resourceId, customerId: 'bob', ...nights });
  await world.holdfast.bookings.book({ id, resourceId, customerId, ...nights }).catch(() => undefined);
  await then?.({ id, customerId, resourceId });
  await write(`booking-${name}`, bookingWorkflowId(id));
}

const write = writerOf(world.client);

for (const name of Object.keys(ways)) await recordBooking(name);
await recordPayments(world, write);
await recordUploads(world, storage, write);
await recordImports();
await recordHousekeeping();
await recordExports(world, write);
await recordSales(world, write);
await world.close();
