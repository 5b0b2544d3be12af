/** What exports can be filtered by, as contracts/exports/filters.ts has it. */
/** @import { ExportDataset } from '../contracts/exports/flow.ts' */
/** @import { FilterName } from '../contracts/exports/filters.ts' */
/** @import { BookingStatus } from '../contracts/bookings/flow.ts' */
/** @import { OrderStatus } from '../contracts/orders/flow.ts' */
/** @import { PaymentStatus } from '../contracts/payments/flow.ts' */

/**
 * @typedef {object} Filter
 * @property {string} label
 * @property {readonly string[]} [choices]
 * @property {true} [isDay] Whole days, UTC.
 */

const created = { createdFrom: { label: 'Created from', isDay: /** @type {const} */ (true) }, createdTo: { label: 'Created before', isDay: /** @type {const} */ (true) } };
const customer = { customerId: { label: 'Customer' } };
const currency = { currency: { label: 'Currency, e.g. EUR' } };

/** @type {readonly Exclude<BookingStatus, 'pending'>[]} */
const bookingStatuses = ['held', 'confirmed', 'released', 'failed'];
/** @type {readonly PaymentStatus[]} */
const paymentStatuses = ['created', 'authorised', 'captured', 'settled', 'failed', 'refunded', 'unknown', 'reconciling'];
/** @type {readonly OrderStatus[]} */
const orderStatuses = ['pending', 'confirmed', 'completed', 'undoing', 'cancelled', 'failed'];

/** @satisfies {{ readonly [Dataset in ExportDataset]: Readonly<Record<FilterName<Dataset>, Filter>> }} */
const filters = {
  attendees: { eventId: { label: 'Event' }, ticket: { label: 'Ticket' }, ...created },
  users: { city: { label: 'City' }, updatedFrom: { label: 'Changed from', isDay: /** @type {const} */ (true) }, ...created },
  bookings: {
    status: { label: 'Status', choices: bookingStatuses },
    kind: { label: 'Kind', choices: ['vehicle', 'room', 'event'] },
    resourceId: { label: 'Resource' },
    ...customer,
    ...created,
  },
  payments: {
    status: { label: 'Status', choices: paymentStatuses },
    gateway: { label: 'Gateway', choices: ['stripe', 'gopay', 'paytm'] },
    ...customer,
    subjectId: { label: 'Paid for' },
    ...currency,
    ...created,
  },
  orders: { status: { label: 'Status', choices: orderStatuses }, ...customer, ...currency, ...created },
};

/** @type {readonly ExportDataset[]} */
export const exportDatasets = ['attendees', 'users', 'bookings', 'payments', 'orders'];
/** @type {readonly import('../contracts/exports/flow.ts').ExportFormat[]} */
export const exportFormats = ['xlsx', 'csv', 'pdf', 'ndjson'];

/**
 * @param {string} dataset
 * @returns {readonly (readonly [string, Filter])[]}
 */
export function filtersOf(dataset) {
  const known = exportDatasets.find((one) => one === dataset);
  return known === undefined ? [] : Object.entries(filters[known]);
}
