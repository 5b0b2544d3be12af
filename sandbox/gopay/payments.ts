/** GoPay payments: what each call, the payer and time do to one, to the money and to the journal. */
import type { GopayConfig } from '../config.ts';
import type { Core } from '../core/index.ts';
import { GopayRefusal } from './errors.ts';
import { openSubStates, type GopayOutcome } from './outcomes.ts';
import type { CreatePayment } from './params.ts';
import { gopayTables, nextId, tenantIdOf, type GopayPayment, type GopayRefund } from './rows.ts';

type Ordered = { readonly code: string | undefined } | undefined;
export type GopayPayments = ReturnType<typeof createPayments>;

const open: readonly GopayPayment['state'][] = ['CREATED', 'PAYMENT_METHOD_CHOSEN'];
const refundable: readonly GopayPayment['state'][] = ['PAID', 'PARTIALLY_REFUNDED'];

export function createPayments(core: Core, config: GopayConfig) {
  const { courier, faults, journal, settings, store, timers } = core;
  const { payments, refunds } = gopayTables(core);

  courier.register('gopay', { headers: () => ({ 'user-agent': 'GoPay' }), accepts: (status) => status === 200 });

  /** Told of every state but the two open ones, without a signature: so the merchant reads the state back. */
  const save = (payment: GopayPayment): GopayPayment => {
    const before = payments.get(String(payment.id));
    payments.put(String(payment.id), payment);
    // A second partial refund changes no state, but is told all the same.
    if (!open.includes(payment.state) && (before?.state !== payment.state || before.refunded !== payment.refunded)) {
      const url = new URL(payment.notificationUrl);
      url.searchParams.set('id', String(payment.id));
      const tenantId = tenantIdOf(payment);
      courier.send({ party: 'gopay', url: url.href, method: 'GET', paymentId: payment.orderNumber, ...(tenantId !== undefined && { tenantId }) });
    }
    return payment;
  };

  const record = (payment: GopayPayment, operation: 'authorise' | 'charge' | 'capture' | 'cancel' | 'refund', amountMinor: number, code?: string, gatewayRef = String(payment.id)): void => {
    const tenantId = tenantIdOf(payment);
    journal.record({
      party: 'gopay',
      operation,
      paymentId: payment.orderNumber,
      ...(tenantId !== undefined && { tenantId }),
      gatewayRef,
      amountMinor,
      currency: payment.currency,
      ...(code === undefined ? { status: 'executed' } : { status: 'declined', code }),
    });
  };

  const settleRefund = (refund: GopayRefund): void => {
    const payment = payments.get(String(refund.paymentId));
    if (payment === undefined) return;
    refunds.put(String(refund.id), { ...refund, state: 'SUCCESS', changedMs: Date.now() });
    const refunded = payment.refunded + refund.amount;
    record(payment, 'refund', refund.amount, undefined, String(refund.id));
    save({ ...payment, refunded, state: refunded === payment.captured ? 'REFUNDED' : 'PARTIALLY_REFUNDED' });
  };

  const refundsOf = (id: number): GopayRefund[] => [...refunds.values()].filter((refund) => refund.paymentId === id);

  /** What time has done by now. @throws {GopayRefusal} */
  const find = (id: string): GopayPayment => {
    const payment = payments.get(id);
    if (payment === undefined) throw new GopayRefusal('PAYMENT_NOT_FOUND');
    return store.transaction(() => {
      for (const refund of refundsOf(payment.id)) if (refund.state === 'REQUESTED' && refund.dueMs <= Date.now()) settleRefund(refund);
      if (open.includes(payment.state) && payment.createdMs + config.paymentLifeMs <= Date.now()) return save({ ...payment, state: 'TIMEOUTED', subState: '_5024' });
      return payments.get(id) ?? payment;
    });
  };

  /** @throws {GopayRefusal} when the payment is no longer open. */
  const decide = (id: string, outcome: GopayOutcome): GopayPayment => {
    const payment = find(id);
    if (!open.includes(payment.state)) throw new GopayRefusal('PAYMENT_WRONG_STATE');
    const held = payment.preauthorization;
    if (outcome === 'authorised' && !held) throw new GopayRefusal('PAYMENT_WRONG_STATE');
    const chosen: GopayPayment = { ...payment, instrument: payment.instrument ?? 'PAYMENT_CARD' };
    if (outcome === 'paid' || outcome === 'authorised') {
      const ordered = faults.declineOf({ party: 'gopay', operations: ['authorise'], paymentId: payment.orderNumber, tenantId: tenantIdOf(payment), method: chosen.instrument ?? undefined });
      if (ordered !== undefined) return refuse(chosen, ordered.code ?? '_5006');
      record(chosen, held ? 'authorise' : 'charge', chosen.amount);
      return save({ ...chosen, state: held ? 'AUTHORIZED' : 'PAID', captured: held ? 0 : chosen.amount, subState: null });
    }
    if (outcome === 'chosen' || openSubStates.has(outcome)) return save({ ...chosen, state: 'PAYMENT_METHOD_CHOSEN', subState: outcome === 'chosen' ? '_101' : outcome });
    if (outcome === 'timeouted') return save({ ...chosen, state: 'TIMEOUTED', subState: '_5024' });
    return refuse(chosen, outcome === 'canceled' ? '_5037' : outcome);
  };

  const refuse = (payment: GopayPayment, code: string): GopayPayment => {
    record(payment, payment.preauthorization ? 'authorise' : 'charge', payment.amount, code);
    return save({ ...payment, state: 'CANCELED', subState: code });
  };

  /** Things that will happen to it by themselves. */
  const watch = (payment: GopayPayment): void => {
    const id = String(payment.id);
    const look = (): void => void store.transaction(() => find(id));
    if (open.includes(payment.state)) {
      timers.after(payment.createdMs + config.paymentLifeMs - Date.now(), look);
      const outcome = settings.autoPay?.gopay;
      if (outcome !== undefined) timers.after(settings.autoPay?.delayMs ?? 0, () => {
        const now = find(id);
        if (open.includes(now.state) && (outcome !== 'authorised' || now.preauthorization)) store.transaction(() => decide(id, outcome));
      });
    }
    for (const refund of refundsOf(payment.id)) if (refund.state === 'REQUESTED') timers.after(refund.dueMs - Date.now(), look);
  };

  const create = (wish: CreatePayment): GopayPayment => {
    const payment: GopayPayment = {
      id: nextId(),
      createdMs: Date.now(),
      orderNumber: wish.order_number,
      amount: wish.amount,
      captured: 0,
      refunded: 0,
      currency: wish.currency,
      state: 'CREATED',
      subState: null,
      preauthorization: wish.preauthorization ?? false,
      instrument: wish.payer?.default_payment_instrument ?? wish.payer?.allowed_payment_instruments?.[0] ?? null,
      lang: wish.lang ?? 'CS',
      returnUrl: wish.callback.return_url,
      notificationUrl: wish.callback.notification_url,
      payer: wish.payer ?? {},
      additional: wish.additional_params ?? [],
    };
    save(payment);
    watch(payment);
    return payment;
  };

  const capture = (id: string, amount: number | undefined, ordered: Ordered) => {
    const payment = find(id);
    if (payment.state !== 'AUTHORIZED') throw new GopayRefusal(payment.preauthorization && !open.includes(payment.state) ? 'PAYMENT_CAPTURE_DONE' : 'PAYMENT_WRONG_STATE');
    const taken = amount ?? payment.amount;
    if (taken > payment.amount) throw new GopayRefusal('PAYMENT_CAPTURE_WRONG_AMOUNT', 'amount');
    record(payment, 'capture', taken, ordered === undefined ? undefined : (ordered.code ?? '_5003'));
    if (ordered !== undefined) return { id: payment.id, result: 'FAILED' };
    save({ ...payment, state: 'PAID', captured: taken });
    return { id: payment.id, result: 'FINISHED' };
  };

  const voidAuthorization = (id: string) => {
    const payment = find(id);
    if (payment.state !== 'AUTHORIZED') throw new GopayRefusal('PAYMENT_AUTH_VOID_FAILED');
    record(payment, 'cancel', payment.amount);
    save({ ...payment, state: 'CANCELED', subState: null });
    return { id: payment.id, result: 'FINISHED' };
  };

  const refund = (id: string, amount: number, ordered: Ordered) => {
    const payment = find(id);
    if (!refundable.includes(payment.state)) throw new GopayRefusal('PAYMENT_REFUND_NOT_SUPPORTED');
    const underway = refundsOf(payment.id).filter(({ state }) => state === 'REQUESTED').reduce((sum, one) => sum + one.amount, 0);
    if (payment.refunded + underway === payment.captured) throw new GopayRefusal('PAYMENT_REFUND_NOT_SUPPORTED');
    if (amount > payment.captured - payment.refunded - underway) throw new GopayRefusal('PAYMENT_REFUND_WRONG_AMOUNT', 'amount');
    const now = Date.now();
    const made: GopayRefund = { id: nextId(), paymentId: payment.id, amount, currency: payment.currency, state: ordered === undefined ? 'REQUESTED' : 'FAILED', requestedMs: now, changedMs: now, dueMs: now + config.refundDelayMs };
    refunds.put(String(made.id), made);
    if (ordered !== undefined) {
      record(payment, 'refund', amount, ordered.code ?? 'PAYMENT_REFUND_FAILED', String(made.id));
      return { id: payment.id, result: 'FAILED', description: 'The refund failed.' };
    }
    if (config.refundDelayMs === 0) settleRefund(made);
    else timers.after(config.refundDelayMs, () => void store.transaction(() => find(id)));
    return { id: payment.id, result: config.refundDelayMs === 0 ? 'FINISHED' : 'ACCEPTED', description: null };
  };

  /** After a restart. */
  const resume = (): void => {
    for (const payment of payments.values()) watch(payment);
  };

  return { find, decide, create, capture, voidAuthorization, refund, resume, refundsOf: (id: string) => refundsOf(find(id).id), peek: (id: string) => payments.get(id) };
}
