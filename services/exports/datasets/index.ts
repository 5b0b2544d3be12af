/** Every dataset that can be exported. */
import type { ExportDataset } from '../../../contracts/exports/flow.ts';
import { attendees } from './attendees.ts';
import { bookings } from './bookings.ts';
import type { Dataset } from './dataset.ts';
import { orders } from './orders.ts';
import { payments } from './payments.ts';
import { users } from './users.ts';

export const datasets: { readonly [Name in ExportDataset]: Dataset<Name> } = { attendees, users, bookings, payments, orders };
