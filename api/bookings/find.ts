/** Where a booking is: a row in the database, or a flow that has not written one yet. */
import type { HoldOutcome } from '../../contracts/bookings/flow.ts';
import type { ListBookings, UnmadeBooking } from '../../contracts/bookings/schemas.ts';
import { unknownBooking } from '../../contracts/failures.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import type { Page } from '../../contracts/values.ts';
import { HoldfastError, type FlowView } from '../../client/index.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { Caller } from '../http/caller.ts';
import { Refused } from '../http/problems.ts';

/** @throws {Refused} `booking_not_found`, also for a booking of another tenant, and for one that was refused. */
export async function locateBooking({ databases, temporal }: ApiDependencies, { tenantId, holdfast }: Caller, id: string): Promise<HoldOutcome> {
  const row = await findBooking(databases.write, tenantId, id);
  if (row !== undefined) return row;
  const flow = await temporal.promptly(async () => await ownFlow(async () => await holdfast.flows.look(bookingWorkflowId(id)), id));
  if (flow.status === 'running') return { id, status: 'pending' };
  // The flow may have written its row and ended between the two looks.
  const written = await findBooking(databases.write, tenantId, id);
  if (written !== undefined) return written;
  const refusal = await temporal.promptly(async () => await holdfast.flows.refusal(flow.id));
  throw refusal === undefined ? Refused.of(unknownBooking(id)) : new Refused('booking_not_found', `The booking was not made: ${refusal.detail}`);
}

async function ownFlow(look: () => Promise<FlowView>, id: string): Promise<FlowView> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'flow_not_found') throw Refused.of(unknownBooking(id));
    throw error;
  }
}

/** Pending bookings have no row yet, so they are listed from Temporal, which is behind by moments. */
export async function listPending({ temporal }: ApiDependencies, { holdfast }: Caller, filter: ListBookings): Promise<Page<UnmadeBooking>> {
  const page = await temporal.promptly(
    async () =>
      await holdfast.flows.list({
        type: 'booking',
        status: 'running',
        businessStatus: 'pending',
        resource: filter.resourceId,
        customer: filter.customerId,
        limit: filter.limit,
        ...(filter.cursor !== undefined && { cursor: filter.cursor }),
      }),
  );
  return { ...page, items: page.items.map(({ id }) => ({ id: id.slice(bookingWorkflowId('').length), status: 'pending' as const })) };
}

