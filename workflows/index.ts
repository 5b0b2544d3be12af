/** Every workflow type; the bundle is made from this file. */
export { booking } from './bookings/index.ts';
export { housekeeping } from './operations.ts';
