/** Where a booking is: a row in the database, or a flow that has not written one yet. */
import type { HoldOutcome } from '../../contracts/bookings/flow.ts';
import type { BookingView, ListBookings, UnmadeBooking } from '../../contracts/bookings/schemas.ts';
import { unknownBooking } from '../../contracts/failures.ts';
import { bookingWorkflowId } from '../../contracts/flows.ts';
import type { Page } from '../../contracts/values.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { Caller } from '../http/caller.ts';
import { rowOrFlow } from '../row-or-flow.ts';

/** @throws {Refused} `booking_not_found`, also for a booking of another tenant, and for one that was refused. */
export async function locateBooking(dependencies: ApiDependencies, caller: Caller, id: string): Promise<HoldOutcome> {
  const find = async (): Promise<BookingView | undefined> => await findBooking(dependencies.databases.write, caller.tenantId, id);
  const found = await rowOrFlow(dependencies, caller, find, { workflowId: bookingWorkflowId(id), unknown: unknownBooking(id), notMade: 'The booking was not made' });
  return found ?? { id, status: 'pending' };
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

