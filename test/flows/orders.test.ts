import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newOrderId, type OrderState, type OrderView, type PlaceOrderRequest } from '../../client/index.ts';
import { isRefusal } from '../../contracts/failures.ts';
import { orderWorkflowId, paymentWorkflowId } from '../../contracts/flows.ts';
import { paymentOfOrder, type OrderStep } from '../../contracts/orders/flow.ts';
import type { ShipTo } from '../../contracts/orders/schemas.ts';
import type { PutProduct } from '../../contracts/products.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { createOrder } from '../../services/database/orders/create.ts';
import { findOrder } from '../../services/database/orders/queries.ts';
import { findProduct, putProduct } from '../../services/database/products.ts';
import { createRateTableCarrier, luhnDigit } from '../../services/shipping/rate-table.ts';
import { eventually } from '../support/http.ts';
import { balancesOf } from '../support/money-seen.ts';
import { orphansOf } from '../support/orphans.ts';
import { payerDecides } from '../support/payer.ts';
import { startWorld, type World } from '../support/world.ts';

const home: ShipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };
const mug: PutProduct = { sellerId: 'own', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 };
const song: PutProduct = { sellerId: 'own', name: 'Song', kind: 'digital', price: 900, currency: 'EUR' };

/** Calls that nobody waits for; a connection must not be closed under them. */
const abandoned: Promise<unknown>[] = [];
let world: World;
beforeAll(async () => {
  world = await startWorld('order-flows');
  await installTroubles();
});
afterEach(async () => {
  await world.sandbox.clearFaults();
  await Promise.all(abandoned.splice(0));
});
afterAll(async () => {
  await sql`DROP TRIGGER IF EXISTS test_order_trouble ON orders`.execute(world.databases.write);
  await world.close();
});

/** A database that fails, or keeps waiting, at one step of one customer's orders. */
async function installTroubles(): Promise<void> {
  const db = world.databases.write;
  await sql`CREATE TABLE IF NOT EXISTS test_order_trouble (customer_id text PRIMARY KEY, step text NOT NULL, kind text NOT NULL)`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION test_order_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE trouble test_order_trouble;
    BEGIN
      SELECT * INTO trouble FROM test_order_trouble WHERE customer_id = NEW.customer_id AND step = CASE
        WHEN NEW.status IN ('undoing', 'cancelled', 'failed') THEN 'undo'
        WHEN NEW.status = 'completed' THEN 'warehouse'
        WHEN NEW.status = 'confirmed' THEN 'confirmation'
        WHEN OLD.step = 'shipping' THEN 'shipping'
        WHEN OLD.step = 'payment' THEN 'stock'
        ELSE 'validation' END;
      IF trouble.kind = 'fail' THEN RAISE EXCEPTION 'a test asked for this'; END IF;
      IF trouble.kind = 'wait' THEN PERFORM pg_advisory_xact_lock_shared(hashtext(NEW.customer_id)); END IF;
      RETURN NEW;
    END $$`.execute(db);
  await sql`CREATE OR REPLACE TRIGGER test_order_trouble BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION test_order_trouble()`.execute(db);
}

async function customerWithTrouble(step: OrderStep, kind: 'fail' | 'wait'): Promise<string> {
  const customerId = `${kind}-${randomUUID()}`;
  await sql`INSERT INTO test_order_trouble VALUES (${customerId}, ${step}, ${kind})`.execute(world.databases.write);
  return customerId;
}

async function product(body: PutProduct): Promise<string> {
  const id = `${body.kind}-${randomUUID()}`;
  await putProduct(world.databases.write, world.tenantId, id, body);
  return id;
}

interface Wanted {
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly customerId?: string;
  readonly method?: string;
  /** Whether its answer is waited for. */
  readonly answered?: boolean;
}

/** As the HTTP API does it: the row with its address first, then the flow. @returns the order's id. */
async function placeWithAddress({ items, customerId = 'ada', method = 'pm_card_visa', answered = true }: Wanted): Promise<string> {
  const orderId = newOrderId();
  const made = await createOrder(world.databases.write, createRateTableCarrier(), { tenantId: world.tenantId, orderId, request: { customerId, items, gateway: 'stripe', method }, shipTo: home });
  if (isRefusal(made)) throw new Error(made.detail);
  const begun = world.holdfast.orders.begin(orderId, customerId);
  // A validation that fails is tried for a minute, which nobody waits for.
  if (answered) await begun;
  else abandoned.push(begun.catch(() => undefined));
  await eventually('the flow', async () => await handle(orderId).describe().then(() => true, () => false));
  return orderId;
}

const handle = (id: string) => world.client.workflow.getHandle(orderWorkflowId(id));
const ended = async (id: string): Promise<unknown> => await handle(id).result();
const stored = async (id: string): Promise<OrderView | undefined> => await findOrder(world.databases.write, world.tenantId, id);
const stockOf = async (productId: string): Promise<number | undefined> => (await findProduct(world.databases.write, world.tenantId, productId))?.stock;
const balances = async (): Promise<unknown> => await balancesOf(world.databases.write, world.tenantId);
const labelOf = async (id: string): Promise<string> => (await handle(id).describe()).typedSearchAttributes.get(searchAttributes.status) ?? '';

async function noticesOf(id: string): Promise<string[]> {
  const rows = await world.databases.write.selectFrom('notifications').select(['template', 'audience']).where('tenant_id', '=', world.tenantId).where('subject_id', '=', id).execute();
  return rows.map(({ template, audience }) => `${template} to ${audience}`).toSorted();
}

const tasksOf = async (id: string): Promise<unknown[]> => (await world.databases.write.selectFrom('warehouse_tasks').select('lines').where('tenant_id', '=', world.tenantId).where('order_id', '=', id).execute()).map(({ lines }) => lines);

describe('an order', () => {
  test('is paid, put aside, labelled, confirmed and handed to the warehouse', async () => {
    const [productId, extra] = [await product(mug), await product(song)];
    const id = await placeWithAddress({ items: [{ productId, quantity: 2 }, { productId: extra, quantity: 1 }] });
    expect(await ended(id)).toMatchObject({ id, status: 'completed', ships: true });
    const order = await stored(id);
    expect(order).toMatchObject({ status: 'completed', step: 'warehouse', shipping: 590, amount: 2 * 1_500 + 900 + 590, currency: 'EUR', payment: { status: 'settled' }, shipment: { status: 'labelled', service: 'small-parcel', price: 590 } });
    expect(order?.items).toMatchObject([{ productId, quantity: 2, amount: 3_000, ships: true }, { productId: extra, amount: 900, ships: false }]);
    const [, digits = '', check] = /^HF(\d{19})(\d)$/.exec(order?.shipment?.tracking ?? '') ?? [];
    expect(Number(check)).toBe(luhnDigit(digits));
    expect(await stockOf(productId)).toBe(8);
    expect(await findProduct(world.databases.write, world.tenantId, productId)).toMatchObject({ sold: 2 });
    expect(await tasksOf(id)).toEqual([[{ productId, name: 'Mug', quantity: 2 }]]);
    expect(await noticesOf(id)).toEqual(['order_confirmed to customer']);
    expect(await labelOf(id)).toBe('completed');
    const revenue = await world.databases.write.selectFrom('ledger_entries').select('amount_minor').where('transaction_id', '=', `${paymentOfOrder(id)}:settle`).where('account', '=', 'revenue').execute();
    expect(revenue).toEqual([{ amount_minor: -4_490 }]);
  });

  test('of which nothing is sent needs no address, no label and no warehouse', async () => {
    const productId = await product(song);
    const placed = await world.holdfast.orders.place({ customerId: 'ada', items: [{ productId, quantity: 3 }], gateway: 'stripe', method: 'pm_card_visa', amount: 2_700, currency: 'EUR' });
    expect(await ended(placed.id)).toMatchObject({ status: 'completed', ships: false, shipping: 0, amount: 2_700 });
    expect(await tasksOf(placed.id)).toEqual([]);
    expect((await stored(placed.id))?.shipment).toBeUndefined();
  });

  test('placed again under its id is one order, and one payment', async () => {
    const productId = await product(song);
    const wanted: PlaceOrderRequest = { id: newOrderId(), customerId: 'ada', items: [{ productId, quantity: 1 }], gateway: 'stripe', method: 'pm_card_visa' };
    const id = wanted.id ?? '';
    await Promise.all([world.holdfast.orders.place(wanted), world.holdfast.orders.place(wanted)]);
    await ended(id);
    expect(await world.holdfast.orders.place(wanted)).toMatchObject({ id, status: 'completed' });
    await expect(world.holdfast.orders.place({ ...wanted, items: [{ productId, quantity: 2 }] })).rejects.toMatchObject({ code: 'order_id_reused' });
    expect((await world.sandbox.journal(paymentOfOrder(id))).filter(({ operation }) => operation === 'charge')).toHaveLength(1);
  });

  test('keeps its address, and everything personal, out of every history', async () => {
    const id = await placeWithAddress({ items: [{ productId: await product(mug), quantity: 1 }] });
    await ended(id);
    for (const workflowId of [orderWorkflowId(id), paymentWorkflowId(paymentOfOrder(id))]) {
      const history = JSON.stringify(await world.client.workflow.getHandle(workflowId).fetchHistory(), (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value));
      expect(history).toContain(id);
      for (const personal of [home.name, home.line1, home.postcode]) expect(history).not.toContain(personal);
    }
  });
});

describe('an order is refused at once', () => {
  const place = async (items: readonly { productId: string; quantity: number }[], more: object = {}): Promise<OrderState> =>
    await world.holdfast.orders.place({ customerId: 'ada', items: [...items], gateway: 'stripe', method: 'pm_card_visa', ...more });

  test.each<[string, () => Promise<OrderState>]>([
    ['product_not_found', async () => await place([{ productId: 'nothing', quantity: 1 }])],
    ['out_of_stock', async () => await place([{ productId: await product({ ...song, stock: 1 }), quantity: 2 }])],
    ['mixed_currencies', async () => await place([{ productId: await product(song), quantity: 1 }, { productId: await product({ ...song, currency: 'USD' }), quantity: 1 }])],
    ['amount_mismatch', async () => await place([{ productId: await product(song), quantity: 1 }], { amount: 899 })],
    ['amount_mismatch', async () => await place([{ productId: await product(song), quantity: 1 }], { currency: 'USD' })],
    ['nothing_to_pay', async () => await place([{ productId: await product({ ...song, price: 0 }), quantity: 1 }])],
    ['invalid_request', async () => await place([{ productId: await product(mug), quantity: 1 }])],
    ['invalid_request', async () => await place([])],
    ['invalid_request', async () => await place([{ productId: await product({ ...song, price: 1_000_000_000_000 }), quantity: 2 }])],
  ])('%s', async (code, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code });
  });

  test.each([
    ['too heavy', { ...mug, weightGrams: 31_501 }, home],
    ['in a currency without prices', { ...mug, currency: 'JPY' }, home],
  ])('when no carrier takes it: %s', async (_, body, shipTo) => {
    const request = { customerId: 'ada', items: [{ productId: await product(body), quantity: 1 }], gateway: 'stripe', method: '' } as const;
    expect(await createOrder(world.databases.write, createRateTableCarrier(), { tenantId: world.tenantId, orderId: newOrderId(), request, shipTo })).toMatchObject({ refused: 'shipping_unavailable' });
  });
});

describe('an order that cannot be carried out is undone', () => {
  test('when the payment is declined', async () => {
    const [productId, before] = [await product(mug), await balances()];
    const id = await placeWithAddress({ items: [{ productId, quantity: 2 }], method: 'pm_card_chargeDeclinedInsufficientFunds' });
    expect(await ended(id)).toMatchObject({ status: 'failed', step: 'payment', reason: 'insufficient_funds' });
    expect(await noticesOf(id)).toEqual(['order_failed to administrators', 'order_failed to customer']);
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
  });

  test('when others were faster: of ten orders for three pieces three are completed, and the others get their money back', async () => {
    const [productId, before] = [await product({ ...song, stock: 3 }), await balances()];
    const ids = await Promise.all(Array.from({ length: 10 }, async () => (await world.holdfast.orders.place({ customerId: 'ada', items: [{ productId, quantity: 1 }], gateway: 'stripe', method: 'pm_card_authenticationRequired' })).id));
    // All wait for their payers, so all have passed the look at the stock.
    await Promise.all(ids.map(async (id) => {
      const redirectUrl = await eventually('a page for the payer', async () => (await stored(id))?.payment?.redirectUrl);
      await approve(redirectUrl);
      await world.holdfast.payments.gatewayEvent(paymentOfOrder(id));
    }));
    // Not by waiting for their results, which would move the server's clock from ten sides at once.
    const over = async (id: string): Promise<OrderView | undefined> => {
      const order = await stored(id);
      return order?.status === 'completed' || order?.status === 'failed' ? order : undefined;
    };
    const results = await Promise.all(ids.map(async (id) => await eventually('the end of the order', async () => await over(id), 50_000)));
    expect(results.filter(({ status }) => status === 'completed')).toHaveLength(3);
    expect(results.filter(({ status, reason }) => status === 'failed' && reason === 'out_of_stock')).toHaveLength(7);
    expect(await stockOf(productId)).toBe(0);
    expect(changesOf(before, await balances())).toEqual({ 'gateway:stripe': 2_700, revenue: -2_700 });
  });

  test('when the carrier does not take it any more', async () => {
    const customerId = await customerWithTrouble('stock', 'wait');
    const [productId, before] = [await product(mug), await balances()];
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 1 }], customerId }), async (order) => {
      await world.databases.write.updateTable('order_items').set({ weight_grams: 50_000 }).where('order_id', '=', order).execute();
    });
    expect(await ended(id)).toMatchObject({ status: 'failed', step: 'shipping', reason: 'shipping_unavailable' });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
  });

  test('when its money is given back by somebody else before it is confirmed', async () => {
    const customerId = await customerWithTrouble('shipping', 'wait');
    const [productId, before] = [await product(mug), await balances()];
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => {
      await world.holdfast.payments.refund(paymentOfOrder(order));
      await eventually('the refund', async () => (await stored(order))?.payment?.status === 'refunded');
    });
    expect(await ended(id)).toMatchObject({ status: 'failed', step: 'confirmation', reason: 'payment_closed' });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
    expect((await world.sandbox.journal(paymentOfOrder(id))).filter(({ operation }) => operation === 'refund')).toHaveLength(1);
  });

  // Together: an activity's pauses between attempts (10 and 30 s) are the one thing whose time is not skipped.
  test('when the database fails, whichever step it is at', async () => {
    const before = await balances();
    const steps: OrderStep[] = ['validation', 'stock', 'shipping', 'confirmation', 'warehouse'];
    await Promise.all(
      steps.map(async (step) => {
        const customerId = await customerWithTrouble(step, 'fail');
        const productId = await product(mug);
        const id = await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId, answered: step !== 'validation' });
        await expect(ended(id)).rejects.toMatchObject({ cause: { type: 'database_unavailable' } });
        expect(await stored(id)).toMatchObject({ status: 'failed', step, reason: 'database_unavailable' });
        expect((await stored(id))?.shipment?.status).toBe(step === 'confirmation' || step === 'warehouse' ? 'voided' : undefined);
        expect([await stockOf(productId), await tasksOf(id)]).toEqual([10, []]);
        expect(await noticesOf(id)).toEqual(expect.arrayContaining(['order_failed to administrators', 'order_failed to customer']));
        expect(await labelOf(id)).toBe('failed');
      }),
    );
    expect(await balances()).toEqual(before);
  }, 300_000);
});

describe('an order is cancelled', () => {
  test.each([
    ['the cancel signal', async (id: string) => await world.holdfast.orders.cancel(id)],
    ['cancelling the workflow itself', async (id: string) => void (await handle(id).cancel())],
  ])('while the payer is away, by %s', async (_, cancel) => {
    const [productId, before] = [await product(mug), await balances()];
    const id = await placeWithAddress({ items: [{ productId, quantity: 2 }], method: 'pm_card_authenticationRequired' });
    await eventually('a page for the payer', async () => (await stored(id))?.payment?.redirectUrl);
    await cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect(await stored(id)).toMatchObject({ payment: { status: 'failed', failure: { code: 'cancelled' } } });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
    expect(await noticesOf(id)).toEqual(['order_cancelled to administrators', 'order_cancelled to customer']);
  });

  test('while the gateway is taking the money, which is given back', async () => {
    await world.sandbox.faults({ party: 'stripe', kind: 'delay', operation: 'authorise', when: 'after', delayMs: 2_500, times: 1 });
    const [productId, before] = [await product(mug), await balances()];
    const id = await placeWithAddress({ items: [{ productId, quantity: 2 }] });
    await eventually('the gateway to have it', async () => (await world.sandbox.journal(paymentOfOrder(id))).length > 0);
    await world.holdfast.orders.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
    const operations = (await world.sandbox.journal(paymentOfOrder(id))).map(({ operation }) => operation);
    expect(operations.filter((operation) => operation === 'refund')).toHaveLength(1);
  });

  test.each<OrderStep>(['validation', 'stock', 'shipping', 'confirmation'])('during the step %s, which is finished and then undone', async (step) => {
    const customerId = await customerWithTrouble(step, 'wait');
    const [productId, before] = [await product(mug), await balances()];
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => await world.holdfast.orders.cancel(order));
    expect(await ended(id)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    expect((await stored(id))?.shipment?.status).not.toBe('labelled');
    expect([await stockOf(productId), await balances(), await tasksOf(id)]).toEqual([10, before, []]);
  });

  test('too late when the warehouse is getting it', async () => {
    const customerId = await customerWithTrouble('warehouse', 'wait');
    const productId = await product(mug);
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => await world.holdfast.orders.cancel(order));
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    expect(await stockOf(productId)).toBe(8);
  });
});

describe('an undo that cannot be finished', () => {
  test('is parked where operators see it, told once, and finished when it is resumed', async () => {
    const [productId, before] = [await product({ ...mug, stock: 10 }), await balances()];
    const customerId = await customerWithTrouble('shipping', 'wait');
    await world.sandbox.faults({ party: 'stripe', kind: 'error', operation: 'refund' });
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => await world.holdfast.orders.cancel(order));
    // Not by waiting for its result: that would move the clock, past the end of a flow that waits for a person.
    await eventually('the order to be parked', async () => (await labelOf(id)) === 'parked', 120_000);
    expect(await stored(id)).toMatchObject({ status: 'undoing', reason: 'cancelled', shipment: { status: 'voided' } });
    // What could be undone is: the goods are free while the money waits.
    expect(await stockOf(productId)).toBe(10);
    expect((await handle(id).query('progress'))).toMatchObject({ step: expect.stringMatching(/^Parked: the payment could not be undone/) });
    await eventually('the administrators to be told', async () => (await noticesOf(id)).includes('compensation_parked to administrators'));
    await world.sandbox.clearFaults();
    await world.holdfast.orders.resume(id);
    await eventually('the end', async () => (await stored(id))?.status === 'cancelled');
    expect(await stored(id)).toMatchObject({ status: 'cancelled', payment: { status: 'refunded' } });
    expect(await balances()).toEqual(before);
    expect(await noticesOf(id)).toEqual(['compensation_parked to administrators', 'order_cancelled to administrators', 'order_cancelled to customer']);
  }, 300_000);
});

describe('an order whose flow was ended by force', () => {
  test('is undone by another run when it is cancelled', async () => {
    const customerId = await customerWithTrouble('shipping', 'wait');
    const [productId, before] = [await product(mug), await balances()];
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => void (await handle(order).terminate()));
    expect(await stockOf(productId)).toBe(8);
    await world.holdfast.orders.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
  });

  test('is carried on by another run when it is resumed', async () => {
    const customerId = await customerWithTrouble('shipping', 'wait');
    const productId = await product(mug);
    const id = await whileWaiting(customerId, async () => await placeWithAddress({ items: [{ productId, quantity: 2 }], customerId }), async (order) => void (await handle(order).terminate()));
    await world.holdfast.orders.resume(id);
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    expect(await stockOf(productId)).toBe(8);
    expect((await world.sandbox.journal(paymentOfOrder(id))).filter(({ operation }) => operation === 'charge')).toHaveLength(1);
  });

  const endedAtThePage = async (productId: string): Promise<string> => {
    const id = await placeWithAddress({ items: [{ productId, quantity: 2 }], method: 'pm_card_authenticationRequired' });
    await eventually('the page', async () => (await stored(id))?.payment?.redirectUrl !== undefined);
    await handle(id).terminate();
    await world.holdfast.orders.resume(id);
    await eventually('a wait for the payment', async () => (await world.client.workflow.getHandle(orderWorkflowId(id)).fetchHistory()).events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null));
    return id;
  };

  test('while the payer has a page open is carried on by another run when the payer has paid', async () => {
    const productId = await product(mug);
    const id = await endedAtThePage(productId);
    await payerDecides((await stored(id))?.payment ?? {}, 'approve');
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    expect(await stockOf(productId)).toBe(8);
    expect((await world.sandbox.journal(paymentOfOrder(id))).filter(({ operation }) => operation === 'charge')).toHaveLength(1);
  });

  test('while the payer has a page open can be cancelled in another run', async () => {
    const [productId, before] = [await product(mug), await balances()];
    const id = await endedAtThePage(productId);
    await world.holdfast.orders.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    expect(await stored(id)).toMatchObject({ reason: 'cancelled', payment: { status: 'failed' } });
    expect([await stockOf(productId), await balances()]).toEqual([10, before]);
  });
});

describe('another tenant', () => {
  test('cannot see, steer or take over an order', async () => {
    const id = await placeWithAddress({ items: [{ productId: await product(mug), quantity: 1 }], method: 'pm_card_authenticationRequired' });
    const stranger = world.holdfast.forTenant('order-stranger').orders;
    await expect(stranger.get(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(stranger.cancel(id)).rejects.toMatchObject({ code: 'flow_not_found' });
    await expect(stranger.begin(id, 'ada')).rejects.toMatchObject({ code: 'order_not_found' });
    await world.holdfast.orders.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  });
});

test('nothing that has ended here has left anything behind', async () => {
  expect(await orphansOf(world)).toEqual([]);
});

/** Begins an order, and does something in the moment in which it stands still at its customer's step. */
async function whileWaiting(customerId: string, begin: () => Promise<string>, act: (orderId: string) => Promise<void>): Promise<string> {
  return await world.databases.write.connection().execute(async (own) => {
    await sql`SELECT pg_advisory_lock(hashtext(${customerId}))`.execute(own);
    try {
      const begun = begin();
      const id = await eventually('the order', async () => (await world.databases.write.selectFrom('orders').select('id').where('customer_id', '=', customerId).executeTakeFirst())?.id);
      await eventually('the step', async () => {
        const { rows } = await sql<{ n: number }>`SELECT count(*)::integer AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = (hashtext(${customerId})::bigint & 4294967295)::oid`.execute(world.databases.write);
        return (rows[0]?.n ?? 0) > 0;
      });
      await act(id);
      await sql`SELECT pg_advisory_unlock(hashtext(${customerId}))`.execute(own);
      return await begun;
    } finally {
      await sql`SELECT pg_advisory_unlock_all()`.execute(own);
      await sql`DELETE FROM test_order_trouble WHERE customer_id = ${customerId}`.execute(own);
    }
  });
}

/** As the payer does it on the gateway's page. */
async function approve(redirectUrl: string): Promise<void> {
  const { status } = await fetch(redirectUrl, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'outcome=approve', redirect: 'manual' });
  if (status >= 400) throw new Error(`the payer's page answered ${status}`);
}

function changesOf(before: unknown, after: unknown): Record<string, number> {
  const amounts = (list: unknown): Map<string, number> => new Map((list as { account: string; amount: number }[]).map(({ account, amount }) => [account, amount]));
  const [old, now] = [amounts(before), amounts(after)];
  return Object.fromEntries([...new Set([...old.keys(), ...now.keys()])].map((account) => [account, (now.get(account) ?? 0) - (old.get(account) ?? 0)] as const).filter(([, change]) => change !== 0));
}
