/** Every workflow type; the bundle is made from this file. */
export { booking } from './bookings/index.ts';
export { payment } from './payments/index.ts';
export { purchase } from './purchases/index.ts';
export { order } from './orders/index.ts';
export { invoice } from './invoices/index.ts';
export { importFiles as import } from './imports/index.ts';
export { exportRows as export } from './exports/index.ts';
export { upload } from './uploads/index.ts';
export { reconciliation } from './reconciliation.ts';
export { cleanup } from './cleanup.ts';
export { housekeeping } from './operations.ts';

/**
 * The worker records a stack trace for each promise that a flow makes, which the Web UI shows as its call stack: a third of
 * what a flow takes in its thread. One frame is the SDK's own; the two after it name the place and who called it.
 * See docs/decisions/014-small-workers.md.
 */
Error.stackTraceLimit = 3;
