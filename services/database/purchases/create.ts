/** A purchase's first rows: checked, and priced as things are now, before anything is paid. */
import type { Kysely, Transaction } from 'kysely';
import type { Refusal } from '../../../contracts/failures.ts';
import { paymentIdOf, standsFor, type PurchaseRequest } from '../../../contracts/purchases/flow.ts';
import type { PurchaseView } from '../../../contracts/purchases/schemas.ts';
import { maxAmountMinor } from '../../../contracts/values.ts';
import { isOutOfStock, openQuantity, selectBasket, type BasketLine } from '../baskets.ts';
import { selectBooking } from '../bookings/queries.ts';
import { toBookingView } from '../bookings/rows.ts';
import { notHeld } from '../bookings/transitions.ts';
import type { Database } from '../schema.ts';
import { allOrNothing } from '../all-or-nothing.ts';
import { selectLivePayment } from '../payments/rows.ts';
import { selectPurchase, toPurchaseView, type PurchaseItemRow, type PurchaseRow } from './rows.ts';
import { priceLine } from './shares.ts';

export interface PurchaseRef {
  readonly tenantId: string;
  readonly purchaseId: string;
}

type Bought = Pick<PurchaseRow, 'kind' | 'amount_minor' | 'currency'> & { readonly items: readonly Omit<PurchaseItemRow, 'tenant_id' | 'purchase_id'>[] };

/** Idempotent by the purchase's id: one that exists is answered as it stands. */
export async function createPurchase(db: Kysely<Database>, { tenantId, purchaseId }: PurchaseRef, request: PurchaseRequest): Promise<PurchaseView | Refusal> {
  return await allOrNothing(db, async (tx) => {
    const known = await selectPurchase(tx, tenantId, purchaseId);
    if (known !== undefined) return sameWish(known, request);
    const bought = request.bookingId === undefined ? await basketOf(tx, tenantId, request.customerId) : await vehicleOf(tx, tenantId, request.bookingId, request.customerId);
    const refusal = 'refused' in bought ? bought : refuseAmount(bought, request);
    if ('refused' in bought || refusal !== undefined) {
      // Another attempt of this step may have made it while this one waited for a lock.
      const made = await selectPurchase(tx, tenantId, purchaseId);
      return made === undefined ? (refusal ?? { refused: 'internal_error', detail: 'No reason was given.' }) : sameWish(made, request);
    }
    return await write(tx, { tenantId, purchaseId }, request, bought);
  });
}

function sameWish(row: PurchaseRow, request: PurchaseRequest): PurchaseView | Refusal {
  const purchase = toPurchaseView(row);
  return standsFor(purchase, request) ? purchase : { refused: 'purchase_id_reused', detail: `${row.id} belongs to another request.` };
}

async function write(tx: Transaction<Database>, { tenantId, purchaseId }: PurchaseRef, request: PurchaseRequest, { items, ...bought }: Bought): Promise<PurchaseView | Refusal> {
  const row = await tx
    .insertInto('purchases')
    .values({ tenant_id: tenantId, id: purchaseId, customer_id: request.customerId, booking_id: request.bookingId ?? null, payment_id: paymentIdOf(purchaseId), status: 'pending', ...bought })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) {
    const made = await selectPurchase(tx, tenantId, purchaseId);
    return made === undefined ? { refused: 'payment_in_progress', detail: 'Another purchase of this booking is on its way, or it is sold.' } : sameWish(made, request);
  }
  if (items.length > 0) await tx.insertInto('purchase_items').values(items.map((item) => ({ tenant_id: tenantId, purchase_id: purchaseId, ...item }))).execute();
  return toPurchaseView(row);
}

/** Locks the booking, so that it cannot be paid in another way between this look and the purchase's row. */
async function vehicleOf(tx: Transaction<Database>, tenantId: string, bookingId: string, customerId: string): Promise<Bought | Refusal> {
  const row = await selectBooking(tx, tenantId, bookingId, 'for update');
  if (row === undefined) return { refused: 'booking_not_found', detail: `There is no booking ${bookingId}.` };
  if (row.customer_id !== customerId) return { refused: 'not_the_holder', detail: 'It is held by another customer.' };
  if (row.kind !== 'vehicle') return { refused: 'invalid_request', detail: `Only a vehicle is bought; this is of kind ${row.kind}. Pay for the booking instead.` };
  const booking = toBookingView(row);
  if (booking.status === 'confirmed') return { refused: 'already_paid', detail: 'The vehicle is sold to this customer already.' };
  if (booking.status !== 'held') return notHeld(booking);
  const payment = await selectLivePayment(tx, tenantId, { kind: 'booking', id: bookingId });
  if (payment !== undefined) return { refused: 'payment_in_progress', detail: `Payment ${payment.id} for the booking is on its way; wait for it, or cancel it.` };
  return { kind: 'vehicle', amount_minor: row.amount_minor, currency: row.currency, items: [] };
}

async function basketOf(tx: Transaction<Database>, tenantId: string, customerId: string): Promise<Bought | Refusal> {
  const basket = await selectBasket(tx, tenantId, customerId, 'for update');
  const lines = basket.filter((line) => openQuantity(line) > 0);
  const refusal = refuseBasket(basket, lines);
  if (refusal !== undefined) return refusal;
  const tenant = await tx.selectFrom('tenants').select(['fee_basis_points', 'vat_basis_points']).where('id', '=', tenantId).executeTakeFirstOrThrow();
  const items = lines.map((line, index) => ({
    line: index + 1,
    product_id: line.product.id,
    seller_id: line.product.seller_id,
    name: line.product.name,
    kind: line.product.kind,
    quantity: openQuantity(line),
    unit_price_minor: line.product.price_minor,
    vat_basis_points: line.product.vat_basis_points ?? tenant.vat_basis_points,
    ...priceLine(line.product.price_minor, openQuantity(line), tenant.fee_basis_points),
  }));
  return { kind: 'basket', amount_minor: items.reduce((sum, item) => sum + item.amount_minor, 0), currency: lines[0]?.product.currency ?? '', items };
}

function refuseBasket(basket: readonly BasketLine[], lines: readonly BasketLine[]): Refusal | undefined {
  if (basket.length === 0) return { refused: 'basket_empty', detail: 'There is nothing in the basket.' };
  if (lines.length === 0) return { refused: 'payment_in_progress', detail: 'Everything in the basket is being paid already. Wait for that purchase, or cancel it.' };
  const currencies = new Set(lines.map(({ product }) => product.currency));
  if (currencies.size > 1) return { refused: 'mixed_currencies', detail: `In the basket: ${[...currencies].toSorted().join(', ')}. One payment can only be in one currency.` };
  const short = lines.find(isOutOfStock);
  return short === undefined ? undefined : { refused: 'out_of_stock', detail: `There are only ${short.product.stock ?? 0} of ${short.product.name}.` };
}

function refuseAmount({ amount_minor, currency }: Bought, request: PurchaseRequest): Refusal | undefined {
  if (amount_minor > maxAmountMinor) return { refused: 'invalid_request', detail: 'The price of all this is beyond what can be charged.' };
  if (amount_minor === 0) return { refused: 'nothing_to_pay', detail: 'It costs nothing, so there is nothing to pay.' };
  const { amountMinor = amount_minor, currency: wanted = currency } = request;
  if (amountMinor === amount_minor && wanted === currency) return undefined;
  return { refused: 'amount_mismatch', detail: `To be paid: ${amount_minor} ${currency} in minor units; not ${amountMinor} ${wanted}.` };
}
