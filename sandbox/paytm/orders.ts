/** Paytm orders: what each call, the payer, the bank and time do to one, to the money and to the journal. */
import { hash, randomBytes } from 'node:crypto';
import type { PaytmConfig } from '../config.ts';
import type { Core } from '../core/index.ts';
import { sameSecret } from '../core/ids.ts';
import { result, type ResultInfo } from './codes.ts';
import { createMessages } from './messages.ts';
import type { PaytmOutcome } from './outcomes.ts';
import { orderId as orderIdRule, type Initiate, type RefundApply } from './params.ts';
import { amountOf, paytmTables, type Order, type PaytmRefund } from './rows.ts';

export type Orders = ReturnType<typeof createOrders>;
type Body = Readonly<Record<string, unknown>> & { readonly resultInfo: ResultInfo };

const smallestRefundMinor = 100;
let lastTxn = 0;
/** Long digits, unlike any of another run. */
function nextTxnId(): string {
  lastTxn = Math.max(lastTxn + 1, Date.now() * 1_000);
  return `2026${lastTxn}`;
}

export function createOrders(core: Core, config: PaytmConfig) {
  const { faults, journal, settings, store, timers } = core;
  const { orders, refunds } = paytmTables(core);
  const messages = createMessages(core, config);
  const { mid } = config;

  const record = (order: Order, operation: 'charge' | 'refund', amountMinor: number, gatewayRef: string, more: { code?: string; refundId?: string } = {}): void =>
    journal.record({ party: 'paytm', operation, paymentId: order.orderId, gatewayRef, amountMinor, currency: order.currency, status: more.code === undefined ? 'executed' : 'declined', ...more });

  const refundsOf = (orderId: string): PaytmRefund[] => [...refunds.values()].filter((refund) => refund.orderId === orderId);

  /** What the bank has done by now. */
  const settle = (refund: PaytmRefund): PaytmRefund => {
    const order = orders.get(refund.orderId);
    if (order === undefined || refund.status !== 'PENDING' || refund.dueMs > Date.now()) return refund;
    return store.transaction(() => {
      const done: PaytmRefund = { ...refund, status: 'TXN_SUCCESS' };
      const refunded: Order = { ...order, refundedMinor: order.refundedMinor + refund.amountMinor };
      refunds.put(refund.refId, done);
      orders.put(order.orderId, refunded);
      record(order, 'refund', refund.amountMinor, refund.refundId, { refundId: refund.refId });
      messages.refunded(refunded, done);
      return done;
    });
  };
  const watchRefund = (refund: PaytmRefund): void => {
    if (refund.status === 'PENDING') timers.after(refund.dueMs - Date.now(), () => void settle(refunds.get(refund.refId) ?? refund));
  };

  /** @returns undefined when it is too late: the payer has no valid link, or the payment has ended. */
  const decide = (orderId: string, outcome: PaytmOutcome, code?: string): Order | undefined => {
    const order = orders.get(orderId);
    if (order === undefined || order.status === 'TXN_SUCCESS' || order.status === 'TXN_FAILURE') return undefined;
    return store.transaction(() => {
      const ordered = outcome === 'success' ? faults.declineOf({ party: 'paytm', operations: ['authorise'], paymentId: orderId, method: order.paymentMode }) : undefined;
      const status = outcome === 'pending' ? 'PENDING' : outcome === 'failure' || ordered !== undefined ? 'TXN_FAILURE' : 'TXN_SUCCESS';
      const txnId = order.txnId === '' ? nextTxnId() : order.txnId;
      const decided: Order = { ...order, status, txnId, code: status === 'TXN_SUCCESS' ? '01' : status === 'PENDING' ? (code ?? '402') : (ordered?.code ?? code ?? '235'), bankTxnId: status === 'TXN_SUCCESS' ? randomBytes(8).readBigUInt64BE().toString() : '', txnAtMs: Date.now() };
      orders.put(orderId, decided);
      if (status !== 'PENDING') {
        record(decided, 'charge', decided.amountMinor, txnId, status === 'TXN_SUCCESS' ? {} : { code: decided.code });
        messages.ended(decided);
      }
      return decided;
    });
  };

  const watchPayer = (order: Order): void => {
    const outcome = settings.autoPay?.paytm;
    if (outcome === undefined || order.status !== 'none') return;
    timers.after(settings.autoPay?.delayMs ?? 0, () => {
      if (orders.get(order.orderId)?.status === 'none') decide(order.orderId, outcome);
    });
  };

  const initiate = (wish: Initiate): Body => {
    const amountMinor = amountOf(wish.txnAmount.value);
    if (!orderIdRule.safeParse(wish.orderId).success) return { resultInfo: result('F', '334') };
    if (amountMinor === undefined || amountMinor < 100 || wish.txnAmount.currency !== 'INR') return { resultInfo: result('F', '2007') };
    if (wish.websiteName !== config.website) return { resultInfo: result('F', '1007') };
    const fingerprint = hash('sha256', JSON.stringify([amountMinor, wish.callbackUrl, wish.userInfo.custId, wish.txnAmount.currency]));
    const before = orders.get(wish.orderId);
    if (before !== undefined) {
      if (before.fingerprint !== fingerprint) return { resultInfo: result('F', '2023') };
      if (before.status !== 'none') return { resultInfo: result('F', '325') };
    }
    const fresh = before === undefined || before.tokenUntilMs <= Date.now();
    const order: Order = {
      ...(before ?? { orderId: wish.orderId, fingerprint, createdMs: Date.now(), amountMinor, refundedMinor: 0, currency: 'INR', callbackUrl: wish.callbackUrl, custId: wish.userInfo.custId, status: 'none', code: '', txnId: '', bankTxnId: '', paymentMode: 'UPI', txnAtMs: 0 }),
      txnToken: fresh ? randomBytes(24).toString('hex') : before.txnToken,
      tokenUntilMs: fresh ? Date.now() + config.tokenLifeMs : before.tokenUntilMs,
    };
    if (fresh) orders.put(order.orderId, order);
    if (before === undefined) watchPayer(order);
    return { resultInfo: result('S', before === undefined ? '0000' : '0002'), txnToken: order.txnToken, isPromoCodeValid: false, authenticated: false };
  };

  const status = (orderId: string): Body => {
    if (!orderIdRule.safeParse(orderId).success) return { resultInfo: result('TXN_FAILURE', '334') };
    const order = orders.get(orderId);
    if (order === undefined || order.status === 'none') return { resultInfo: result('NO_RECORD_FOUND', '331'), mid, orderId };
    return { resultInfo: result(order.status, order.code), ...messages.facts(order) };
  };

  const refund = (wish: RefundApply, ordered: { readonly code: string | undefined } | undefined): Body => {
    const order = orders.get(wish.orderId);
    const said = { mid, orderId: wish.orderId, txnId: wish.txnId, refId: wish.refId, refundAmount: wish.refundAmount };
    const refuse = (code: string): Body => ({ resultInfo: result('TXN_FAILURE', code), ...said });
    if (refunds.get(wish.refId) !== undefined) return refuse('617');
    if (order === undefined || order.txnId !== wish.txnId) return refuse('627');
    if (order.status !== 'TXN_SUCCESS') return refuse('607');
    const amountMinor = amountOf(wish.refundAmount);
    const earlier = refundsOf(order.orderId).map(settle);
    const left = order.amountMinor - earlier.reduce((sum, one) => sum + one.amountMinor, 0);
    if (left === 0) return refuse('629');
    if (amountMinor === undefined || amountMinor > left) return refuse('619');
    if (amountMinor < smallestRefundMinor) return refuse('635');
    if (earlier.some((one) => one.status === 'PENDING')) return refuse('626');
    const made: PaytmRefund = { refId: wish.refId, refundId: nextTxnId(), orderId: order.orderId, amountMinor, status: 'PENDING', dueMs: Date.now() + config.refundDelayMs };
    if (ordered !== undefined) {
      const code = ordered.code ?? '600';
      record(order, 'refund', amountMinor, made.refundId, { code, refundId: wish.refId });
      return refuse(code);
    }
    refunds.put(made.refId, made);
    watchRefund(made);
    return { resultInfo: result('PENDING', '601'), ...said, refundId: made.refundId };
  };

  const refundStatus = (orderId: string, refId: string): Body => {
    const found = refunds.get(refId);
    const order = orders.get(orderId);
    if (found === undefined || order === undefined || found.orderId !== orderId) return { resultInfo: result('TXN_FAILURE', '631'), mid, orderId, refId };
    const now = settle(found);
    return { resultInfo: result(now.status, now.status === 'PENDING' ? '601' : '10'), ...messages.refundFacts(orders.get(orderId) ?? order, now) };
  };

  /** The token is the payer's right to see the order and to pay it. */
  const ofPayer = (orderId: string, txnToken: string): Order | undefined => {
    const order = orders.get(orderId);
    return order !== undefined && sameSecret(txnToken, order.txnToken) && order.tokenUntilMs > Date.now() ? order : undefined;
  };

  /** After a restart. */
  const resume = (): void => {
    for (const order of orders.values()) watchPayer(order);
    for (const one of refunds.values()) watchRefund(one);
  };

  return { initiate, status, refund, refundStatus, decide, ofPayer, resume, callbackFields: messages.callbackFields, peek: (orderId: string) => orders.get(orderId) };
}
