/** What is paid for: what it costs, whose it is, and whether it still wants the money. */
import { sql, type Kysely } from 'kysely';
import { holdMs } from '../../../contracts/bookings/flow.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import type { Subject } from '../../../contracts/payments/flow.ts';
import { selectBooking } from '../bookings/queries.ts';
import { toBookingView } from '../bookings/rows.ts';
import { notHeld } from '../bookings/transitions.ts';
import type { Database } from '../schema.ts';

export interface Terms {
  readonly customerId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Shown to the payer. */
  readonly description: string;
  /** Until when the payer may act. */
  readonly payBy: Date;
}

interface SagaRow {
  readonly customer_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly status: string;
  /** Of the vehicle that a purchase is about. */
  readonly booking_id: string | null;
  readonly hold_ends: Date | null;
}

const tables = { purchase: 'purchases', order: 'orders' } as const;
const unknownSubject = { purchase: 'purchase_not_found', order: 'order_not_found' } as const;

async function selectSagaRow(db: Kysely<Database>, tenantId: string, kind: 'purchase' | 'order', id: string): Promise<SagaRow | undefined> {
  const vehicle = kind === 'purchase' ? sql`booking_id, (SELECT hold_expires_at FROM bookings WHERE bookings.tenant_id = it.tenant_id AND bookings.id = it.booking_id)` : sql`NULL AS booking_id, NULL`;
  const { rows } = await sql<SagaRow>`SELECT customer_id, amount_minor, currency, status, ${vehicle} AS hold_ends FROM ${sql.ref(tables[kind])} AS it WHERE tenant_id = ${tenantId} AND id = ${id}`.execute(db);
  return rows[0];
}

/** Locks a booking, so that it cannot end between this look and the row of its payment. */
export async function termsOf(db: Kysely<Database>, tenantId: string, { kind, id }: Subject, now = new Date()): Promise<Terms | Refusal> {
  if (kind === 'booking') {
    const row = await selectBooking(db, tenantId, id, 'for update');
    if (row === undefined) return { refused: 'booking_not_found', detail: `There is no booking ${id}.` };
    const booking = toBookingView(row);
    if (booking.status === 'confirmed') return { refused: 'already_paid', detail: 'The booking is confirmed already.' };
    if (booking.status !== 'held' || row.hold_expires_at === null) return notHeld(booking);
    const purchase = await db.selectFrom('purchases').select('id').where('tenant_id', '=', tenantId).where('booking_id', '=', id).where('status', 'in', ['pending', 'undoing']).executeTakeFirst();
    if (purchase !== undefined) return { refused: 'payment_in_progress', detail: `Purchase ${purchase.id} is paying for it.` };
    return { customerId: row.customer_id, amountMinor: row.amount_minor, currency: row.currency, description: `${row.resource_name} (${id})`, payBy: row.hold_expires_at };
  }
  const row = await selectSagaRow(db, tenantId, kind, id);
  if (row === undefined) return { refused: unknownSubject[kind], detail: `There is no ${kind} ${id}.` };
  if (row.status !== 'pending') return { refused: 'payment_closed', detail: `The ${kind} is ${row.status}.` };
  if (isHoldOver(row, now)) return { refused: 'hold_expired', detail: 'The hold has ended. Book again.' };
  return { customerId: row.customer_id, amountMinor: row.amount_minor, currency: row.currency, description: `${kind} ${id}`, payBy: row.hold_ends ?? new Date(now.getTime() + holdMs) };
}

const isHoldOver = ({ booking_id, hold_ends }: SagaRow, now: Date): boolean => booking_id !== null && (hold_ends === null || hold_ends <= now);

/** Whether money for it should still be sent for: a vehicle's hold may have ended while nobody worked. What is taken all the same is for {@link isAwaited}. */
export async function isPayable(db: Kysely<Database>, tenantId: string, kind: 'purchase' | 'order', id: string): Promise<boolean> {
  const row = await selectSagaRow(db, tenantId, kind, id);
  return row?.status === 'pending' && !isHoldOver(row, new Date());
}

/** Whether the flow of a purchase or an order still waits for this money, or has given up on it. */
export async function isAwaited(db: Kysely<Database>, tenantId: string, kind: 'purchase' | 'order', id: string): Promise<boolean> {
  const row = await selectSagaRow(db, tenantId, kind, id);
  return row !== undefined && !['undoing', 'failed', 'cancelled'].includes(row.status);
}
