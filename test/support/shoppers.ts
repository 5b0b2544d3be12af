/** Customers who buy a vehicle, what is in their basket, or have goods sent; each pays in an own way, and some think better of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { orderWorkflowId, purchaseWorkflowId } from '../../contracts/flows.ts';
import type { PutProduct } from '../../contracts/products.ts';
import { chance, pick } from './chance.ts';
import type { Answer, Shop } from './http.ts';
import { answered, patiently, sees, type View } from './patience.ts';
import { decide } from './payer.ts';

const kinds = ['vehicle', 'basket', 'order'] as const;
export type SaleKind = (typeof kinds)[number];

interface Story {
  readonly weight: number;
  readonly gateway: 'stripe' | 'gopay';
  readonly method?: string;
  /** What the payer does on the gateway's page, if there is one. */
  readonly outcome?: string;
  /** The customer gives it up, some time after having asked for it. `late`: and pays all the same. */
  readonly cancel?: 'for good' | 'late';
  /** How it ends when nothing breaks. A cancel may come too late. */
  readonly ends: readonly string[];
}

const stories: readonly [Story, ...Story[]] = [
  { weight: 50, gateway: 'stripe', method: 'pm_card_visa', ends: ['completed'] },
  { weight: 10, gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds', ends: ['failed'] },
  { weight: 10, gateway: 'stripe', method: 'pm_card_authenticationRequired', outcome: 'approve', ends: ['completed'] },
  { weight: 10, gateway: 'gopay', outcome: 'paid', ends: ['completed'] },
  { weight: 15, gateway: 'stripe', method: 'pm_card_visa', cancel: 'for good', ends: ['completed', 'cancelled'] },
  { weight: 5, gateway: 'gopay', cancel: 'late', outcome: 'paid', ends: ['cancelled'] },
];

/** Prices at which cents get lost if they can. */
const products: Readonly<Record<string, PutProduct>> = {
  mug: { sellerId: 'seller-1', name: 'Mug', kind: 'physical', price: 1_499, currency: 'EUR', stock: 100_000, weightGrams: 400 },
  lamp: { sellerId: 'seller-2', name: 'Lamp', kind: 'physical', price: 3_333, currency: 'EUR', stock: 100_000, weightGrams: 1_200 },
  photographs: { sellerId: 'seller-2', name: 'Photographs', kind: 'digital', price: 701, currency: 'EUR' },
};
const names = Object.keys(products);
export const stockAtFirst = Object.fromEntries(Object.entries(products).flatMap(([id, { stock }]) => (stock === undefined ? [] : [[id, stock]])));
const shipTo = { name: 'Ada Lovelace', line1: '12 St James Square', city: 'London', postcode: 'SW1Y 4JH', country: 'GB' };

/** What a vehicle can no longer be bought for, when the workers were away for so long. */
const tooLate = ['hold_expired', 'booking_not_held'];
const decided = ['completed', 'cancelled', 'failed', 'not begun'];
/** A cancel comes at any moment of a sale. */
const secondThoughtsMs = 3_000;

export interface Sale {
  readonly kind: SaleKind;
  readonly ends: readonly string[];
  /** Absent: it was refused, as the hold of the vehicle had run out. */
  readonly id: string | undefined;
  /** What goes on when it has been accepted. */
  readonly afterwards: Promise<void>;
}

const listOf = (kind: SaleKind): string => (kind === 'order' ? '/v1/orders' : '/v1/purchases');
export const saleWorkflowId = (kind: SaleKind, id: string): string => (kind === 'order' ? orderWorkflowId(id) : purchaseWorkflowId(id));

export async function openShop(shop: Shop): Promise<void> {
  for (const [id, body] of Object.entries(products)) await answered(`product ${id}`, async () => await shop.call('PUT', `/v1/products/${id}`, body));
}

/** @throws when an answer is none that such a customer can get. */
export async function buy(shop: Shop, n: number): Promise<Sale> {
  const kind = kinds[Math.floor(chance(`kind of sale ${n}`) * kinds.length)] ?? 'order';
  const { gateway, method, ends, ...then } = pick(`sale ${n}`, stories);
  const customerId = `customer-${n}`;
  const wish = { customerId, gateway, ...(method !== undefined && { method }), ...(await goodsFor(shop, kind, n, customerId)) };
  const { status, body } = await answered(`sale ${n}`, async () => await shop.call('POST', listOf(kind), wish, { 'idempotency-key': `sale-${n}` }));
  if (kind === 'vehicle' && tooLate.includes(String(body['code']))) return { kind, ends, id: undefined, afterwards: Promise.resolve() };
  if (status !== 202) throw new Error(`sale ${n} (${kind}) was answered ${status}: ${JSON.stringify(body)}`);
  const id = String(body['id']);
  return { kind, ends, id, afterwards: goOn(shop, kind, id, n, then) };
}

async function goodsFor(shop: Shop, kind: SaleKind, n: number, customerId: string): Promise<object> {
  if (kind === 'vehicle') return { bookingId: await holdVehicle(shop, n, customerId) };
  const items = names.filter((name) => chance(`${name} in sale ${n}`) < 0.6).map((productId) => ({ productId, quantity: 1 + Math.floor(chance(`how many ${productId} in sale ${n}`) * 3) }));
  if (items.length === 0) items.push({ productId: 'mug', quantity: 1 });
  if (kind === 'order') return { items, shipTo };
  for (const { productId, quantity } of items) await accepted(`basket ${n}`, async () => await shop.call('PUT', `/v1/baskets/${customerId}/items/${productId}`, { quantity }));
  return {};
}

async function holdVehicle(shop: Shop, n: number, customerId: string): Promise<string> {
  await accepted(`car ${n}`, async () => await shop.call('PUT', `/v1/resources/car-${n}`, { kind: 'vehicle', name: `Car ${n}`, price: 450_007 + 111 * n, currency: 'EUR' }));
  const { body } = await accepted(`the hold of car ${n}`, async () => await shop.call('POST', '/v1/bookings', { resourceId: `car-${n}`, customerId }, { 'idempotency-key': `hold-car-${n}` }));
  const id = String(body['id']);
  await patiently(`${id} to be held`, async () => await sees(shop, `/v1/bookings/${id}`, ({ status }) => status === 'held'));
  return id;
}

async function accepted(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await answered(what, ask);
  if (answer.status >= 400) throw new Error(`${what} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

async function goOn(shop: Shop, kind: SaleKind, id: string, n: number, { cancel, outcome }: Pick<Story, 'cancel' | 'outcome'>): Promise<void> {
  const path = `${listOf(kind)}/${id}`;
  const page = outcome === undefined ? undefined : await pageOf(shop, kind, id);
  if (cancel !== undefined) {
    await sleep(secondThoughtsMs * chance(`second thoughts of ${n}`));
    await answered(`the cancel of ${id}`, async () => await shop.call('POST', `${path}/cancel`));
  }
  if (outcome !== undefined && page !== undefined) await answered(`the page of ${id}`, async () => await decide(page, outcome));
}

/** Whoever sees no page for so long goes away. */
async function pageOf(shop: Shop, kind: SaleKind, id: string): Promise<string | undefined> {
  const open = (view: View): string | undefined => (view['payment'] as { redirectUrl?: string } | undefined)?.redirectUrl;
  const view = await patiently(`the page of ${id}`, async () => {
    const seen = await sees(shop, `${listOf(kind)}/${id}`, (found) => open(found) !== undefined || decided.includes(String(found['status'])), {});
    return seen ?? ((await wasNotBegun(shop, kind, id)) && {});
  }).catch(() => undefined);
  return view === undefined ? undefined : open(view);
}

/** It was accepted, and there was nothing to sell any more when a worker came to it: there is no such sale, and nobody makes one. */
export async function wasNotBegun(shop: Shop, kind: SaleKind, id: string): Promise<boolean> {
  const nowhere = { status: 'nowhere' };
  const isNowhere = async (): Promise<boolean> => (await sees(shop, `${listOf(kind)}/${id}`, ({ status }) => status === nowhere.status, nowhere)) !== undefined;
  const hasNoFlow = async (): Promise<boolean> => (await sees(shop, `/v1/flows/${encodeURIComponent(saleWorkflowId(kind, id))}`, ({ status }) => status !== 'running', nowhere)) !== undefined;
  // It may have been written down in between, so the list is asked twice.
  return (await isNowhere()) && (await hasNoFlow()) && (await isNowhere());
}
