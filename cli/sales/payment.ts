/** How a payment looks, and what its failure means. */
import { z } from 'zod';
import { paymentView, unmadePayment, type PaymentView, type UnmadePayment } from '../../contracts/payments/schemas.ts';
import { invocation, quoted } from '../invocation.ts';
import { print } from '../output.ts';
import { money, safe } from '../text.ts';
import { cameToNothing, next, printHead, printRedirect, type Shown } from './shown.ts';

export const paymentOutcome = z.union([paymentView, unmadePayment]);
type PaymentOutcome = PaymentView | UnmadePayment;

const isMade = (outcome: PaymentOutcome): outcome is PaymentView => 'subject' in outcome;
const waiting: ReadonlySet<string> = new Set(['created', 'authorised', 'captured', 'unknown', 'reconciling']);

export function showPayment(payment: PaymentOutcome, tenantId: string): Shown {
  const { id, status } = payment;
  const isOpen = waiting.has(status);
  return {
    id,
    status,
    isOpen,
    isUndone: status === 'failed',
    failure: status === 'failed' && isMade(payment) ? failureOf(payment, tenantId) : undefined,
    json: payment,
    print: () => {
      printHead(id, status, isMade(payment) ? payment.failure?.code : undefined);
      if (isMade(payment)) printFacts(payment);
      if (isOpen) next(`watch ${quoted(id)}`, tenantId);
    },
  };
}

function printFacts({ amount, currency, gateway, subject, customerId, refunded, redirectUrl, payBy, failure, status }: PaymentView): void {
  const given = refunded > 0 ? `, of which ${money(refunded, currency)} given back` : '';
  print(`  ${safe(`${money(amount, currency)} by ${gateway} for ${subject.kind} ${subject.id}, customer ${customerId}${given}`)}`);
  if (failure !== undefined) print(`  ${safe(`The gateway says: ${failure.message}${failure.gatewayCode === undefined ? '' : ` (${failure.gatewayCode})`}`)}`);
  if (status === 'unknown' || status === 'reconciling') print('  It is not known yet what became of it: the gateway is asked until it is. Do not pay again.');
  printRedirect(redirectUrl, payBy);
}

/** Paying in another way needs the booking; a declined payment has released it, a cancelled one has not. */
function failureOf({ subject, failure }: PaymentView, tenantId: string) {
  const code = failure?.code ?? 'card_declined';
  const tenant = ` --tenant ${quoted(tenantId)}`;
  const after = subject.kind !== 'booking' ? undefined : code === 'cancelled' ? `The booking is still held: ${invocation(`pay ${quoted(subject.id)} --help`)}` : `The booking was released, so book again: ${invocation(`bookings${tenant}`)}`;
  return cameToNothing('The payment failed', code, { tenantId, after });
}
