/** What is sold is not given back by a cancellation: the vehicle would be the shop's again, and so would the money. */
import type { Kysely } from 'kysely';
import type { BookingView } from '../../../contracts/bookings/schemas.ts';
import type { Refusal } from '../../../contracts/failures.ts';
import type { Database } from '../schema.ts';

/**
 * @param booking as it is now; its reference names the payment that confirmed it.
 * @returns why it cannot be cancelled: its money is here still. Once all of that is given back, it can.
 */
export async function refuseWhileSold(db: Kysely<Database>, tenantId: string, { kind, status, reference }: Pick<BookingView, 'kind' | 'status' | 'reference'>): Promise<Refusal | undefined> {
  if (kind !== 'vehicle' || status !== 'confirmed' || reference === undefined) return undefined;
  const payment = await db.selectFrom('payments').select('id').where('tenant_id', '=', tenantId).where('id', '=', reference).where('status', '=', 'settled').executeTakeFirst();
  return payment === undefined ? undefined : { refused: 'not_cancellable', detail: `The vehicle is sold and paid for. Refund payment ${payment.id} first, all of it; then the booking can be cancelled.` };
}
