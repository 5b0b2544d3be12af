import { describe, expect, test } from '@jest/globals';
import { problemsIn, type Books, type PaymentLine } from '../support/money-oracle.ts';
import type { JournalItem } from '../support/sandbox.ts';

/** Two bookings paid, one of them given back in part; one declined, and its booking released. */
const right: Books = {
  journal: [executed('charge', 'pay_1', 1_000), executed('charge', 'pay_2', 2_001), executed('refund', 'pay_2', 501), { ...executed('charge', 'pay_3', 300), status: 'declined' }],
  payments: [paid('1', 1_000), { ...paid('2', 2_001), refunded: 501 }, { ...paid('3', 300), status: 'failed', captured: 0, failure: 'insufficient_funds' }],
  refunds: [{ id: 'rfd_1', paymentId: 'pay_2', amount: 501, status: 'succeeded' }],
  entries: [...taken('pay_1', 1_000), ...settled('pay_1', 1_000), ...taken('pay_2', 2_001), ...settled('pay_2', 2_001), ...posted('pay_2', 'refund', { 'gateway:stripe': -501, revenue: 501 })],
  bookings: [{ id: 'bkg_1', status: 'confirmed', reference: 'pay_1' }, { id: 'bkg_2', status: 'confirmed', reference: 'pay_2' }, { id: 'bkg_3', status: 'released', reference: null }],
  vehicles: [],
  notices: [notice('booking_confirmed', 'bkg_1'), notice('booking_confirmed', 'bkg_2'), notice('payment_refunded', 'rfd_1'), notice('payment_failed', 'pay_3'), { ...notice('payment_failed', 'pay_3'), audience: 'administrators' }],
  waitingWebhooks: 0,
};

function executed(operation: string, paymentId: string, amountMinor: number): JournalItem {
  return { party: 'stripe', operation, paymentId, gatewayRef: `pi_${paymentId}`, amountMinor, currency: 'EUR', status: 'executed' };
}

function paid(suffix: string, amount: number): PaymentLine {
  return { id: `pay_${suffix}`, status: 'settled', gateway: 'stripe', amount, currency: 'EUR', captured: amount, refunded: 0, failure: null, subjectKind: 'booking', subjectId: `bkg_${suffix}` };
}

function posted(paymentId: string, kind: string, amounts: Readonly<Record<string, number>>): Books['entries'] {
  return Object.entries(amounts).map(([account, amount]) => ({ transactionId: `${paymentId}:${kind}`, kind, paymentId, account, currency: 'EUR', amount }));
}

function taken(paymentId: string, amount: number): Books['entries'] {
  return posted(paymentId, 'capture', { 'gateway:stripe': amount, deposits: -amount });
}

function settled(paymentId: string, amount: number): Books['entries'] {
  return posted(paymentId, 'settle', { deposits: amount, revenue: -amount });
}

function notice(template: string, subjectId: string): Books['notices'][number] {
  return { template, audience: 'customer', recipientId: 'ada', subjectId };
}

const changed = <Item extends object>(items: readonly Item[], index: number, change: Partial<Item>): Item[] => items.map((item, at) => (at === index ? { ...item, ...change } : item));

describe('the money oracle', () => {
  test('finds nothing in books that are right', () => {
    expect(problemsIn(right)).toEqual([]);
  });

  test.each<[string, Partial<Books>, RegExp]>([
    ['a payment that was charged twice', { journal: [...right.journal, executed('charge', 'pay_1', 1_000)] }, /pay_1 .*charged 2 times/],
    ['a charge that nobody has written down', { journal: [...right.journal, executed('charge', 'pay_9', 700)] }, /charge .* for pay_9, which is no payment of ours/],
    ['a charge of a payment that is called failed', { journal: [...right.journal, executed('charge', 'pay_3', 300)] }, /pay_3 \(failed\): it failed, but money was kept/],
    ['a settled payment that was never charged', { journal: right.journal.slice(1) }, /pay_1 .*settled without a charge/],
    ['a cent too much at the gateway', { journal: changed(right.journal, 0, { amountMinor: 1_001 }) }, /pay_1 .*gateway holds 1001, the ledger says 1000/],
    ['a cent too little in the ledger', { entries: changed(right.entries, 0, { amount: 999 }) }, /all accounts in EUR sum to -1/],
    ['a charge in another currency', { journal: changed(right.journal, 0, { currency: 'USD' }) }, /pay_1 .*another currency/],
    ['a refund that was sent twice', { journal: [...right.journal, executed('refund', 'pay_2', 501)] }, /pay_2 .*gave back \[501, 501\]/],
    ['a refund that only the ledger knows', { journal: right.journal.filter(({ operation }) => operation !== 'refund') }, /pay_2 .*gave back \[\]/],
    ['a refund that goes on', { refunds: changed(right.refunds, 0, { status: 'requested' }) }, /pay_2 .*a refund is under way/],
    ['a payment between states', { payments: changed(right.payments, 0, { status: 'reconciling' }) }, /pay_1 \(reconciling\): it is between states/],
    ['captured money that is nobody’s', { entries: right.entries.filter(({ transactionId }) => transactionId !== 'pay_1:settle') }, /pay_1 .*-1000 are left in the deposits/],
    ['a paid booking that is not confirmed', { bookings: changed(right.bookings, 0, { status: 'released', reference: null }) }, /booking bkg_1 is not confirmed/],
    ['a booking confirmed by another payment', { bookings: changed(right.bookings, 0, { reference: 'pay_2' }) }, /booking bkg_1 is confirmed \(pay_2\), but nothing was settled/],
    ['a booking confirmed without money', { bookings: changed(right.bookings, 2, { status: 'confirmed' }) }, /booking bkg_3 is confirmed/],
    ['a vehicle that was sold and is not confirmed', { payments: changed(right.payments, 0, { subjectKind: 'purchase', subjectId: 'pur_1' }), vehicles: [{ purchaseId: 'pur_1', bookingId: 'bkg_3' }] }, /payment pay_1 was settled, but booking bkg_3 is not confirmed by it/],
    ['a confirmation that was sent twice', { notices: [...right.notices, notice('booking_confirmed', 'bkg_1')] }, /booking_confirmed about bkg_1 .*told 2 times/],
    ['a decline that nobody was told of', { notices: right.notices.filter(({ template }) => template !== 'payment_failed') }, /payment_failed about pay_3 to administrators was never told/],
    ['a notification that waits', { waitingWebhooks: 2 }, /2 notifications/],
  ])('finds %s', (_what, tampered, problem) => {
    expect(problemsIn({ ...right, ...tampered })).toContainEqual(expect.stringMatching(problem));
  });
});
