/**
 * Whether the books are right: what the gateways really executed (the sandbox's journal) against what the product
 * believes (its ledger and its rows). To be asked when nothing is under way any more.
 */
import type { Kysely } from 'kysely';
import type { Audience } from '../../contracts/notifications.ts';
import { openPaymentStatuses, type GatewayName, type PaymentStatus, type SubjectKind } from '../../contracts/payments/flow.ts';
import type { Database } from '../../services/database/schema.ts';
import { request } from './http.ts';
import type { JournalItem } from './sandbox.ts';

export interface PaymentLine {
  readonly id: string;
  readonly status: PaymentStatus;
  readonly gateway: GatewayName;
  readonly amount: number;
  readonly currency: string;
  readonly captured: number;
  readonly refunded: number;
  readonly failure: string | null;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
}

export interface Books {
  readonly journal: readonly JournalItem[];
  readonly payments: readonly PaymentLine[];
  readonly refunds: readonly { readonly id: string; readonly paymentId: string; readonly amount: number; readonly status: string }[];
  readonly entries: readonly { readonly transactionId: string; readonly kind: string; readonly paymentId: string | null; readonly account: string; readonly currency: string; readonly amount: number }[];
  readonly bookings: readonly { readonly id: string; readonly status: string; readonly reference: string | null }[];
  /** Purchases of held vehicles. */
  readonly vehicles: readonly { readonly purchaseId: string; readonly bookingId: string | null }[];
  readonly notices: readonly { readonly template: string; readonly audience: Audience; readonly recipientId: string; readonly subjectId: string }[];
  /** What gateways sent and no flow has looked into. */
  readonly waitingWebhooks: number;
}

/** Everything that was ever executed. */
async function readJournal(sandboxUrl: string): Promise<(JournalItem & { readonly tenantId?: string })[]> {
  const all: JournalItem[] = [];
  for (let since = 0; ; ) {
    const { body } = await request(`${sandboxUrl}/_journal?since=${since}`, {});
    const items = body['items'] as JournalItem[];
    if (items.length === 0) return all;
    all.push(...items);
    since = body['nextSeq'] as number;
  }
}

export async function readBooks(db: Kysely<Database>, tenantId: string, sandboxUrl: string): Promise<Books> {
  const [journal, payments, refunds, entries, bookings, vehicles, notices, waiting] = await Promise.all([
    readJournal(sandboxUrl),
    db
      .selectFrom('payments')
      .select(['id', 'status', 'gateway', 'amount_minor as amount', 'currency', 'captured_minor as captured', 'refunded_minor as refunded', 'failure_code as failure', 'subject_kind as subjectKind', 'subject_id as subjectId'])
      .where('tenant_id', '=', tenantId)
      .execute(),
    db.selectFrom('refunds').select(['id', 'payment_id as paymentId', 'amount_minor as amount', 'status']).where('tenant_id', '=', tenantId).execute(),
    db
      .selectFrom('ledger_entries as entry')
      .innerJoin('ledger_transactions as t', (join) => join.onRef('t.tenant_id', '=', 'entry.tenant_id').onRef('t.id', '=', 'entry.transaction_id'))
      .select(['entry.transaction_id as transactionId', 't.kind', 't.payment_id as paymentId', 'entry.account', 'entry.currency', 'entry.amount_minor as amount'])
      .where('entry.tenant_id', '=', tenantId)
      .execute(),
    db.selectFrom('bookings').select(['id', 'status', 'reference']).where('tenant_id', '=', tenantId).execute(),
    db.selectFrom('purchases').select(['id as purchaseId', 'booking_id as bookingId']).where('tenant_id', '=', tenantId).where('booking_id', 'is not', null).execute(),
    db.selectFrom('notifications').select(['template', 'audience', 'customer_id as recipientId', 'subject_id as subjectId']).where('tenant_id', '=', tenantId).execute(),
    db.selectFrom('inbound_webhooks').select('event_id').where('tenant_id', '=', tenantId).where('processed_at', 'is', null).execute(),
  ]);
  return { journal: journal.filter((item) => (item.tenantId ?? tenantId) === tenantId), payments, refunds, entries, bookings, vehicles, notices, waitingWebhooks: waiting.length };
}

/** @returns one line for each thing that is wrong; empty when both sides agree to the cent. */
export function problemsIn(books: Books): string[] {
  const paymentsById = new Map(books.payments.map((payment) => [payment.id, payment]));
  const executed = books.journal.filter(({ status }) => status === 'executed');
  return [
    ...executed.filter(({ paymentId }) => !paymentsById.has(paymentId)).map(({ operation, paymentId, gatewayRef }) => `the gateway executed a ${operation} (${gatewayRef}) for ${paymentId}, which is no payment of ours`),
    ...books.payments.flatMap((payment) => problemsOfPayment(payment, books, executed.filter(({ paymentId }) => paymentId === payment.id)).map((problem) => `${payment.gateway} payment ${payment.id} (${payment.status}): ${problem}`)),
    ...problemsOfLedger(books),
    ...problemsOfBookings(books, paymentsById),
    ...problemsOfNotices(books),
    ...(books.waitingWebhooks === 0 ? [] : [`${books.waitingWebhooks} notifications of gateways were not looked into`]),
  ];
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
const inOrder = (amounts: readonly number[]): string => amounts.toSorted((a, b) => a - b).join(', ');

function problemsOfPayment(payment: PaymentLine, books: Books, executed: readonly JournalItem[]): string[] {
  const taking = executed.filter(({ operation }) => operation === 'charge' || operation === 'capture');
  const takenMinor = sum(taking.map(({ amountMinor }) => amountMinor));
  const backMinor = executed.filter(({ operation }) => operation === 'refund').map(({ amountMinor }) => amountMinor);
  const refunds = books.refunds.filter(({ paymentId }) => paymentId === payment.id);
  const doneMinor = refunds.filter(({ status }) => status === 'succeeded').map(({ amount }) => amount);
  const own = books.entries.filter(({ paymentId }) => paymentId === payment.id);
  const heldMinor = sum(own.filter(({ account }) => account === `gateway:${payment.gateway}`).map(({ amount }) => amount));
  const owedMinor = sum(own.filter(({ account }) => account === 'deposits').map(({ amount }) => amount));
  const strangeMoney = executed.some(({ currency, party }) => currency.toUpperCase() !== payment.currency || party !== payment.gateway) || own.some(({ currency, account }) => currency !== payment.currency || (account.startsWith('gateway:') && account !== `gateway:${payment.gateway}`));
  const expectations: readonly (readonly [right: boolean, problem: string])[] = [
    [!openPaymentStatuses.some((status) => status === payment.status), 'it is between states'],
    [taking.length <= 1, `it was charged ${taking.length} times`],
    [executed.filter(({ operation }) => operation === 'authorise').length <= 1, 'it was authorised more than once'],
    [!strangeMoney, 'another currency or gateway was used than was ordered'],
    [heldMinor === takenMinor - sum(backMinor), `the gateway holds ${takenMinor - sum(backMinor)}, the ledger says ${heldMinor}`],
    [payment.captured === takenMinor, `the gateway took ${takenMinor}, the row says ${payment.captured}`],
    [taking.length === 0 || takenMinor === payment.amount, `the gateway took ${takenMinor} of ${payment.amount}`],
    [inOrder(backMinor) === inOrder(doneMinor), `the gateway gave back [${inOrder(backMinor)}], the refunds that succeeded are [${inOrder(doneMinor)}]`],
    [payment.refunded === sum(doneMinor), `refunds came to ${sum(doneMinor)}, the row says ${payment.refunded}`],
    [refunds.every(({ status }) => status !== 'requested'), 'a refund is under way'],
    [owedMinor === 0, `${owedMinor} are left in the deposits`],
    [payment.status !== 'settled' || taking.length === 1, 'it is settled without a charge'],
    [payment.status !== 'settled' || payment.refunded < payment.captured, 'it is settled although all of it was given back'],
    [payment.status !== 'failed' || takenMinor === sum(backMinor), 'it failed, but money was kept'],
    [payment.status !== 'refunded' || (takenMinor > 0 && takenMinor === sum(backMinor)), 'it is refunded, but not all of it'],
  ];
  return expectations.flatMap(([right, problem]) => (right ? [] : [problem]));
}

function problemsOfLedger({ entries, payments }: Books): string[] {
  const known = new Set(payments.map(({ id }) => id));
  const totals = new Map<string, number>();
  const add = (of: string, amount: number): void => void totals.set(of, (totals.get(of) ?? 0) + amount);
  for (const { transactionId, account, currency, amount } of entries) {
    add(`all accounts in ${currency}`, amount);
    add(`transaction ${transactionId} in ${currency}`, amount);
    if (account === 'deposits') add(`deposits in ${currency}`, amount);
  }
  return [
    ...[...totals].filter(([, total]) => total !== 0).map(([of, total]) => `${of} sum to ${total} instead of 0`),
    ...entries.filter(({ paymentId }) => paymentId === null || !known.has(paymentId)).map(({ transactionId }) => `transaction ${transactionId} of the ledger belongs to no payment`),
  ];
}

/** A settlement makes a booking certain in the same moment, and nothing else does. What was given back later changes neither. */
function problemsOfBookings({ payments, bookings, vehicles, entries }: Books, paymentsById: ReadonlyMap<string, PaymentLine>): string[] {
  const bookingOf = (payment: PaymentLine | undefined): string | null | undefined => (payment?.subjectKind === 'booking' ? payment.subjectId : vehicles.find(({ purchaseId }) => purchaseId === payment?.subjectId)?.bookingId);
  const settled = new Set(entries.filter(({ kind }) => kind === 'settle').map(({ paymentId }) => paymentId));
  const bookingsById = new Map(bookings.map((booking) => [booking.id, booking]));
  return [
    ...payments
      .filter(({ id }) => settled.has(id))
      .map((payment) => ({ id: payment.id, bookingId: bookingOf(payment) ?? undefined }))
      .filter(({ id, bookingId }) => bookingId !== undefined && (bookingsById.get(bookingId)?.status !== 'confirmed' || bookingsById.get(bookingId)?.reference !== id))
      .map(({ id, bookingId }) => `payment ${id} was settled, but booking ${bookingId ?? ''} is not confirmed by it`),
    ...payments.filter(({ id, status }) => status === 'settled' && !settled.has(id)).map(({ id }) => `payment ${id} is settled, but not in the ledger`),
    ...bookings
      .filter(({ id, status, reference }) => status === 'confirmed' && !(reference !== null && settled.has(reference) && bookingOf(paymentsById.get(reference)) === id))
      .map(({ id, reference }) => `booking ${id} is confirmed (${reference ?? 'without a reference'}), but nothing was settled for it`),
  ];
}

function problemsOfNotices({ payments, refunds, entries, notices }: Books): string[] {
  const told = new Map<string, number>();
  const name = (template: string, subjectId: string, audience: Audience): string => `${template} about ${subjectId} to ${audience}`;
  for (const { template, subjectId, audience, recipientId } of notices) {
    const key = audience === 'seller' ? `${name(template, subjectId, audience)} ${recipientId}` : name(template, subjectId, audience);
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  const settled = new Set(entries.filter(({ kind }) => kind === 'settle').map(({ paymentId }) => paymentId));
  const ofBookings = payments.filter(({ subjectKind }) => subjectKind === 'booking');
  const due = [
    ...ofBookings.filter(({ id }) => settled.has(id)).map(({ subjectId }) => name('booking_confirmed', subjectId, 'customer')),
    ...ofBookings.filter(({ status, failure }) => status === 'failed' && failure !== 'cancelled').flatMap(({ id }) => [name('payment_failed', id, 'customer'), name('payment_failed', id, 'administrators')]),
    ...refunds.filter(({ status }) => status === 'succeeded').map(({ id }) => name('payment_refunded', id, 'customer')),
  ];
  return [
    // A refund may be refused more than once, an undo be parked again, and each time is worth a notice.
    ...[...told].filter(([key, times]) => times > 1 && !/^(refund_failed|compensation_parked) /.test(key)).map(([key, times]) => `${key} was told ${times} times`),
    ...due.filter((key) => !told.has(key)).map((key) => `${key} was never told`),
  ];
}
