/** What a request must satisfy before the database is asked for units: pure, and the same for a new and a moved booking. */
import { maxAmountMinor } from '../../../contracts/values.ts';
import { maxNights, type HoldRequest } from '../../../contracts/bookings/flow.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import type { ResourceRow } from './rows.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface Dates {
  readonly from?: string;
  readonly to?: string;
}

/** @returns why the resource cannot be booked like this, or nothing. */
export function refuseRequest(resource: Pick<ResourceRow, 'kind' | 'capacity' | 'price_minor'>, request: Pick<HoldRequest, 'quantity'> & Dates, now: Date): Refusal | undefined {
  const dates = refuseDates(resource.kind, request, now);
  if (dates !== undefined) return dates;
  if (request.quantity > resource.capacity) {
    return { refused: 'quantity_over_capacity', detail: `Asked for ${request.quantity}, but there are only ${resource.capacity} in all.` };
  }
  return amountOf(resource, request) <= maxAmountMinor ? undefined : { refused: 'invalid_request', detail: 'The price of all this is beyond what can be charged.' };
}

/** @returns what is wrong with the dates for a resource of this kind, or nothing. */
export function refuseDates(kind: ResourceRow['kind'], dates: Dates, now: Date): Refusal | undefined {
  const refuse = (detail: string): Refusal => ({ refused: 'invalid_dates', detail });
  if (kind !== 'room') {
    return dates.from === undefined && dates.to === undefined ? undefined : refuse(`Only a room is booked for dates; not a resource of kind ${kind}. Leave out \`from\` and \`to\`.`);
  }
  if (dates.from === undefined || dates.to === undefined) return refuse('A room is booked from a day to a day: `from` and `to` are both needed.');
  const from = Date.parse(dates.from);
  const to = Date.parse(dates.to);
  if (to <= from) return refuse('`to` must be after `from`.');
  if (to <= now.getTime()) return refuse('The stay is over already.');
  if (to - from > maxNights * dayMs) return refuse(`A stay is at most ${maxNights} nights.`);
  return undefined;
}

/** The PostgreSQL range that an allocation covers; for all time when the resource has no dates. */
export function periodOf(dates: Dates): string {
  return `[${dates.from ?? ''},${dates.to ?? ''})`;
}

/** Minor units. A room is paid by the night, and a part of a night is a night. */
export function amountOf(resource: Pick<ResourceRow, 'price_minor'>, request: Pick<HoldRequest, 'quantity'> & Dates): number {
  const nights = request.from === undefined || request.to === undefined ? 1 : Math.ceil((Date.parse(request.to) - Date.parse(request.from)) / dayMs);
  return resource.price_minor * request.quantity * nights;
}
