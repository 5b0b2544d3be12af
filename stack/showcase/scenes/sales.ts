/** Scenes of a sale: a car, a basket of two sellers, an order that is sent, and a part of its price given back. */
import { newRefundId } from '../../../client/index.ts';
import { invoiceWorkflowId, orderWorkflowId, purchaseWorkflowId } from '../../../contracts/flows.ts';
import { invoiceView } from '../../../contracts/invoices/schemas.ts';
import { hasEnded } from '../../../contracts/orders/flow.ts';
import { orderView } from '../../../contracts/orders/schemas.ts';
import { accountBalance, maxBalances, ledgerEntryView } from '../../../contracts/payments/schemas.ts';
import { basketView, productView, sellerBalance } from '../../../contracts/products.ts';
import { purchaseView, type PurchaseView } from '../../../contracts/purchases/schemas.ts';
import { resourceView } from '../../../contracts/resources.ts';
import type { Flow, Run, Shop } from '../run.ts';
import { goodsForABasket, goodsToSend } from '../goods.ts';
import type { Stage } from '../stage.ts';
import { number, price } from '../words.ts';
import { goodCard, held, isPlayable, paymentFlow } from './payments.ts';

/** Longer than the flow waits before it asks a gateway that has told nothing. */
const patienceMs = 25_000;

/** A car: held, paid on the gateway's own page, and then the customer's. */
export async function carBought(run: Run, { garage, carForSale: car }: Stage): Promise<void> {
  run.view.scene(`${car.name}: bought, paid on GoPay's page`);
  if (!isPlayable(run, 'gopay')) return;
  const customerId = run.customer('nora');
  const booking = await held(run, garage, { resourceId: car.id, customerId });
  let purchase: Flow | undefined;
  let payment: Flow | undefined;
  let redirectUrl: string | undefined;
  await run.check({ did: 'POST /v1/purchases', expected: 'a page to pay on' }, async () => {
    const answer = await garage.api.post('/v1/purchases', purchaseView, { bookingId: booking.id, customerId, gateway: 'gopay' });
    purchase = run.otherFlow(garage, answer.id, purchaseWorkflowId(answer.id), 'completed');
    payment = paymentFlow(run, garage, answer.paymentId);
    redirectUrl = answer.payment?.redirectUrl;
    return { saw: redirectUrl === undefined ? answer.status : `a page to pay ${price(answer.amount, answer.currency)}`, ok: redirectUrl !== undefined, flow: purchase };
  });
  if (purchase === undefined || payment === undefined || redirectUrl === undefined) return;
  const page = redirectUrl;
  await run.check({ did: 'the customer pays there', expected: 'PAID', flow: payment }, async () => ({ saw: await run.sandbox.decide(page, 'paid') }));
  const { id } = purchase;
  const bought = await run.check({ did: 'the purchase goes through', expected: 'completed', flow: purchase }, async () => {
    const { status, reason } = await decided(run, { id, shop: garage });
    return { saw: reason ?? status };
  });
  if (!bought) return;
  await run.check({ did: 'GET /v1/resources/{id}', expected: 'owned by the customer', flow: booking }, async () => {
    const { ownerId } = await garage.api.get(`/v1/resources/${encodeURIComponent(car.id)}`, resourceView);
    return { saw: ownerId === customerId ? 'owned by the customer' : `owned by ${ownerId ?? 'the shop'}` };
  });
  await invoiced(run, garage, id);
}

async function invoiced(run: Run, shop: Shop, id: string): Promise<void> {
  const flow = run.otherFlow(shop, id, invoiceWorkflowId(shop.tenantId, id), 'stored');
  let link: string | undefined;
  await run.check({ did: 'its invoice', expected: 'a number and a PDF', flow }, async () => {
    // It is made without being asked for; who asks for it finds it.
    await run.patiently(patienceMs, async () => await shop.holdfast.invoices.request({ kind: 'purchase', id }));
    await run.patiently(patienceMs, async () => await shop.holdfast.invoices.get({ kind: 'purchase', id }), ({ status }) => status === 'stored');
    const [invoice] = await shop.api.items('/v1/invoices', invoiceView, { subjectId: id });
    link = invoice?.downloadUrl;
    if (invoice === undefined || link === undefined) return { saw: invoice?.status ?? 'none' };
    const bytes = await downloaded(link);
    return { saw: `${invoice.number}, ${kilobytes(bytes.length)}`, ok: bytes.toString('latin1', 0, 5) === '%PDF-' };
  });
  if (link !== undefined) run.view.note(`For an hour: ${link}`);
}

/** A basket: something to download and something to send, of two sellers. */
export async function basketBought(run: Run, { hotel: shop }: Stage): Promise<void> {
  run.view.scene('A basket: a download and something to send, of two sellers');
  if (!isPlayable(run, 'stripe')) return;
  const customerId = run.customer('otto');
  const { digital, physical } = await goodsForABasket(shop);
  const sellers = [digital.sellerId, physical.sellerId];
  const before = await owedTo(shop, sellers, digital.currency);
  await run.check({ did: 'put both into the basket', expected: price(digital.price + physical.price, digital.currency) }, async () => {
    const path = `/v1/baskets/${customerId}/items`;
    await shop.api.put(`${path}/${encodeURIComponent(digital.id)}`, basketView, { quantity: 1 });
    const { total } = await shop.api.put(`${path}/${encodeURIComponent(physical.id)}`, basketView, { quantity: 1 });
    return { saw: total === undefined ? 'no price' : price(total.amount, total.currency) };
  });
  let purchase: Flow | undefined;
  const bought = await run.check({ did: 'POST /v1/purchases, by card (Stripe)', expected: 'completed' }, async () => {
    const answer = await shop.api.post('/v1/purchases', purchaseView, { customerId, ...goodCard });
    purchase = run.otherFlow(shop, answer.id, purchaseWorkflowId(answer.id), 'completed');
    paymentFlow(run, shop, answer.paymentId);
    const { status, reason } = await decided(run, purchase);
    return { saw: reason ?? status, flow: purchase };
  });
  if (purchase === undefined || !bought) return;
  const { id } = purchase;
  const { items = [], downloads = [], paymentId, currency } = await shop.api.get(`/v1/purchases/${id}`, purchaseView);
  const earned = sellers.map((sellerId) => items.filter((item) => item.sellerId === sellerId).reduce((sum, { amount, fee }) => sum + amount - fee, 0));
  const more = (amounts: readonly number[]): string => amounts.map((amount) => `+${number(amount, currency)}`).join(', ');
  await run.check({ did: 'what the two sellers are owed', expected: more(earned), flow: purchase }, async () => {
    const after = await owedTo(shop, sellers, currency);
    return { saw: more(after.map((amount, index) => amount - (before[index] ?? 0))) };
  });
  const fee = items.reduce((sum, item) => sum + item.fee, 0);
  await run.check({ did: "the platform's fee, in the ledger", expected: price(fee, currency), flow: purchase }, async () => {
    const entries = await shop.api.items('/v1/ledger/entries', ledgerEntryView, { paymentId, account: 'fees' });
    return { saw: price(-entries.reduce((sum, { amount }) => sum + amount, 0), currency) };
  });
  await run.check({ did: 'open the download link', expected: 'the whole file', flow: purchase }, async () => {
    const url = downloads[0]?.url;
    if (url === undefined) return { saw: 'no link' };
    const bytes = await downloaded(url);
    return { saw: `${digital.fileName ?? digital.name}, ${kilobytes(bytes.length)}`, ok: bytes.length > 0 };
  });
}

async function decided(run: Run, { id, shop }: Pick<Flow, 'id' | 'shop'>): Promise<PurchaseView> {
  return await run.patiently(patienceMs, async () => await shop.holdfast.purchases.get(id), ({ status }) => status !== 'pending' && status !== 'undoing');
}

const sentQuantity = 2;

/** An order that is sent: paid, taken from stock, labelled, with the warehouse. @returns its payment, if it was paid. */
export async function orderSent(run: Run, { garage: shop }: Stage): Promise<Flow | undefined> {
  const product = run.sandbox.standsInFor('stripe') ? await goodsToSend(shop, sentQuantity) : undefined;
  run.view.scene(product === undefined ? 'An order that is sent' : `${product.name}: ordered and sent`);
  if (!isPlayable(run, 'stripe') || product === undefined) return undefined;
  const customerId = run.customer('petra');
  const shipTo = { name: 'Petra Showcase', line1: 'Lindengasse 7', city: 'Wien', postcode: '1070', country: 'AT' };
  let order: Flow | undefined;
  let payment: Flow | undefined;
  await run.check({ did: `POST /v1/orders, ${sentQuantity} of them`, expected: 'completed' }, async () => {
    const placed = await shop.api.post('/v1/orders', orderView, { customerId, items: [{ productId: product.id, quantity: sentQuantity }], shipTo, ...goodCard });
    order = run.otherFlow(shop, placed.id, orderWorkflowId(placed.id), 'completed');
    payment = paymentFlow(run, shop, placed.paymentId);
    const state = await run.patiently(patienceMs, async () => await shop.holdfast.orders.get(placed.id), (view) => view !== undefined && hasEnded(view));
    return { saw: state?.reason ?? `${state?.status ?? placed.status}, ${price(placed.amount, placed.currency)}`, ok: state?.status === 'completed', flow: order };
  });
  if (order === undefined || payment === undefined) return undefined;
  const { id, workflowId } = order;
  await run.check({ did: 'the stock', expected: `${product.stock ?? 0} → ${(product.stock ?? 0) - sentQuantity}`, flow: order }, async () => {
    const { stock } = await shop.api.get(`/v1/products/${encodeURIComponent(product.id)}`, productView);
    return { saw: `${product.stock ?? 0} → ${stock ?? 'none'}` };
  });
  await run.check({ did: 'the label', expected: 'a tracking number', flow: order }, async () => {
    const { shipment } = await shop.api.get(`/v1/orders/${id}`, orderView);
    return shipment === undefined ? { saw: 'no label' } : { saw: shipment.tracking, ok: shipment.status === 'labelled' };
  });
  await run.check({ did: 'what the flow says', expected: 'the warehouse has it', flow: order }, async () => {
    const { step = 'nothing' } = await shop.holdfast.flows.get(workflowId);
    return { saw: step, ok: step.endsWith('the warehouse has it') };
  });
  return payment;
}

const partMinor = 500;

/** A part is given back; the books are even all the time. */
export async function refundedInPart(run: Run, payment: Flow): Promise<void> {
  run.view.scene('A part of it is given back, because it came a day late');
  const { shop, id } = payment;
  await run.check({ did: 'refund a part', expected: 'given back', flow: payment }, async () => {
    const { payments } = shop.holdfast;
    const refundId = newRefundId();
    await run.patiently(patienceMs, async () => await payments.refund(id, { id: refundId, amount: partMinor, reason: 'came a day late' }));
    const { refunded, captured, currency } = await run.patiently(patienceMs, async () => await payments.get(id), (view) => view.refunded === partMinor);
    return { saw: `${number(refunded, currency)} of ${price(captured, currency)} given back`, ok: refunded === partMinor };
  });
  await run.check({ did: 'all accounts of the ledger together', expected: '0', flow: payment }, async () => {
    const items = await shop.api.items('/v1/ledger/balances', accountBalance, { limit: String(maxBalances) });
    const sums = new Map<string, number>();
    for (const { currency, amount } of items) sums.set(currency, (sums.get(currency) ?? 0) + amount);
    return { saw: `${items.length} accounts, ${[...sums].map(([currency, sum]) => price(sum, currency)).join(', ')}`, ok: items.length > 0 && [...sums.values()].every((sum) => sum === 0) };
  });
}

async function owedTo(shop: Shop, sellers: readonly string[], currency: string): Promise<readonly number[]> {
  const balances = await Promise.all(sellers.map(async (sellerId) => await shop.api.get(`/v1/sellers/${encodeURIComponent(sellerId)}/balance`, sellerBalance)));
  return balances.map((seller) => seller.balances.find((balance) => balance.currency === currency)?.amount ?? 0);
}

/** As a browser opens it: the link alone is the key. */
async function downloaded(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
  if (!response.ok) throw new Error(`the link answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

const kilobytes = (bytes: number): string => `${Math.max(Math.round(bytes / 1_000), 1)} kB`;
