/**
 * The comparison itself: what we have written down about a payment, what its gateway says, and the time give the
 * differences. Nothing here asks or writes.
 */
import type { CaseKind, Evidence, Side } from '../../../contracts/reconciliation.ts';
import { openPaymentStatuses, type GatewayName, type PaymentStatus } from '../../../contracts/payments/flow.ts';
import type { ChargeState } from '../../payments/gateway.ts';

/** A payment as we know it, with what else speaks of it. */
export interface Ours {
  readonly tenantId: string;
  readonly paymentId: string;
  readonly customerId: string;
  readonly gateway: GatewayName;
  readonly gatewayRef: string | undefined;
  readonly status: PaymentStatus;
  readonly amountMinor: number;
  readonly currency: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** Refunds that were asked for, and of which the gateway's answer is not written down yet. */
  readonly refundingMinor: number;
  /** Since when the oldest of them has been under way. */
  readonly refundingSince: Date | undefined;
  /** The sum of the payment's entries on the gateway's account. */
  readonly ledgerMinor: number;
  /** The payer has acted and the bank has not decided. */
  readonly processing: boolean;
  readonly payBy: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** The gateway has told something that the flow has not looked into yet. */
  readonly hasNews: boolean;
  /** When the flow was last told to ask the gateway because of a difference. */
  readonly pokedAt: Date | undefined;
}

export interface Difference {
  readonly kind: CaseKind;
  readonly evidence: Evidence;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Whatever changed within this time may still be changing: both sides are not looked at in the same moment. */
export const movingMs = 2 * minuteMs;
/** From when a payment that is still open has been forgotten by whoever should go on with it. */
const overdueAfterMs = { payBy: 10 * minuteMs, authorised: 15 * minuteMs, captured: 30 * minuteMs, unknown: 15 * minuteMs, bank: 75 * hourMs } as const;
/** A bank may take days for a refund; one that goes on for longer has not been given back, whatever the reason. */
export const refundOverdueAfterMs = 10 * 24 * hourMs;

const isTaken = ({ status }: Ours): boolean => status === 'captured' || status === 'settled' || status === 'refunded';
export const isOpen = ({ status }: Ours): boolean => openPaymentStatuses.some((open) => open === status);

/** Too young to be judged, or being worked on: the next run sees it. */
export function isMoving(ours: Ours, now: Date): boolean {
  return ours.hasNews || now.getTime() - Math.max(ours.createdAt.getTime(), ours.updatedAt.getTime()) < movingMs;
}

/** @returns every way in which the two sides disagree; none while the payment is moving. */
export function compare(ours: Ours, theirs: ChargeState, now: Date): readonly Difference[] {
  if (isMoving(ours, now)) return [];
  const kinds: CaseKind[] = [];
  if (theirs.state === 'absent' && (isTaken(ours) || ours.status === 'authorised')) kinds.push('missing_there');
  if (amountDiffers(ours, theirs)) kinds.push('amount_differs');
  if (stateDiffers(ours, theirs)) kinds.push('state_differs');
  if (refundDiffers(ours, theirs)) kinds.push('refund_differs');
  // A payment and its ledger are written in one transaction. So a ledger that agrees with the payment needs no case of
  // its own where the gateway disagrees with both.
  if (ours.ledgerMinor !== ours.capturedMinor - ours.refundedMinor) kinds.push('ledger_differs');
  if (kinds.length === 0 && isOverdue(ours, now)) kinds.push('stuck');
  const evidence = { ours: ourSide(ours), theirs: theirSide(theirs) };
  return kinds.map((kind) => ({ kind, evidence }));
}

/** The gateway would not say: all that can be told is whether it has been so for too long. */
export function compareWithNobody(ours: Ours, now: Date): readonly Difference[] {
  if (isMoving(ours, now) || !isOverdue(ours, now)) return [];
  return [{ kind: 'stuck', evidence: { ours: ourSide(ours), theirs: { state: 'unanswered' } } }];
}

/** A charge that the gateway lists and we do not know. Without money in it, it is nobody's business. */
export function compareStranger(theirs: ChargeState): Difference | undefined {
  const holds = theirs.state === 'authorised' || (theirs.state === 'captured' && theirs.capturedMinor > theirs.refundedMinor);
  return holds ? { kind: 'missing_here', evidence: { theirs: theirSide(theirs) } } : undefined;
}

export interface Verdict {
  /** What becomes a case, or stays one. */
  readonly raise: readonly Difference[];
  /** The flow is told to ask the gateway. */
  readonly poke: boolean;
}

/**
 * What the payment's flow can put right by asking the gateway, it gets the chance to: the case is for the run after
 * that. What asking cannot change is a case at once.
 */
export function decide(ours: Ours, differences: readonly Difference[], now: Date): Verdict {
  const flowMayHelp = isOpen(ours) || ours.status === 'failed';
  const curable = ({ kind }: Difference): boolean => flowMayHelp && (kind === 'state_differs' || kind === 'stuck');
  const { pokedAt } = ours;
  const asked = pokedAt !== undefined && pokedAt >= ours.updatedAt;
  const hadItsChance = asked && now.getTime() - pokedAt.getTime() >= movingMs;
  return {
    raise: differences.filter((difference) => !curable(difference) || hadItsChance),
    poke: differences.some(curable) && (!asked || hadItsChance),
  };
}

function amountDiffers(ours: Ours, theirs: ChargeState): boolean {
  if (!('amountMinor' in theirs)) return false;
  if (theirs.amountMinor !== ours.amountMinor || theirs.currency !== ours.currency) return true;
  return theirs.state === 'captured' && isTaken(ours) && theirs.capturedMinor !== ours.capturedMinor;
}

function stateDiffers(ours: Ours, theirs: ChargeState): boolean {
  switch (ours.status) {
    case 'captured':
    case 'settled':
    case 'refunded':
      return theirs.state !== 'captured' && theirs.state !== 'absent';
    case 'authorised':
      return theirs.state !== 'authorised' && theirs.state !== 'absent';
    case 'created':
    case 'unknown':
    case 'reconciling':
      return theirs.state === 'authorised' || theirs.state === 'captured' || theirs.state === 'failed';
    case 'failed':
      return compareStranger(theirs) !== undefined;
  }
}

function refundDiffers(ours: Ours, theirs: ChargeState): boolean {
  if (theirs.state !== 'captured' || !isTaken(ours)) return false;
  return theirs.refundedMinor < ours.refundedMinor || theirs.refundedMinor > ours.refundedMinor + ours.refundingMinor;
}

function isOverdue(ours: Ours, now: Date): boolean {
  const since = (from: Date, limitMs: number): boolean => now.getTime() - from.getTime() > limitMs;
  if (ours.refundingSince !== undefined && since(ours.refundingSince, refundOverdueAfterMs)) return true;
  if (isOpen(ours) && ours.processing) return since(ours.createdAt, overdueAfterMs.bank);
  switch (ours.status) {
    case 'created':
      return since(ours.payBy, overdueAfterMs.payBy);
    case 'authorised':
    case 'captured':
      return since(ours.updatedAt, overdueAfterMs[ours.status]);
    case 'unknown':
    case 'reconciling':
      return since(ours.updatedAt, overdueAfterMs.unknown);
    case 'settled':
    case 'failed':
    case 'refunded':
      return false;
  }
}

const ourSide = (ours: Ours): Side => ({
  state: ours.status,
  amount: ours.amountMinor,
  currency: ours.currency,
  captured: ours.capturedMinor,
  refunded: ours.refundedMinor,
  ledger: ours.ledgerMinor,
});

const theirSide = (theirs: ChargeState): Side => ({
  state: theirs.state,
  ...('amountMinor' in theirs && { amount: theirs.amountMinor, currency: theirs.currency }),
  ...(theirs.state === 'captured' && { captured: theirs.capturedMinor, refunded: theirs.refundedMinor }),
});
