import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { paymentStatuses, type PaymentStatus } from '../../contracts/payments/flow.ts';
import type { CaseKind } from '../../contracts/reconciliation.ts';
import { compare, compareStranger, compareWithNobody, decide, movingMs, type Difference, type Ours } from '../../services/database/reconciliation/compare.ts';
import type { ChargeState } from '../../services/payments/gateway.ts';

const now = new Date('2031-05-01T12:00:00Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const minutes = (count: number): number => count * 60_000;

/** Settled, 1,000 taken, an hour old, everything in order. */
const settled: Ours = {
  tenantId: 'shop',
  paymentId: 'pay_1',
  customerId: 'ada',
  gateway: 'stripe',
  gatewayRef: 'pi_1',
  status: 'settled',
  amountMinor: 1_000,
  currency: 'EUR',
  capturedMinor: 1_000,
  refundedMinor: 0,
  refundingMinor: 0,
  refundingSince: undefined,
  ledgerMinor: 1_000,
  processing: false,
  payBy: ago(minutes(5)),
  createdAt: ago(minutes(8)),
  updatedAt: ago(minutes(8)),
  hasNews: false,
  pokedAt: undefined,
};
const untaken = (status: PaymentStatus, more: Partial<Ours> = {}): Ours => ({ ...settled, status, capturedMinor: 0, ledgerMinor: 0, ...more });

const known = { gatewayRef: 'pi_1', amountMinor: 1_000, currency: 'EUR', answer: {} };
const open: ChargeState = { ...known, state: 'open' };
const authorised: ChargeState = { ...known, state: 'authorised' };
const captured = (capturedMinor = 1_000, refundedMinor = 0): ChargeState => ({ ...known, state: 'captured', capturedMinor, refundedMinor });
const failed: ChargeState = { state: 'failed', decline: { code: 'card_declined', gatewayCode: 'generic_decline', message: '' }, answer: {} };
const absent: ChargeState = { state: 'absent' };

const kinds = (differences: readonly Difference[]): CaseKind[] => differences.map(({ kind }) => kind);

test.each<[string, Ours, ChargeState, CaseKind[]]>([
  ['settled and taken', settled, captured(), []],
  ['settled, a part of it given back', { ...settled, refundedMinor: 300, ledgerMinor: 700 }, captured(1_000, 300), []],
  ['refunded and all of it given back', { ...settled, status: 'refunded', refundedMinor: 1_000, ledgerMinor: 0 }, captured(1_000, 1_000), []],
  ['failed and declined', untaken('failed'), failed, []],
  ['failed and never heard of', untaken('failed'), absent, []],
  ['failed, taken and given back again', untaken('failed'), captured(1_000, 1_000), []],
  ['failed while the page is still there', untaken('failed'), open, []],
  ['created and open', untaken('created', { payBy: ago(-minutes(5)) }), open, []],
  ['created and not sent yet', untaken('created', { payBy: ago(-minutes(5)) }), absent, []],
  ['authorised and held', untaken('authorised'), authorised, []],
  ['unknown, and the gateway has not decided', untaken('unknown'), open, []],

  ['settled, but the gateway has never heard of it', settled, absent, ['missing_there']],
  ['authorised, but the gateway has never heard of it', untaken('authorised'), absent, ['missing_there']],
  ['taken, but less of it', settled, captured(900), ['amount_differs']],
  ['another amount', settled, { ...captured(1_000), amountMinor: 1_100 } as ChargeState, ['amount_differs']],
  ['another currency', settled, { ...captured(), currency: 'USD' } as ChargeState, ['amount_differs']],
  ['another amount on a page that is still open', untaken('created', { payBy: ago(-minutes(5)) }), { ...open, amountMinor: 1 }, ['amount_differs']],
  ['settled, but only held', settled, authorised, ['state_differs']],
  ['settled, but declined', settled, failed, ['state_differs']],
  ['failed, but taken', untaken('failed'), captured(), ['state_differs']],
  ['failed, but taken and only partly given back', untaken('failed'), captured(1_000, 999), ['state_differs']],
  ['failed, but still held', untaken('failed'), authorised, ['state_differs']],
  ['created, but taken', untaken('created'), captured(), ['state_differs']],
  ['unknown, but declined', untaken('unknown'), failed, ['state_differs']],
  ['a refund that we know nothing of', settled, captured(1_000, 200), ['refund_differs']],
  ['a refund that the gateway knows nothing of', { ...settled, refundedMinor: 200, ledgerMinor: 800 }, captured(), ['refund_differs']],
  ['a refund under way, done there already', { ...settled, refundingMinor: 200 }, captured(1_000, 200), []],
  ['a refund under way, not done there yet', { ...settled, refundingMinor: 200 }, captured(), []],
  ['more given back than is under way', { ...settled, refundingMinor: 200 }, captured(1_000, 201), ['refund_differs']],
  ['a ledger with a cent too much', { ...settled, ledgerMinor: 1_001 }, captured(), ['ledger_differs']],
  ['a ledger that counts a payment by which nothing was taken', untaken('failed', { ledgerMinor: 1_000 }), failed, ['ledger_differs']],
  ['a ledger and a refund that are both wrong', { ...settled, ledgerMinor: 1 }, captured(1_000, 200), ['refund_differs', 'ledger_differs']],

  ['created, and the payer had to have paid long ago', untaken('created', { payBy: ago(minutes(11)) }), open, ['stuck']],
  ['created while the bank is thinking', untaken('created', { payBy: ago(minutes(600)), processing: true }), open, []],
  ['created, and the bank has thought for four days', untaken('created', { createdAt: ago(minutes(5_760)), processing: true }), open, ['stuck']],
  ['unknown for a quarter of an hour', untaken('unknown', { updatedAt: ago(minutes(16)) }), absent, ['stuck']],
  ['being asked about for a quarter of an hour', untaken('reconciling', { updatedAt: ago(minutes(16)) }), open, ['stuck']],
  ['held for a quarter of an hour', untaken('authorised', { updatedAt: ago(minutes(16)) }), authorised, ['stuck']],
  ['taken half an hour ago, and still nobody’s', { ...settled, status: 'captured', updatedAt: ago(minutes(31)) }, captured(), ['stuck']],
  ['a refund under way for eleven days', { ...settled, refundingMinor: 200, refundingSince: ago(minutes(11 * 1_440)) }, captured(), ['stuck']],
  ['a refund under way for nine days', { ...settled, refundingMinor: 200, refundingSince: ago(minutes(9 * 1_440)) }, captured(), []],
  ['taken a quarter of an hour ago', { ...settled, status: 'captured', updatedAt: ago(minutes(16)) }, captured(), []],
])('%s', (_, ours, theirs, expected) => {
  expect(kinds(compare(ours, theirs, now))).toEqual(expected);
});

test.each<[string, Partial<Ours>]>([
  ['younger than two minutes', { createdAt: ago(movingMs - 1), updatedAt: ago(movingMs - 1) }],
  ['changed within two minutes', { updatedAt: ago(movingMs - 1) }],
  ['of which the gateway has news', { hasNews: true }],
])('a payment %s is left alone, whatever the gateway says', (_, moving) => {
  for (const theirs of [absent, open, authorised, captured(1), failed]) expect(compare({ ...settled, ...moving }, theirs, now)).toEqual([]);
});

test('evidence has both sides, and nothing about the payer', () => {
  const [difference] = compare(settled, captured(1_000, 200), now);
  expect(difference?.evidence).toEqual({
    ours: { state: 'settled', amount: 1_000, currency: 'EUR', captured: 1_000, refunded: 0, ledger: 1_000 },
    theirs: { state: 'captured', amount: 1_000, currency: 'EUR', captured: 1_000, refunded: 200 },
  });
});

test('a gateway that would not say makes only what is overdue a case', () => {
  expect(compareWithNobody(settled, now)).toEqual([]);
  expect(kinds(compareWithNobody(untaken('unknown', { updatedAt: ago(minutes(16)) }), now))).toEqual(['stuck']);
});

test('a charge that we do not know is a case when there is money in it', () => {
  expect([open, failed, absent, captured(1_000, 1_000)].map(compareStranger)).toEqual([undefined, undefined, undefined, undefined]);
  expect([authorised, captured(1_000, 999)].map((theirs) => compareStranger(theirs)?.kind)).toEqual(['missing_here', 'missing_here']);
});

describe('what is done about a difference', () => {
  const judge = (ours: Ours, theirs: ChargeState) => {
    const { raise, poke } = decide(ours, compare(ours, theirs, now), now);
    return { raise: kinds(raise), poke };
  };

  test('that asking cannot change: it is a case at once', () => {
    expect(judge(settled, captured(1_000, 200))).toEqual({ raise: ['refund_differs'], poke: false });
    expect(judge(untaken('reconciling'), { ...captured(), amountMinor: 1 } as ChargeState)).toEqual({ raise: ['amount_differs'], poke: true });
  });

  test.each<[string, Ours, ChargeState, CaseKind]>([
    ['an open payment that was taken', untaken('created'), captured(), 'state_differs'],
    ['a failed one that was taken after all', untaken('failed'), captured(), 'state_differs'],
    ['an unknown one that nobody went on with', untaken('unknown', { updatedAt: ago(minutes(16)) }), absent, 'stuck'],
  ])('%s: its flow gets the chance to ask first, then it is a case, and the flow is told again', (_, ours, theirs, kind) => {
    expect(judge(ours, theirs)).toEqual({ raise: [], poke: true });
    expect(judge({ ...ours, pokedAt: ago(movingMs - 1) }, theirs)).toEqual({ raise: [], poke: false });
    expect(judge({ ...ours, pokedAt: ago(movingMs) }, theirs)).toEqual({ raise: [kind], poke: true });
  });

  test('a payment that has gone on since its flow was told gets another chance', () => {
    const ours = untaken('unknown', { updatedAt: ago(minutes(16)), pokedAt: ago(minutes(20)) });
    expect(judge(ours, absent)).toEqual({ raise: [], poke: true });
  });
});

describe('whatever the two sides are', () => {
  const amount = fc.integer({ min: 1, max: 5 });
  const theirs: fc.Arbitrary<ChargeState> = fc.oneof(
    fc.constant(absent),
    fc.constant(failed),
    amount.map((amountMinor): ChargeState => ({ ...known, amountMinor, state: 'open' })),
    amount.map((amountMinor): ChargeState => ({ ...known, amountMinor, state: 'authorised' })),
    fc.record({ amountMinor: amount, capturedMinor: amount, share: fc.integer({ min: 0, max: 5 }) }).map(({ amountMinor, capturedMinor, share }): ChargeState => ({ ...known, amountMinor, state: 'captured', capturedMinor, refundedMinor: Math.min(share, capturedMinor) })),
  );
  const ours: fc.Arbitrary<Ours> = fc
    .record({
      status: fc.constantFrom(...paymentStatuses),
      amountMinor: amount,
      refunded: fc.integer({ min: 0, max: 5 }),
      refunding: fc.integer({ min: 0, max: 5 }),
      ledgerOff: fc.constantFrom(0, 0, 0, -1, 2),
      ageMinutes: fc.integer({ min: 3, max: 20 }),
    })
    .map(({ status, amountMinor, refunded, refunding, ledgerOff, ageMinutes }) => {
      const taken = status === 'captured' || status === 'settled' || status === 'refunded';
      const capturedMinor = taken ? amountMinor : 0;
      const refundedMinor = status === 'refunded' ? capturedMinor : Math.min(refunded, capturedMinor);
      const refundingMinor = Math.min(refunding, capturedMinor - refundedMinor);
      return { ...settled, status, amountMinor, capturedMinor, refundedMinor, refundingMinor, ledgerMinor: capturedMinor - refundedMinor + ledgerOff, updatedAt: ago(minutes(ageMinutes)), createdAt: ago(minutes(ageMinutes)) };
    });
  const held = (state: ChargeState): number => (state.state === 'captured' ? state.capturedMinor - state.refundedMinor : 0);

  test('silence means that the ledger has what the gateway has, to the cent, but for refunds under way', () => {
    fc.assert(
      fc.property(ours, theirs, (our, their) => {
        if (compare(our, their, now).length > 0) return;
        expect(our.ledgerMinor).toBeGreaterThanOrEqual(held(their));
        expect(our.ledgerMinor - held(their)).toBeLessThanOrEqual(our.refundingMinor);
      }),
      { numRuns: 5_000 },
    );
  });

  test('no kind is named twice, and nothing is called stuck that has a better name', () => {
    fc.assert(
      fc.property(ours, theirs, (our, their) => {
        const found = kinds(compare(our, their, now));
        expect(new Set(found).size).toBe(found.length);
        if (found.includes('stuck')) expect(found).toEqual(['stuck']);
      }),
    );
  });

  test('every difference is a case or is with the flow; after the flow had its chance every one is a case', () => {
    fc.assert(
      fc.property(ours, theirs, (our, their) => {
        const found = compare(our, their, now);
        const first = decide(our, found, now);
        expect(first.poke || first.raise.length === found.length).toBe(true);
        expect(decide({ ...our, pokedAt: ago(movingMs) }, found, now).raise).toEqual(found);
      }),
    );
  });
});
