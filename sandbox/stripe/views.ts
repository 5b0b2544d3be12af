/** Stripe's objects, as they are sent. */
import type { Endpoint, Intent, Refund } from './rows.ts';

export const apiVersion = '2026-10-28.endive';
const seconds = (ms: number): number => Math.floor(ms / 1_000);

export interface Expansion {
  readonly charge?: boolean;
}

/** @param publicUrl where the payer finds this sandbox. */
export function intentView(intent: Intent, publicUrl: string, { charge = false }: Expansion = {}) {
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.amountCapturable,
    amount_details: { tip: {} },
    amount_received: intent.amountReceived,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: intent.automaticMethods,
    canceled_at: intent.canceledAtMs === null ? null : seconds(intent.canceledAtMs),
    cancellation_reason: intent.cancellationReason,
    capture_method: intent.captureMethod,
    client_secret: intent.clientSecret,
    confirmation_method: intent.confirmationMethod,
    created: seconds(intent.createdMs),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    last_payment_error: problemView(intent),
    latest_charge: charge ? chargeView(intent) : intent.chargeId,
    livemode: false,
    metadata: intent.metadata,
    next_action: nextAction(intent, publicUrl),
    on_behalf_of: null,
    payment_method: intent.method,
    payment_method_options: {},
    payment_method_types: ['card'],
    processing: null,
    receipt_email: intent.receiptEmail,
    review: null,
    setup_future_usage: null,
    shipping: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: intent.status,
    transfer_data: null,
    transfer_group: null,
  };
}
export type IntentView = ReturnType<typeof intentView>;

function problemView({ problem, chargeId }: Intent) {
  if (problem === null) return null;
  return { type: 'card_error', code: problem.code, decline_code: problem.declineCode, message: problem.message, ...(chargeId !== null && { charge: chargeId }) };
}

/** Without a `return_url` the payer could not come back from a page, so the merchant's own page has to do it. */
function nextAction({ id, status, returnUrl, clientSecret }: Intent, publicUrl: string) {
  if (status !== 'requires_action') return null;
  const url = `${publicUrl}/stripe/pay/${id}?client_secret=${clientSecret}`;
  return returnUrl === null ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } } : { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
}

export function chargeView(intent: Intent) {
  const { chargeId, problem } = intent;
  if (chargeId === null) return null;
  const paid = intent.status === 'succeeded' || intent.status === 'requires_capture' || (intent.status === 'canceled' && problem === null);
  return {
    id: chargeId,
    object: 'charge',
    amount: intent.amount,
    amount_captured: intent.amountReceived,
    amount_refunded: intent.status === 'canceled' && paid ? intent.amount : intent.amountRefunded,
    captured: intent.amountReceived > 0,
    created: seconds(intent.createdMs),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: paid ? null : (problem?.code ?? null),
    failure_message: paid ? null : (problem?.message ?? null),
    livemode: false,
    metadata: intent.metadata,
    outcome: { network_status: paid ? 'approved_by_network' : 'declined_by_network', type: paid ? 'authorized' : 'issuer_declined', reason: paid ? null : (problem?.declineCode ?? null) },
    paid,
    payment_intent: intent.id,
    payment_method: intent.method,
    refunded: intent.amountReceived > 0 && intent.amountRefunded === intent.amountReceived,
    status: paid ? 'succeeded' : 'failed',
  };
}

export const refundView = (refund: Refund) => ({
  id: refund.id,
  object: 'refund',
  amount: refund.amount,
  balance_transaction: null,
  charge: refund.chargeId,
  created: seconds(refund.createdMs),
  currency: refund.currency,
  ...(refund.failureReason !== null && { failure_reason: refund.failureReason }),
  metadata: refund.metadata,
  payment_intent: refund.intentId,
  reason: refund.reason,
  receipt_number: null,
  source_transfer_reversal: null,
  status: refund.status,
  transfer_reversal: null,
});

/** The secret is told once, when the endpoint is made. */
export const endpointView = ({ id, createdMs, url, secret, events, description, metadata }: Endpoint, withSecret: boolean) => ({
  id,
  object: 'webhook_endpoint',
  api_version: null,
  application: null,
  created: seconds(createdMs),
  description,
  enabled_events: events,
  livemode: false,
  metadata,
  ...(withSecret && { secret }),
  status: 'enabled',
  url,
});
