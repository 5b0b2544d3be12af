/** Scenes of one payment: taken, declined, and one of which nobody knows for a while whether it was taken. */
import { newPaymentId, type PaymentView } from '../../../client/index.ts';
import { bookingView } from '../../../contracts/bookings/schemas.ts';
import { paymentWorkflowId } from '../../../contracts/flows.ts';
import { notificationView } from '../../../contracts/notifications.ts';
import type { GatewayName } from '../../../contracts/payments/flow.ts';
import { paymentView } from '../../../contracts/payments/schemas.ts';
import { sighted, timed, type Flow, type OtherEnd, type Run, type Shop, type Sight } from '../run.ts';
import type { Stage } from '../stage.ts';
import { price } from '../words.ts';

const patienceMs = 15_000;
export const goodCard = { gateway: 'stripe', method: 'pm_card_visa' } as const;
const emptyCard = { gateway: 'stripe', method: 'pm_card_visa_chargeDeclinedInsufficientFunds' } as const;
const titles: Record<GatewayName, string> = { stripe: 'Stripe', gopay: 'GoPay', paytm: 'Paytm' };

/** @returns whether the scene can be played; where it would be real money it is not. */
export function isPlayable(run: Run, gateway: GatewayName): boolean {
  if (run.sandbox.standsInFor(gateway)) return true;
  run.view.note(`Not shown: nothing stands in for ${titles[gateway]} here, and the showcase never moves real money.`);
  return false;
}

/** A payment that the showcase began, looked after from then on. */
export const paymentFlow = (run: Run, shop: Shop, id: string, end: OtherEnd = 'refunded'): Flow => run.otherFlow(shop, id, paymentWorkflowId(id), end);

/** A room is paid by card, and that confirms it. */
export async function paidByCard(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: held, paid by card (Stripe)`);
  if (!isPlayable(run, 'stripe')) return;
  const customerId = run.customer('karla');
  const flow = await held(run, hotel, { resourceId: room.id, customerId, ...nights(7) });
  let paymentId = '';
  await run.check({ did: 'POST /v1/bookings/{id}/payment', expected: 'settled' }, async () => {
    const answer = await hotel.api.post(`/v1/bookings/${flow.id}/payment`, paymentView, { customerId, ...goodCard });
    paymentId = answer.id;
    const payment = paymentFlow(run, hotel, answer.id);
    return { ...paid(await decided(run, payment)), flow: payment };
  });
  await run.check({ did: 'GET /v1/bookings/{id} (PostgreSQL)', expected: 'confirmed by the payment', flow }, async () => {
    const { status, reference } = await hotel.api.get(`/v1/bookings/${flow.id}`, bookingView);
    return reference === paymentId ? { saw: `${status} by the payment` } : { saw: `${status}, ${reference ?? 'no reference'}` };
  });
}

/** There is not enough money: the room is free again, and everybody who should know knows. */
export async function declined(run: Run, { hotel, room, nights }: Stage): Promise<void> {
  run.view.scene(`${room.name}: the card is declined`);
  if (!isPlayable(run, 'stripe')) return;
  const customerId = run.customer('leo');
  const flow = await held(run, hotel, { resourceId: room.id, customerId, ...nights(8) });
  await run.check({ did: 'pay with an empty account', expected: 'insufficient_funds' }, async () => {
    const answer = await hotel.api.post(`/v1/bookings/${flow.id}/payment`, paymentView, { customerId, ...emptyCard });
    const payment = paymentFlow(run, hotel, answer.id, 'failed');
    const { status, failure } = await decided(run, payment);
    return { saw: failure?.code ?? status, flow: payment };
  });
  await run.check({ did: 'the room is free again', expected: 'released, payment_failed', flow }, async () => {
    const outcome = await run.waitFor(flow, ({ status }) => status === 'released', patienceMs);
    return { saw: 'reason' in outcome && outcome.reason !== undefined ? `${outcome.status}, ${outcome.reason}` : outcome.status };
  });
  await run.check({ did: 'who was told', expected: 'customer, administrators', flow }, async () => {
    const notices = await hotel.api.items('/v1/notifications', notificationView, { customerId });
    const told = new Set(notices.filter(({ template }) => template === 'payment_failed').map(({ audience }) => audience));
    return { saw: [...told].toSorted().toReversed().join(', ') };
  });
}

/** A payment of which nobody knows yet whether the money was taken. */
export interface Unknown {
  readonly payment: Flow;
  /** Resolves when it is known. */
  readonly answer: Promise<Sight>;
}

/** The gateway takes the money and its answer is lost: nobody guesses. What is found out is seen in a later scene. */
export async function answerLost(run: Run, { hotel, room, nights }: Stage): Promise<Unknown | undefined> {
  run.view.scene(`${room.name}: Stripe takes the money, and its answer is lost`);
  if (!isPlayable(run, 'stripe')) return undefined;
  const customerId = run.customer('mira');
  const flow = await held(run, hotel, { resourceId: room.id, customerId, ...nights(9) });
  const payment = paymentFlow(run, hotel, newPaymentId());
  await run.sandbox.loseAnswer(payment.id);
  const answer = timed(async () => {
    await hotel.holdfast.payments.payBooking({ id: payment.id, bookingId: flow.id, customerId, ...goodCard });
    return paid(await decided(run, payment));
  });
  await run.check({ did: 'pay; the connection is cut', expected: 'payment_unknown', flow: payment }, async () => ({ saw: await lastFailure(run, payment) }));
  await run.check({ did: "what Stripe's sandbox executed", expected: 'one charge', flow: payment }, async () => await charged(run, payment));
  run.view.note('Nobody guesses: Stripe is asked ten seconds later. Meanwhile:');
  return { payment, answer };
}

/** What became of it. */
export async function answerFoundOut(run: Run, { payment, answer }: Unknown): Promise<void> {
  run.view.scene('Back to the payment whose answer was lost');
  await run.check({ did: 'Stripe was asked', expected: 'settled', flow: payment }, async () => await answer);
  await run.check({ did: "what Stripe's sandbox executed", expected: 'one charge', flow: payment }, async () => await charged(run, payment));
}

async function charged(run: Run, { id }: Flow): Promise<Sight> {
  const charges = (await run.sandbox.journal(id)).filter(({ operation }) => operation === 'charge' || operation === 'capture');
  const [only] = charges;
  return { saw: only === undefined || charges.length > 1 ? `${charges.length} charges` : `one charge of ${price(only.amountMinor, only.currency)}`, ok: charges.length === 1 };
}

/** Why the step that is being tried again has failed. */
async function lastFailure(run: Run, { workflowId }: Flow): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const { raw } = await run.client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.map(({ lastFailure: failure }) => failure?.applicationFailureInfo?.type ?? failure?.message).find((words) => words != null) ?? undefined;
  };
  return (await run.patiently(patienceMs, async () => await look().catch(() => undefined), (words) => words !== undefined)) ?? 'no failure';
}

/** What is paid for in these scenes is held first, with the typed client. */
export async function held(run: Run, shop: Shop, wanted: { resourceId: string; customerId: string; from?: string; to?: string }): Promise<Flow> {
  const flow = run.flow(shop);
  await run.check({ did: 'hold it', expected: 'held', flow }, async () => sighted(await run.book(flow, wanted), 'held'));
  return flow;
}

/** On a machine so busy that the first answer is not the last, the flow is asked until it is. */
async function decided(run: Run, { id, shop }: Flow): Promise<PaymentView> {
  return await run.patiently(patienceMs, async () => await shop.holdfast.payments.get(id), ({ status }) => status === 'settled' || status === 'failed');
}

const paid = ({ status, amount, currency }: PaymentView): Sight => ({ saw: `${status}, ${price(amount, currency)}`, ok: status === 'settled' });
