/** Refunds of what was taken. */
import type { Core } from '../core/index.ts';
import { newId } from '../core/ids.ts';
import { invalid, missing } from './errors.ts';
import type { Emit, Origin } from './events.ts';
import type { CreateRefund } from './params.ts';
import { paymentIdOf, type Intent, type Refund, type StripeTables } from './rows.ts';
import { chargeView, refundView } from './views.ts';

export type Refunds = ReturnType<typeof createRefunds>;

export function createRefunds({ journal }: Core, { intents, refunds }: StripeTables, emit: Emit) {
  const intentOf = ({ payment_intent: intentId, charge: chargeId }: { payment_intent?: string | undefined; charge?: string | undefined }): Intent | undefined =>
    intentId === undefined ? [...intents.values()].find((intent) => intent.chargeId === chargeId) : intents.get(intentId);

  const create = (wish: CreateRefund, origin: Origin, ordered: { readonly code: string | undefined } | undefined): Refund => {
    const intent = intentOf(wish);
    if (intent === undefined) throw wish.payment_intent === undefined ? missing('charge', wish.charge ?? '', 'charge', 404) : missing('payment_intent', wish.payment_intent, 'payment_intent', 404);
    if (intent.status !== 'succeeded' || intent.chargeId === null) throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, { param: 'payment_intent' });
    const left = intent.amountReceived - intent.amountRefunded;
    if (left === 0) throw invalid(`Charge ${intent.chargeId} has already been refunded.`, { code: 'charge_already_refunded', charge: intent.chargeId });
    const amount = wish.amount ?? left;
    if (amount > left) throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, { param: 'amount', charge: intent.chargeId });

    const refund: Refund = {
      id: newId('re'),
      createdMs: Date.now(),
      amount,
      currency: intent.currency,
      intentId: intent.id,
      chargeId: intent.chargeId,
      status: ordered === undefined ? 'succeeded' : 'failed',
      reason: wish.reason ?? null,
      failureReason: ordered === undefined ? null : (ordered.code ?? 'expired_or_canceled_card'),
      metadata: wish.metadata,
    };
    refunds.put(refund.id, refund);
    const tenantId = intent.metadata['tenantId'] ?? wish.metadata['tenantId'];
    journal.record({
      party: 'stripe',
      operation: 'refund',
      paymentId: paymentIdOf(intent),
      ...(tenantId !== undefined && { tenantId }),
      ...(refund.metadata['refundId'] !== undefined && { refundId: refund.metadata['refundId'] }),
      gatewayRef: refund.id,
      amountMinor: amount,
      currency: intent.currency.toUpperCase(),
      ...(refund.failureReason === null ? { status: 'executed' } : { status: 'declined', code: refund.failureReason }),
    });
    emit('refund.created', intent, refundView(refund), origin);
    if (refund.status === 'failed') {
      emit('refund.failed', intent, refundView(refund), origin);
      return refund;
    }
    const refunded: Intent = { ...intent, amountRefunded: intent.amountRefunded + amount };
    intents.put(intent.id, refunded);
    emit('charge.refunded', refunded, chargeView(refunded), origin, { amount_refunded: intent.amountRefunded });
    return refund;
  };

  const find = (id: string): Refund => {
    const refund = refunds.get(id);
    if (refund === undefined) throw missing('refund', id, 'refund', 404);
    return refund;
  };

  return { create, find, intentOf };
}
