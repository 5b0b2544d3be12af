/** How a booking's flow is started, whoever starts it, and how it is labelled: what an operator reads and filters by. */
import { bookingWorkflowId } from '../workflow-ids.ts';
import { searchAttributes } from '../search-attributes.ts';
import { startOf } from '../flow-start.ts';
import type { BookingInput, HoldRequest } from './flow.ts';

export function bookingStart(input: BookingInput) {
  const { tenantId, bookingId, request } = input;
  return {
    ...startOf('booking', bookingWorkflowId(bookingId), input),
    typedSearchAttributes: [
      { key: searchAttributes.tenant, value: tenantId },
      ...(request === undefined
        ? []
        : [
            // Almost every flow is held within its first task, so it starts out labelled so and saves a write.
            { key: searchAttributes.status, value: 'held' },
            { key: searchAttributes.resource, value: request.resourceId },
            { key: searchAttributes.customer, value: request.customerId },
          ]),
    ],
    staticSummary: request === undefined ? `Booking ${bookingId}, picked up again` : `${request.quantity} × ${request.resourceId} for ${request.customerId}${stay(request)}`,
    staticDetails: `Tenant \`${tenantId}\`, booking \`${bookingId}\`. A hold ends by itself after 15 minutes. Signals: \`cancel\`, \`resume\`. Updates: \`confirm\`, \`extend\` (once), \`reschedule\` (a room).`,
  };
}

function stay({ from, to }: Pick<HoldRequest, 'from' | 'to'>): string {
  return from === undefined || to === undefined ? '' : `, ${from.slice(0, 10)} to ${to.slice(0, 10)}`;
}
