import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newPurchaseId, type BookingView, type PurchaseView } from '../../client/index.ts';
import { bookingMessages } from '../../contracts/bookings/flow.ts';
import { bookingWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import { purchaseMessages, type PurchaseInput } from '../../contracts/purchases/flow.ts';
import type { PutProduct } from '../../contracts/products.ts';
import { queueOfWorkflow } from '../../contracts/task-queues.ts';
import { findBasket, putBasketItem } from '../../services/database/baskets.ts';
import { findBooking } from '../../services/database/bookings/queries.ts';
import { releaseBooking } from '../../services/database/bookings/transitions.ts';
import { listNotifications } from '../../services/database/notifications.ts';
import { extendPayBy } from '../../services/database/payments/begin.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { listInventoryStatistics, refreshInventoryStatistics } from '../../services/database/purchases/inventory.ts';
import { findPurchase, findSellerBalance } from '../../services/database/purchases/queries.ts';
import { findResource } from '../../services/database/resources.ts';
import { createResource, createTenant, someCar, someRoom } from '../support/database.ts';
import { eventually, request } from '../support/http.ts';
import { balancesOf, executedOf, movementsOf } from '../support/money-seen.ts';
import { orphansOf } from '../support/orphans.ts';
import { startWorld, type World } from '../support/world.ts';

const visa = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const declined = { gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' } as const;
const strong = { gateway: 'stripe', method: 'pm_card_authenticationRequired' } as const;

let world: World;
// A tenant of each run's own: what the one before has sold is nobody's business here.
beforeAll(async () => void (world = await startWorld(`purchase-flows-${Date.now().toString(36)}`)));
beforeEach(async () => await world.sandbox.clearFaults());
afterAll(async () => await world.close());

let made = 0;
/** Nobody and nothing that another test knows. */
const fresh = (name: string): string => `${name}-${process.pid}-${(made += 1)}`;

async function product(more: Partial<PutProduct> = {}): Promise<string> {
  const id = fresh('product');
  await putProduct(world.databases.write, world.tenantId, id, { sellerId: fresh('seller'), name: `The ${id}`, kind: 'digital', price: 1_999, currency: 'EUR', ...more });
  return id;
}

async function basketOf(items: Readonly<Record<string, number>>, customerId = fresh('customer')): Promise<string> {
  for (const [id, quantity] of Object.entries(items)) await putBasketItem(world.databases.write, world.tenantId, customerId, id, quantity);
  return customerId;
}

async function heldCar(customerId = fresh('customer')): Promise<{ bookingId: string; resourceId: string; customerId: string }> {
  const resourceId = await createResource(world.databases, world.tenantId, someCar);
  const { id } = await world.holdfast.bookings.book({ resourceId, customerId });
  return { bookingId: id, resourceId, customerId };
}

const stored = async (id: string): Promise<PurchaseView | undefined> => await findPurchase(world.databases.write, world.tenantId, id);
const booking = async (id: string): Promise<BookingView | undefined> => await findBooking(world.databases.write, world.tenantId, id);
const inBasket = async (customerId: string): Promise<Record<string, number>> =>
  Object.fromEntries((await findBasket(world.databases.write, world.tenantId, customerId)).items.map(({ productId, quantity }) => [productId, quantity]));
const notices = async (subjectId: string): Promise<string[]> =>
  (await listNotifications(world.databases.write, world.tenantId, { limit: 200 })).items.filter((item) => item.subjectId === subjectId).map(({ audience, template }) => `${template} → ${audience}`).toSorted();

/** The end of a purchase, as the database has it: waiting for the flow itself would move its clock. */
const ended = async (id: string): Promise<PurchaseView> =>
  await eventually(`the end of ${id}`, async () => {
    const purchase = await stored(id);
    return purchase !== undefined && purchase.status !== 'pending' && purchase.status !== 'undoing' && purchase;
  });

const payerActs = async (purchase: PurchaseView, outcome: 'approve' | 'refuse'): Promise<void> => {
  const page = await eventually('the page', async () => (await stored(purchase.id))?.payment?.redirectUrl);
  const { status } = await request(page, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ outcome }) });
  expect(status).toBeLessThan(400);
  await world.holdfast.payments.gatewayEvent(purchase.paymentId);
};

describe('a basket', () => {
  test('is bought: sellers are owed their share, stock and basket shrink, downloads are there, and everybody is told', async () => {
    const [album, mug] = [await product({ sellerId: 'anna', price: 1_995 }), await product({ sellerId: 'bert', kind: 'physical', weightGrams: 300, price: 850, stock: 10 })];
    const later = await product();
    const customerId = await basketOf({ [album]: 1, [mug]: 3 });
    const begun = await world.holdfast.purchases.buy({ customerId, ...visa, amount: 4_545, currency: 'EUR' });
    expect(begun).toMatchObject({ kind: 'basket', status: 'pending', amount: 4_545, currency: 'EUR' });
    await putBasketItem(world.databases.write, world.tenantId, customerId, later, 2);
    expect(await ended(begun.id)).toMatchObject({
      status: 'completed',
      payment: { status: 'settled' },
      items: [{ productId: album, amount: 1_995, fee: 200 }, { productId: mug, quantity: 3, amount: 2_550, fee: 255 }],
      downloads: [{ productId: album, downloadsLeft: 5 }],
    });
    expect(await movementsOf(world, begun.paymentId)).toEqual({ 'gateway:stripe': 4_545, 'seller:anna': -1_795, 'seller:bert': -2_295, fees: -455 });
    expect(await findSellerBalance(world.databases.write, world.tenantId, 'anna')).toEqual({ sellerId: 'anna', balances: [{ currency: 'EUR', amount: 1_795 }] });
    expect(await findProduct(world.databases.write, world.tenantId, mug)).toMatchObject({ stock: 7, sold: 3 });
    expect(await findProduct(world.databases.write, world.tenantId, album)).toMatchObject({ sold: 1 });
    expect(await inBasket(customerId)).toEqual({ [later]: 2 });
    expect(await notices(begun.id)).toEqual(['item_sold → seller', 'item_sold → seller', 'purchase_completed → customer']);
    expect(await executedOf(world, begun.paymentId)).toEqual(['charge 4545']);
    await eventually('the invoice', async () => (await world.databases.write.selectFrom('invoices').select('id').where('subject_id', '=', begun.id).execute()).length === 1);
  });

  test('keeps what was put in while it was being paid, also more of the same', async () => {
    const album = await product();
    const customerId = await basketOf({ [album]: 2 });
    const begun = await world.holdfast.purchases.buy({ customerId, ...strong });
    await putBasketItem(world.databases.write, world.tenantId, customerId, album, 5);
    await payerActs(begun, 'approve');
    expect(await ended(begun.id)).toMatchObject({ status: 'completed', amount: 3_998 });
    expect(await inBasket(customerId)).toEqual({ [album]: 3 });
  });

  test('costs what it cost when it was bought, whatever the price is when it is paid', async () => {
    const album = await product({ price: 1_000 });
    const customerId = await basketOf({ [album]: 1 });
    const begun = await world.holdfast.purchases.buy({ customerId, ...strong });
    await putProduct(world.databases.write, world.tenantId, album, { sellerId: 'anna', name: 'Dearer', kind: 'digital', price: 9_000, currency: 'EUR' });
    await payerActs(begun, 'approve');
    expect(await ended(begun.id)).toMatchObject({ status: 'completed', amount: 1_000, items: [{ unitPrice: 1_000 }] });
    expect(await executedOf(world, begun.paymentId)).toContain('charge 1000');
  });

  test('is not bought twice by two clicks, but what was added to it is', async () => {
    const [album, book] = [await product(), await product({ price: 500 })];
    const customerId = await basketOf({ [album]: 1 });
    const first = await world.holdfast.purchases.buy({ customerId, ...strong });
    await expect(world.holdfast.purchases.buy({ customerId, ...visa })).rejects.toMatchObject({ code: 'payment_in_progress' });
    await putBasketItem(world.databases.write, world.tenantId, customerId, book, 1);
    const second = await world.holdfast.purchases.buy({ customerId, ...visa });
    expect(await ended(second.id)).toMatchObject({ status: 'completed', amount: 500 });
    await world.holdfast.purchases.cancel(first.id);
    expect(await ended(first.id)).toMatchObject({ status: 'cancelled' });
    expect(await inBasket(customerId)).toEqual({ [album]: 1 });
  });

  test('that is declined stays as it is, and the customer and the administrators are told', async () => {
    const album = await product({ stock: 4 });
    const customerId = await basketOf({ [album]: 1 });
    const { id } = await world.holdfast.purchases.buy({ customerId, ...declined });
    const purchase = await ended(id);
    expect(purchase).toMatchObject({ status: 'failed', reason: 'insufficient_funds', payment: { status: 'failed', failure: { code: 'insufficient_funds' } } });
    expect(await inBasket(customerId)).toEqual({ [album]: 1 });
    expect(await findProduct(world.databases.write, world.tenantId, album)).toMatchObject({ stock: 4, sold: 0 });
    expect(await movementsOf(world, purchase.paymentId)).toEqual({});
    expect(await notices(id)).toEqual(['purchase_failed → administrators', 'purchase_failed → customer']);
  });

  test('whose goods are gone when the money comes is refunded', async () => {
    const mug = await product({ kind: 'physical', weightGrams: 300, stock: 1 });
    const customerId = await basketOf({ [mug]: 1 });
    const begun = await world.holdfast.purchases.buy({ customerId, ...strong });
    const quicker = await world.holdfast.purchases.buy({ customerId: await basketOf({ [mug]: 1 }), ...visa });
    expect(await ended(quicker.id)).toMatchObject({ status: 'completed' });
    await payerActs(begun, 'approve');
    const purchase = await ended(begun.id);
    expect(purchase).toMatchObject({ status: 'failed', reason: 'out_of_stock', payment: { status: 'refunded' } });
    expect(await executedOf(world, purchase.paymentId)).toEqual(['charge 1999', 'refund 1999']);
    expect(await movementsOf(world, purchase.paymentId)).toEqual({});
    expect(await findProduct(world.databases.write, world.tenantId, mug)).toMatchObject({ stock: 0, sold: 1 });
    expect(await inBasket(customerId)).toEqual({ [mug]: 1 });
    expect(await notices(begun.id)).toEqual(['purchase_failed → administrators', 'purchase_failed → customer']);
  });

  test('of which the last pieces are wanted by many at once is sold as often as there are pieces, and the others are refunded', async () => {
    const mug = await product({ kind: 'physical', weightGrams: 300, price: 700, stock: 3 });
    const other = await product({ kind: 'physical', weightGrams: 300, price: 300, stock: 100 });
    const customers = await Promise.all(Array.from({ length: 6 }, async () => await basketOf({ [mug]: 1, [other]: 1 })));
    const begun = await Promise.allSettled(customers.map(async (customerId) => await world.holdfast.purchases.buy({ customerId, ...visa })));
    const purchases = await Promise.all(begun.flatMap((one) => (one.status === 'fulfilled' ? [ended(one.value.id)] : [])));
    expect(purchases.filter(({ status }) => status === 'completed')).toHaveLength(3);
    for (const lost of purchases.filter(({ status }) => status !== 'completed')) {
      expect(lost).toMatchObject({ status: 'failed', reason: 'out_of_stock' });
      expect(await movementsOf(world, lost.paymentId)).toEqual({});
    }
    expect(await findProduct(world.databases.write, world.tenantId, mug)).toMatchObject({ stock: 0, sold: 3 });
    expect(await findProduct(world.databases.write, world.tenantId, other)).toMatchObject({ stock: 97, sold: 3 });
  });
});

describe('a held vehicle', () => {
  test('is bought by its holder: sold, owned, confirmed, counted and invoiced', async () => {
    const { bookingId, resourceId, customerId } = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...visa });
    expect(await ended(begun.id)).toMatchObject({ kind: 'vehicle', bookingId, status: 'completed', amount: 1_200_000, payment: { status: 'settled' } });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed', reference: begun.paymentId });
    expect(await findResource(world.databases.write, world.tenantId, resourceId)).toMatchObject({ ownerId: customerId });
    expect(await movementsOf(world, begun.paymentId)).toEqual({ 'gateway:stripe': 1_200_000, revenue: -1_200_000 });
    expect(await notices(begun.id)).toEqual(['purchase_completed → customer']);
    await eventually('the statistics', async () => ((await listInventoryStatistics(world.databases.write, world.tenantId)).find(({ kind }) => kind === 'vehicle')?.sold ?? 0) > 0);
    await eventually('the invoice', async () => (await world.databases.write.selectFrom('invoices').select('id').where('subject_id', '=', begun.id).execute()).length === 1);
    // The flow of the booking was told, so it does not wait for the end of a hold that is none any more.
    await eventually('the end of the booking flow', async () => (await world.client.workflow.getHandle(bookingWorkflowId(bookingId)).describe()).status.name === 'COMPLETED');
    await expect(world.holdfast.purchases.buy({ customerId, bookingId, ...visa })).rejects.toMatchObject({ code: 'already_paid' });
  });

  test('that is declined is free again, and the customer and the administrators are told', async () => {
    const { bookingId, resourceId, customerId } = await heldCar();
    const { id } = await world.holdfast.purchases.buy({ customerId, bookingId, ...declined });
    expect(await ended(id)).toMatchObject({ status: 'failed', reason: 'insufficient_funds' });
    expect(await booking(bookingId)).toMatchObject({ status: 'released', reason: 'payment_failed' });
    expect(await notices(id)).toEqual(['purchase_failed → administrators', 'purchase_failed → customer']);
    expect(await world.holdfast.bookings.book({ resourceId, customerId: fresh('customer') })).toMatchObject({ status: 'held' });
  });

  test('whose hold ended while it was being paid is taken again when it is free', async () => {
    const { bookingId, resourceId, customerId } = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...strong });
    await eventually('the page', async () => (await stored(begun.id))?.payment?.redirectUrl);
    await releaseBooking(world.databases.write, world.tenantId, bookingId, 'expired', 'held-only');
    await payerActs(begun, 'approve');
    expect(await ended(begun.id)).toMatchObject({ status: 'completed' });
    expect(await booking(bookingId)).toMatchObject({ status: 'confirmed' });
    expect(await findResource(world.databases.write, world.tenantId, resourceId)).toMatchObject({ ownerId: customerId });
  });

  test('whose hold ended and that somebody else holds by then is not had for the money, which is refunded', async () => {
    const { bookingId, resourceId, customerId } = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...strong });
    await eventually('the page', async () => (await stored(begun.id))?.payment?.redirectUrl);
    await releaseBooking(world.databases.write, world.tenantId, bookingId, 'expired', 'held-only');
    const other = await world.holdfast.bookings.book({ resourceId, customerId: 'bob' });
    await payerActs(begun, 'approve');
    const purchase = await ended(begun.id);
    expect(purchase).toMatchObject({ status: 'failed', reason: 'resource_unavailable', payment: { status: 'refunded' } });
    expect(await movementsOf(world, purchase.paymentId)).toEqual({});
    expect(await booking(other.id)).toMatchObject({ status: 'held' });
    expect(await notices(begun.id)).toEqual(['purchase_failed → administrators', 'purchase_failed → customer']);
  });

  test('that is paid for by its booking is counted as sold, too', async () => {
    const sold = async (): Promise<number> => (await listInventoryStatistics(world.databases.write, world.tenantId)).find(({ kind }) => kind === 'vehicle')?.sold ?? 0;
    const { bookingId } = await heldCar();
    await refreshInventoryStatistics(world.databases.write, world.tenantId);
    const before = await sold();
    expect(await world.holdfast.payments.payBooking({ bookingId, ...visa })).toMatchObject({ status: 'settled' });
    expect(await sold()).toBe(before + 1);
  });

  test('whose hold is extended gives its payer as much more time', async () => {
    const { bookingId, customerId } = await heldCar();
    const { id, paymentId } = await world.holdfast.purchases.buy({ customerId, bookingId, ...strong });
    await eventually('the page', async () => (await stored(id))?.payment?.redirectUrl);
    await world.holdfast.bookings.extend(bookingId);
    expect(await extendPayBy(world.databases.write, { tenantId: world.tenantId, paymentId })).toMatchObject({ payBy: (await booking(bookingId))?.expiresAt });
    await world.holdfast.purchases.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  });

  test('that is sold stays sold when its booking is cancelled, and the flow says why', async () => {
    const { bookingId, resourceId, customerId } = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...visa });
    await ended(begun.id);
    const handle = world.client.workflow.getHandle(bookingWorkflowId(bookingId));
    await eventually('the end of the booking flow', async () => (await handle.describe()).status.name === 'COMPLETED');
    await world.holdfast.bookings.cancel(bookingId);
    expect(await handle.result()).toMatchObject({ status: 'confirmed', reference: begun.paymentId });
    expect(await handle.query(bookingMessages.progress)).toEqual({ percent: 100, step: expect.stringMatching(new RegExp(`^not cancelled: .* Refund payment ${begun.paymentId} first`)) });
    expect(await findResource(world.databases.write, world.tenantId, resourceId)).toMatchObject({ ownerId: customerId });
    expect(await movementsOf(world, begun.paymentId)).toEqual({ 'gateway:stripe': 1_200_000, revenue: -1_200_000 });
  });

  test('is bought once, however many purchases of it are tried', async () => {
    const { bookingId, customerId } = await heldCar();
    const first = await world.holdfast.purchases.buy({ customerId, bookingId, ...strong });
    await expect(world.holdfast.purchases.buy({ customerId, bookingId, ...visa })).rejects.toMatchObject({ code: 'payment_in_progress' });
    await payerActs(first, 'approve');
    expect(await ended(first.id)).toMatchObject({ status: 'completed' });
  });
});

describe('a cancel wish', () => {
  const undone = async (id: string, { bookingId, resourceId }: { bookingId: string; resourceId: string }): Promise<PurchaseView> => {
    const purchase = await ended(id);
    expect(purchase).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect(await movementsOf(world, purchase.paymentId)).toEqual({});
    expect(await booking(bookingId)).toMatchObject({ status: 'released', reason: 'cancelled' });
    expect(await findResource(world.databases.write, world.tenantId, resourceId)).not.toHaveProperty('ownerId');
    expect(await notices(id)).toEqual(['purchase_cancelled → administrators', 'purchase_cancelled → customer']);
    return purchase;
  };

  test('that comes before the payment keeps it from being made', async () => {
    const car = await heldCar();
    const purchaseId = newPurchaseId();
    const input: PurchaseInput = { tenantId: world.tenantId, purchaseId, request: { customerId: car.customerId, bookingId: car.bookingId, ...visa } };
    await world.client.workflow.signalWithStart('purchase', { workflowId: purchaseWorkflowId(purchaseId), taskQueue: queueOfWorkflow.purchase, args: [input], signal: purchaseMessages.cancel });
    const purchase = await undone(purchaseId, car);
    expect(await world.sandbox.journal(purchase.paymentId)).toEqual([]);
  });

  test('while the payer has a page open closes it', async () => {
    const car = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId: car.customerId, bookingId: car.bookingId, ...strong });
    await eventually('the page', async () => (await stored(begun.id))?.payment?.redirectUrl !== undefined);
    await world.holdfast.purchases.cancel(begun.id);
    expect(await executedOf(world, (await undone(begun.id, car)).paymentId)).toEqual(['cancel 0']);
  });

  test('while the money is being taken gives it back', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 });
    const car = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId: car.customerId, bookingId: car.bookingId, ...visa });
    await eventually('the charge', async () => (await executedOf(world, begun.paymentId)).length > 0);
    await world.holdfast.purchases.cancel(begun.id);
    expect(await executedOf(world, (await undone(begun.id, car)).paymentId)).toEqual(['charge 1200000', 'refund 1200000']);
  });

  test('by cancelling the workflow itself means the same', async () => {
    const car = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId: car.customerId, bookingId: car.bookingId, ...strong });
    await world.client.workflow.getHandle(purchaseWorkflowId(begun.id)).cancel();
    await undone(begun.id, car);
  });

  test('that comes when the goods are handed over changes nothing', async () => {
    const { bookingId, customerId } = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...visa });
    await ended(begun.id);
    await world.holdfast.purchases.cancel(begun.id);
    await eventually('the end of the flow', async () => (await world.client.workflow.getHandle(purchaseWorkflowId(begun.id)).describe()).status.name === 'COMPLETED');
    expect(await stored(begun.id)).toMatchObject({ status: 'completed', payment: { status: 'settled' } });
    expect(await executedOf(world, begun.paymentId)).toEqual(['charge 1200000']);
  });

  test('for a purchase whose flow was lost undoes it all the same', async () => {
    const car = await heldCar();
    const begun = await world.holdfast.purchases.buy({ customerId: car.customerId, bookingId: car.bookingId, ...strong });
    await eventually('the page', async () => (await stored(begun.id))?.payment?.redirectUrl !== undefined);
    await world.client.workflow.getHandle(purchaseWorkflowId(begun.id)).terminate('lost');
    await world.holdfast.purchases.cancel(begun.id);
    await undone(begun.id, car);
  });
});

describe('a purchase is refused, and nothing has happened,', () => {
  const refused = async (wanted: Parameters<World['holdfast']['purchases']['buy']>[0], code: string): Promise<void> => {
    const id = newPurchaseId();
    const before = await balancesOf(world.databases.write, world.tenantId);
    await expect(world.holdfast.purchases.buy({ ...wanted, id })).rejects.toMatchObject({ code });
    expect(await stored(id)).toBeUndefined();
    expect(await balancesOf(world.databases.write, world.tenantId)).toEqual(before);
  };

  test('to whoever does not hold the vehicle', async () => {
    const { bookingId } = await heldCar();
    await refused({ customerId: 'eve', bookingId, ...visa }, 'not_the_holder');
    expect(await booking(bookingId)).toMatchObject({ status: 'held' });
  });

  test('when the booking is none, has ended, or is of no vehicle', async () => {
    const { bookingId, customerId } = await heldCar();
    await world.holdfast.bookings.cancel(bookingId);
    await eventually('the release', async () => (await booking(bookingId))?.status === 'released');
    await refused({ customerId, bookingId, ...visa }, 'booking_not_held');
    await refused({ customerId, bookingId: 'bkg_nothing', ...visa }, 'booking_not_found');
    const room = await world.holdfast.bookings.book({ resourceId: await createResource(world.databases, world.tenantId, someRoom), customerId, from: '2031-05-01', to: '2031-05-02' });
    await refused({ customerId, bookingId: room.id, ...visa }, 'invalid_request');
  });

  test('when the amount or the currency is another', async () => {
    const { bookingId, customerId } = await heldCar();
    await refused({ customerId, bookingId, ...visa, amount: 1 }, 'amount_mismatch');
    await refused({ customerId, bookingId, ...visa, currency: 'USD' }, 'amount_mismatch');
  });

  test('when the basket is empty, costs nothing, has two currencies, or more than there is', async () => {
    await refused({ customerId: fresh('customer'), ...visa }, 'basket_empty');
    await refused({ customerId: await basketOf({ [await product({ price: 0 })]: 1 }), ...visa }, 'nothing_to_pay');
    await refused({ customerId: await basketOf({ [await product()]: 1, [await product({ currency: 'USD' })]: 1 }), ...visa }, 'mixed_currencies');
    await refused({ customerId: await basketOf({ [await product({ stock: 2 })]: 3 }), ...visa }, 'out_of_stock');
    await refused({ customerId: await basketOf({ [await product({ price: 1_000_000_000_000 })]: 2 }), ...visa }, 'invalid_request');
  });

  test('when the booking is being paid already', async () => {
    const { bookingId, customerId } = await heldCar();
    await world.holdfast.payments.payBooking({ bookingId, ...strong });
    await refused({ customerId, bookingId, ...visa }, 'payment_in_progress');
  });
});

describe('the flow', () => {
  test('buys the same id once, however often it is asked, and takes it for no other wish', async () => {
    const customerId = await basketOf({ [await product()]: 1 });
    const wanted = { id: newPurchaseId(), customerId, ...visa };
    await Promise.all([1, 2, 3].map(async () => await world.holdfast.purchases.buy(wanted)));
    const purchase = await ended(wanted.id);
    expect(await world.holdfast.purchases.buy(wanted)).toMatchObject({ status: 'completed' });
    expect(await executedOf(world, purchase.paymentId)).toEqual(['charge 1999']);
    await expect(world.holdfast.purchases.buy({ ...wanted, customerId: 'eve' })).rejects.toMatchObject({ code: 'purchase_id_reused' });
  });

  test('does not answer another tenant', async () => {
    const customerId = await basketOf({ [await product()]: 1 });
    const { id } = await world.holdfast.purchases.buy({ customerId, ...visa });
    await createTenant(world.databases, 'purchase-strangers');
    const stranger = world.holdfast.forTenant('purchase-strangers');
    await expect(stranger.purchases.get(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(stranger.purchases.cancel(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(stranger.purchases.buy({ customerId, ...visa })).rejects.toMatchObject({ code: 'basket_empty' });
    expect(await ended(id)).toMatchObject({ status: 'completed' });
  });

  test('tells its progress, never backwards, to whoever watches', async () => {
    const customerId = await basketOf({ [await product()]: 1 });
    const { id } = await world.holdfast.purchases.buy({ customerId, ...visa });
    const seen: number[] = [];
    for await (const { percent } of world.holdfast.purchases.watch(id)) seen.push(percent);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(100);
    expect(await world.holdfast.purchases.get(id)).toMatchObject({ status: 'completed' });
  });
});

// The three attempts of a step take 40 s, and the clock of the server stands still for them.
describe('when something is broken', () => {
  const patienceMs = 300_000;

  test('a refund that the gateway does not make is parked, and made when somebody resumes it', async () => {
    const { bookingId, customerId, resourceId } = await heldCar();
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 }, { party: 'stripe', kind: 'error', operation: 'refund' });
    const begun = await world.holdfast.purchases.buy({ customerId, bookingId, ...visa });
    await eventually('the charge', async () => (await executedOf(world, begun.paymentId)).length > 0);
    await world.holdfast.purchases.cancel(begun.id);
    await eventually('the release', async () => (await booking(bookingId))?.status === 'released');
    const handle = world.client.workflow.getHandle(purchaseWorkflowId(begun.id));
    await eventually('the undo to be parked', async () => (await handle.query(purchaseMessages.progress)).step.startsWith('give the money back'), patienceMs);
    expect(await stored(begun.id)).toMatchObject({ status: 'undoing', reason: 'cancelled' });
    await world.sandbox.clearFaults();
    await world.holdfast.purchases.resume(begun.id);
    const purchase = await ended(begun.id);
    expect(purchase).toMatchObject({ status: 'cancelled', payment: { status: 'refunded' } });
    expect(await executedOf(world, purchase.paymentId)).toEqual(['charge 1200000', 'refund 1200000']);
    expect(await movementsOf(world, purchase.paymentId)).toEqual({});
    expect(await world.holdfast.bookings.book({ resourceId, customerId: 'bob' })).toMatchObject({ status: 'held' });
  }, patienceMs);

  test('a handing over that fails three times is undone, and the flow ends as failed', async () => {
    const album = await product();
    const customerId = await basketOf({ [album]: 1 }, 'cursed');
    const db = world.databases.write;
    await sql`CREATE OR REPLACE FUNCTION curse_purchase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$`.execute(db);
    await sql`CREATE OR REPLACE TRIGGER cursed BEFORE UPDATE ON purchases FOR EACH ROW WHEN (NEW.customer_id = 'cursed' AND NEW.status = 'completed') EXECUTE FUNCTION curse_purchase()`.execute(db);
    try {
      const begun = await world.holdfast.purchases.buy({ customerId, ...visa });
      await expect(world.client.workflow.getHandle(purchaseWorkflowId(begun.id)).result()).rejects.toMatchObject({ cause: { type: 'database_unavailable' } });
      const purchase = await ended(begun.id);
      expect(purchase).toMatchObject({ status: 'failed', reason: 'database_unavailable', payment: { status: 'refunded' } });
      expect(await executedOf(world, purchase.paymentId)).toEqual(['charge 1999', 'refund 1999']);
      expect(await movementsOf(world, purchase.paymentId)).toEqual({});
      expect(await inBasket(customerId)).toEqual({ [album]: 1 });
    } finally {
      await sql`DROP TRIGGER cursed ON purchases`.execute(db);
      await sql`DROP FUNCTION curse_purchase()`.execute(db);
    }
  }, patienceMs);
});

test('nothing that has ended here has left anything behind', async () => {
  expect(await orphansOf(world)).toEqual([]);
});
