/** Things to pay, made through the public door, and what a test asks about money. */
import { randomUUID } from 'node:crypto';
import type { BookingView, PaymentView } from '../../client/index.ts';
import type { PutProduct } from '../../contracts/products.ts';
import type { Databases } from '../../services/database/connection.ts';
import { done } from '../support/cli.ts';
import { createResource, someCar, someRoom } from '../support/database.ts';
import { testStack } from '../support/environment.ts';
import { shop } from '../support/http.ts';
import { sandboxAt } from '../support/sandbox.ts';

/** As any program does it: a command for each would take a second. */
async function post<Answer>(path: string, body: object): Promise<Answer> {
  const answer = await (await shop('shop-a')).call('POST', path, body);
  if (answer.status >= 300) throw new Error(`${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as Answer;
}

/** Three nights for 270.00, held by ada. */
export async function heldRoom(databases: Databases, currency = 'EUR'): Promise<BookingView> {
  return await post('/v1/bookings', { resourceId: await createResource(databases, 'shop-a', { ...someRoom, currency }), customerId: 'ada', from: '2031-05-01', to: '2031-05-04' });
}

export async function paidRoom(databases: Databases, currency = 'EUR'): Promise<PaymentView> {
  const payment = await post<PaymentView>(`/v1/bookings/${(await heldRoom(databases, currency)).id}/payment`, { gateway: 'stripe', method: 'pm_card_visa' });
  if (payment.status !== 'settled') throw new Error(`the payment is ${payment.status}`);
  return payment;
}

/** EUR 12,000.00, held by ada. */
export async function heldCar(databases: Databases): Promise<BookingView> {
  return await post('/v1/bookings', { resourceId: await createResource(databases, 'shop-a', someCar), customerId: 'ada' });
}

export const mug: PutProduct = { sellerId: 'own', name: 'Mug', kind: 'physical', price: 1_500, currency: 'EUR', stock: 10, weightGrams: 400 };
export const song: PutProduct = { sellerId: 'own', name: 'Song', kind: 'digital', price: 900, currency: 'EUR' };

/** @returns its id. */
export async function product(body: PutProduct): Promise<string> {
  const id = `${body.kind}-${randomUUID()}`;
  const { status } = await (await shop('shop-a')).call('PUT', `/v1/products/${id}`, body);
  if (status !== 201) throw new Error(`the product was answered ${status}`);
  return id;
}

export async function stockOf(productId: string): Promise<unknown> {
  return (await (await shop('shop-a')).call('GET', `/v1/products/${productId}`)).body['stock'];
}

/** As the command shows it: EUR. */
export const money = (amountMinor: number): string => `EUR ${(amountMinor / 100).toLocaleString('en', { minimumFractionDigits: 2 })}`;

/** What an account stands at, as the command shows it, in minor units. */
export async function balanceOf(account: string, currency: string): Promise<number> {
  const { items } = JSON.parse(await done('ledger', '--json')) as { items: { account: string; currency: string; amount: number }[] };
  return items.find((item) => item.account === account && item.currency === currency)?.amount ?? 0;
}

export async function testSandbox(): Promise<ReturnType<typeof sandboxAt>> {
  const { sandboxUrl } = (await testStack()) as { readonly sandboxUrl?: string };
  if (sandboxUrl === undefined) throw new Error('the test stack has no sandbox');
  return sandboxAt(sandboxUrl);
}
