/** Guests who hold a room and pay for it, each in an own way; like a careful program they ask again until they are answered. */
import type { PutResource } from '../../contracts/resources.ts';
import { chance, pick } from './chance.ts';
import type { Shop } from './http.ts';
import { answered, patiently, sees } from './patience.ts';
import { decide } from './payer.ts';

export interface Story {
  readonly gateway: 'stripe' | 'gopay' | 'paytm';
  readonly method?: string;
  readonly capture?: 'manual';
  /** What the payer does on the gateway's page, if there is one. */
  readonly outcome?: string;
  /** The guest gives the payment up when the page is there. `late`: and pays all the same. */
  readonly cancel?: 'for good' | 'late';
  /** How it ends when nothing breaks. */
  readonly end: 'settled' | 'failed';
  readonly weight: number;
}

const stories: readonly [Story, ...Story[]] = [
  { weight: 46, gateway: 'stripe', method: 'pm_card_visa', end: 'settled' },
  { weight: 8, gateway: 'stripe', method: 'pm_card_visa', capture: 'manual', end: 'settled' },
  { weight: 8, gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds', end: 'failed' },
  { weight: 8, gateway: 'stripe', method: 'pm_card_authenticationRequired', outcome: 'approve', end: 'settled' },
  { weight: 2, gateway: 'stripe', method: 'pm_card_authenticationRequired', outcome: 'refuse', end: 'failed' },
  { weight: 2, gateway: 'stripe', method: 'pm_card_authenticationRequired', cancel: 'for good', end: 'failed' },
  { weight: 8, gateway: 'gopay', outcome: 'paid', end: 'settled' },
  { weight: 2, gateway: 'gopay', capture: 'manual', outcome: 'authorised', end: 'settled' },
  { weight: 2, gateway: 'gopay', outcome: 'canceled', end: 'failed' },
  { weight: 2, gateway: 'gopay', outcome: 'paid', cancel: 'late', end: 'settled' },
  { weight: 10, gateway: 'paytm', outcome: 'success', end: 'settled' },
  { weight: 2, gateway: 'paytm', outcome: 'failure', end: 'failed' },
];

/** Shares of the amount that are given back one after the other; 1 is all that is left. */
const givingBack: readonly [{ weight: number; parts: readonly number[] }, ...{ weight: number; parts: readonly number[] }[]] = [
  { weight: 76, parts: [] },
  { weight: 10, parts: [1] },
  { weight: 8, parts: [0.37] },
  { weight: 6, parts: [0.2, 1] },
];

/** Prices at which cents get lost if they can. */
const rooms = Array.from({ length: 10 }, (_, n) => ({ id: `room-${n}`, body: { kind: 'room', name: `Room ${n}`, price: 7_001 + 111 * n, currency: 'EUR' } satisfies PutResource }));
/** Paytm takes rupees only. */
const roomsInIndia = Array.from({ length: 4 }, (_, n) => ({ id: `room-in-${n}`, body: { kind: 'room', name: `Room ${n} in Goa`, price: 150_003 + 1_111 * n, currency: 'INR' } satisfies PutResource }));

const dayMs = 86_400_000;
/** It was accepted, and its hold had run out before any worker came to it. */
const notBegun = 'not begun';

export interface Paid {
  readonly story: Story;
  readonly bookingId: string;
  readonly paymentId: string;
}

/** What became of one guest; `afterwards` is what goes on when the payment has been accepted. */
export interface Visit extends Paid {
  readonly afterwards: Promise<void>;
}

export async function openRooms(shop: Shop): Promise<void> {
  for (const { id, body } of [...rooms, ...roomsInIndia]) await answered(`room ${id}`, async () => await shop.call('PUT', `/v1/resources/${id}`, body));
}

/** @throws when an answer is none that a guest with a held room can get. */
export async function holdAndPay(shop: Shop, n: number): Promise<Visit> {
  const story = pick(`story ${n}`, stories);
  const { parts } = pick(`giving back ${n}`, givingBack);
  const bookingId = await hold(shop, n, story);
  const { gateway, method, capture } = story;
  const wish = { gateway, ...(method !== undefined && { method }), ...(capture !== undefined && { capture }) };
  const { status, body } = await answered(`the payment of guest ${n}`, async () => await shop.call('POST', `/v1/bookings/${bookingId}/payment`, wish, { 'idempotency-key': `pay-${n}` }));
  if (status !== 202) throw new Error(`the payment of guest ${n} (${JSON.stringify(story)}) was answered ${status}: ${JSON.stringify(body)}`);
  const paymentId = String(body['id']);
  return { story, bookingId, paymentId, afterwards: goOn(shop, paymentId, story, parts) };
}

async function hold(shop: Shop, n: number, { gateway }: Story): Promise<string> {
  const choice = gateway === 'paytm' ? roomsInIndia : rooms;
  const from = Date.UTC(2031, 0, 1) + Math.floor(n / choice.length) * 2 * dayMs;
  const wanted = { resourceId: choice[n % choice.length]?.id, customerId: `guest-${n}`, from: new Date(from).toISOString(), to: new Date(from + (1 + Math.floor(chance(`nights ${n}`) * 2)) * dayMs).toISOString() };
  const { status, body } = await answered(`the hold of guest ${n}`, async () => await shop.call('POST', '/v1/bookings', wanted, { 'idempotency-key': `hold-${n}` }));
  if (status !== 201 && status !== 202) throw new Error(`the hold of guest ${n} was answered ${status}: ${JSON.stringify(body)}`);
  const id = String(body['id']);
  if (body['status'] !== 'held') await patiently(`${id} to be held`, async () => await sees(shop, `/v1/bookings/${id}`, ({ status: now }) => now === 'held'));
  return id;
}

async function goOn(shop: Shop, paymentId: string, { outcome, cancel, end }: Story, parts: readonly number[]): Promise<void> {
  const path = `/v1/payments/${paymentId}`;
  if (outcome !== undefined || cancel !== undefined) {
    // Whoever sees no page for so long goes away, and the payment runs out of time.
    const seen = await patiently(`the page of ${paymentId}`, async () => await look(shop, path, ({ status, redirectUrl }) => redirectUrl !== undefined || status === 'failed' || status === notBegun)).catch(() => undefined);
    const page = seen?.['redirectUrl'];
    if (typeof page !== 'string') return;
    if (cancel !== undefined) {
      await answered(`the cancel of ${paymentId}`, async () => await shop.call('POST', `${path}/cancel`));
      await patiently(`the end of ${paymentId}`, async () => await look(shop, path, ({ status }) => status === 'failed'));
    }
    if (outcome !== undefined) await answered(`the page of ${paymentId}`, async () => await decide(page, outcome));
  }
  if (end === 'failed' || parts.length === 0) return;
  const ended = ({ status }: Readonly<Record<string, unknown>>): boolean => status === 'settled' || status === notBegun || (status === 'failed' && cancel !== 'late');
  const { status, amount } = await patiently(`the end of ${paymentId}`, async () => await look(shop, path, ended));
  if (status !== 'settled') return;
  for (const [index, share] of parts.entries()) {
    const wish = share === 1 ? {} : { amount: Math.ceil(Number(amount) * share) };
    const answer = await answered(`a refund of ${paymentId}`, async () => await shop.call('POST', `${path}/refund`, wish, { 'idempotency-key': `refund-${paymentId}-${index}` }));
    if (answer.status !== 202) throw new Error(`a refund of ${paymentId} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

async function look(shop: Shop, path: string, wanted: (view: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>> | undefined> {
  return await sees(shop, path, wanted, { status: notBegun });
}
