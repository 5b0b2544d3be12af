/** An order's first row: what it costs is fixed here, and what can be refused already is refused here. */
import type { Kysely } from 'kysely';
import { isRefusal, type Refusal } from '../../../contracts/failures.ts';
import { paymentOfOrder, type OrderRequest } from '../../../contracts/orders/flow.ts';
import type { OrderState, ShipTo } from '../../../contracts/orders/schemas.ts';
import { maxAmountMinor } from '../../../contracts/values.ts';
import type { Carrier } from '../../shipping/carrier.ts';
import type { Database } from '../schema.ts';
import { draftOrder, type Draft } from './draft.ts';
import { inOrder, parcelOf, selectItems, selectOrder, toOrderState, updateOrder, type OrderRef, type OrderRow } from './rows.ts';

export interface NewOrder extends OrderRef {
  readonly request: OrderRequest;
  /** Needed when something of it is sent. */
  readonly shipTo?: ShipTo | undefined;
}

/** Idempotent: an order that exists is answered as it stands. */
export async function createOrder(db: Kysely<Database>, carrier: Carrier, { request, shipTo, ...ref }: NewOrder): Promise<OrderState | Refusal> {
  const known = await existing(db, ref, request);
  if (known !== undefined) return known;
  const draft = await draftNow(db, ref.tenantId, request);
  if (isRefusal(draft)) return draft;
  const ships = draft.lines.some((line) => line.ships);
  if (ships && shipTo === undefined) return { refused: 'invalid_request', detail: '`shipTo` is needed: something of this order is sent.' };
  const to = ships ? (shipTo ?? null) : null;
  const shippingMinor = await quoted(carrier, { ship_to: to, currency: draft.currency }, draft.lines);
  if (typeof shippingMinor !== 'number') return shippingMinor;
  const amountMinor = draft.itemsMinor + shippingMinor;
  const refusal = refuseAmount(amountMinor, draft.currency, request);
  if (refusal !== undefined) return refusal;

  return await db.transaction().execute(async (tx) => {
    const row = await tx
      .insertInto('orders')
      .values({
        tenant_id: ref.tenantId,
        id: ref.orderId,
        customer_id: request.customerId,
        status: 'pending',
        step: 'validation',
        reason: null,
        items_minor: draft.itemsMinor,
        shipping_minor: shippingMinor,
        amount_minor: amountMinor,
        currency: draft.currency,
        payment_id: paymentOfOrder(ref.orderId),
        gateway: request.gateway,
        method: request.method,
        ship_to: to === null ? null : JSON.stringify(to),
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
      .returningAll()
      .executeTakeFirst();
    // Another try of the same call was faster.
    if (row === undefined) return (await existing(tx, ref, request)) ?? reused(ref.orderId);
    await tx
      .insertInto('order_items')
      .values(draft.lines.map((line) => ({ tenant_id: ref.tenantId, order_id: ref.orderId, ...line })))
      .execute();
    return toOrderState(row);
  });
}

/**
 * The flow's own look, before money moves: time may have passed since the order was written down. What the customer
 * pays stays as it was quoted.
 * @returns the order as it was found: at `validation` when nobody has gone further with it before.
 */
export async function validateOrder(db: Kysely<Database>, carrier: Carrier, ref: OrderRef): Promise<OrderState | Refusal> {
  return await inOrder(db, ref, async (tx, row) => {
    if (row.status !== 'pending' || row.step !== 'validation') return toOrderState(row);
    const items = await selectItems(tx, ref);
    const asked = items.map(({ product_id, quantity }) => ({ productId: product_id, quantity }));
    const draft = await draftNow(tx, ref.tenantId, { items: asked });
    if (isRefusal(draft)) return draft;
    const shippingMinor = await quoted(carrier, row, items);
    if (typeof shippingMinor !== 'number') return shippingMinor;
    await updateOrder(tx, ref, { step: 'payment' });
    return toOrderState(row);
  });
}

async function draftNow(db: Kysely<Database>, tenantId: string, { items }: Pick<OrderRequest, 'items'>): Promise<Draft | Refusal> {
  const ids = items.map(({ productId }) => productId);
  const products = await db
    .selectFrom('products')
    .select(['id', 'name', 'kind', 'price_minor', 'currency', 'stock', 'weight_grams', 'vat_basis_points'])
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', ids)
    .execute();
  const { vat_basis_points } = await db.selectFrom('tenants').select('vat_basis_points').where('id', '=', tenantId).executeTakeFirstOrThrow();
  return draftOrder(products, items, vat_basis_points);
}

/** @returns minor units. */
async function quoted(carrier: Carrier, order: Pick<OrderRow, 'ship_to' | 'currency'>, lines: Draft['lines']): Promise<number | Refusal> {
  const parcel = parcelOf(order, lines);
  if (parcel === undefined) return 0;
  const quote = await carrier.quote(parcel);
  return isRefusal(quote) ? quote : quote.priceMinor;
}

function refuseAmount(amountMinor: number, currency: string, request: OrderRequest): Refusal | undefined {
  if (amountMinor === 0) return { refused: 'nothing_to_pay', detail: 'All of it is free, so there is nothing to pay.' };
  if (amountMinor > maxAmountMinor) return { refused: 'invalid_request', detail: 'The price of all this is beyond what can be charged.' };
  if ((request.amountMinor ?? amountMinor) === amountMinor && (request.currency ?? currency) === currency) return undefined;
  return { refused: 'amount_mismatch', detail: `To be paid: ${amountMinor} ${currency} in minor units; not ${request.amountMinor ?? amountMinor} ${request.currency ?? currency}.` };
}

async function existing(db: Kysely<Database>, ref: OrderRef, request: OrderRequest): Promise<OrderState | Refusal | undefined> {
  const row = await selectOrder(db, ref);
  if (row === undefined) return undefined;
  const items = await selectItems(db, ref);
  const same =
    row.customer_id === request.customerId &&
    items.length === request.items.length &&
    items.every(({ product_id, quantity }) => request.items.some((item) => item.productId === product_id && item.quantity === quantity));
  return same ? toOrderState(row) : reused(ref.orderId);
}

const reused = (orderId: string): Refusal => ({ refused: 'order_id_reused', detail: `${orderId} belongs to another request.` });
