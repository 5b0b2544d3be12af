/** Which rows of a dataset an export has. Each filter takes one value, as text; all that are given have to be met. */
import { z, type ZodType } from 'zod';
import { bookingStatuses } from '../bookings/flow.ts';
import { orderStatuses } from '../orders/flow.ts';
import { gatewayNames, paymentStatuses } from '../payments/flow.ts';
import { resourceKinds } from '../resources.ts';
import { currency, foreignId, moment, text } from '../values.ts';
import type { ExportDataset } from './flow.ts';

const created = { createdFrom: moment, createdTo: moment };

const filtersOf = {
  attendees: { eventId: foreignId, ticket: text(64), ...created },
  users: { city: text(100), updatedFrom: moment, ...created },
  bookings: { status: z.enum(bookingStatuses).exclude(['pending']), resourceId: foreignId, kind: z.enum(resourceKinds), customerId: foreignId, ...created },
  payments: { status: z.enum(paymentStatuses), gateway: z.enum(gatewayNames), customerId: foreignId, subjectId: foreignId, currency, ...created },
  orders: { status: z.enum(orderStatuses), customerId: foreignId, currency, ...created },
} as const satisfies Record<ExportDataset, Readonly<Record<string, ZodType<string>>>>;

export type FilterName<Dataset extends ExportDataset = ExportDataset> = Dataset extends ExportDataset ? keyof (typeof filtersOf)[Dataset] & string : never;

/** The names of a dataset's filters. `…From` is inclusive, `…To` is not. */
export const filterNames = (dataset: ExportDataset): readonly string[] => Object.keys(filtersOf[dataset]);

/** What is not known or not right is named under `filters.`. */
export const exportFilters = (dataset: ExportDataset): ZodType<Partial<Record<string, string>>> => z.strictObject(filtersOf[dataset]).partial();
