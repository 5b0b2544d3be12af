/** PaymentIntents: what each call does to one, to the money and to the journal. */
import type { Core } from '../core/index.ts';
import { newId } from '../core/ids.ts';
import { invalid, missing, StripeRefusal } from './errors.ts';
import type { Emit, Origin } from './events.ts';
import { cardProblem, outcomeOf, type CardProblem } from './methods.ts';
import type { ConfirmIntent, CreateIntent } from './params.ts';
import { paymentIdOf, type Intent, type StripeTables } from './rows.ts';
import { intentView, type IntentView } from './views.ts';

/** A decline that a fault has ordered; without a code, `generic_decline`. */
type Ordered = { readonly code: string | undefined } | undefined;
export type Intents = ReturnType<typeof createIntents>;

const confirmable: readonly Intent['status'][] = ['requires_payment_method', 'requires_confirmation'];
const cancelable: readonly Intent['status'][] = ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'];

const stateProblem = (intent: Intent, view: IntentView, doing: string): StripeRefusal =>
  invalid(`This PaymentIntent's ${doing} because it has a status of ${intent.status}.`, { code: 'payment_intent_unexpected_state', payment_intent: view });

export function createIntents({ journal, publicUrl, settings, timers, store }: Core, { intents }: StripeTables, emit: Emit) {
  const view = (intent: Intent, expansion = {}): IntentView => intentView(intent, publicUrl(), expansion);
  const save = (intent: Intent): Intent => {
    intents.put(intent.id, intent);
    return intent;
  };
  const tell = (type: Parameters<Emit>[0], intent: Intent, origin: Origin, previous?: Parameters<Emit>[4]): void => emit(type, intent, view(intent), origin, previous);
  const record = (intent: Intent, operation: 'authorise' | 'charge' | 'capture' | 'cancel', amountMinor: number, problem?: CardProblem): void =>
    journal.record({
      party: 'stripe',
      operation,
      paymentId: paymentIdOf(intent),
      ...(intent.metadata['tenantId'] !== undefined && { tenantId: intent.metadata['tenantId'] }),
      gatewayRef: intent.id,
      amountMinor,
      currency: intent.currency.toUpperCase(),
      ...(problem === undefined ? { status: 'executed' } : { status: 'declined', code: problem.declineCode }),
    });

  /** @throws {StripeRefusal} `resource_missing` */
  const find = (id: string): Intent => {
    const intent = intents.get(id);
    if (intent === undefined) throw missing('payment_intent', id, 'intent', 404);
    return intent;
  };

  const decline = (intent: Intent, problem: CardProblem, origin: Origin): StripeRefusal => {
    const failed = save({ ...intent, status: 'requires_payment_method', method: null, problem, chargeId: newId('ch') });
    record(failed, intent.captureMethod === 'manual' ? 'authorise' : 'charge', failed.amount, problem);
    tell('payment_intent.payment_failed', failed, origin);
    return new StripeRefusal(402, { type: 'card_error', code: problem.code, decline_code: problem.declineCode, message: problem.message, charge: failed.chargeId ?? undefined, payment_intent: view(failed) });
  };

  const approve = (intent: Intent, origin: Origin): Intent => {
    const manual = intent.captureMethod === 'manual';
    const done = save({ ...intent, status: manual ? 'requires_capture' : 'succeeded', problem: null, chargeId: newId('ch'), amountCapturable: manual ? intent.amount : 0, amountReceived: manual ? 0 : intent.amount });
    record(done, manual ? 'authorise' : 'charge', done.amount);
    tell(manual ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded', done, origin, manual ? { amount_capturable: 0 } : undefined);
    return done;
  };

  /** The payer's answer to strong customer authentication. @throws {StripeRefusal} */
  const authenticate = (id: string, approved: boolean, ordered: Ordered): Intent => {
    const intent = find(id);
    const origin = { requestId: null, key: null };
    if (intent.status !== 'requires_action') throw stateProblem(intent, view(intent), 'next action cannot be taken');
    if (approved && ordered === undefined) return approve(intent, origin);
    const problem = approved ? cardProblem(ordered?.code ?? 'generic_decline') : { code: 'payment_intent_authentication_failure', declineCode: 'authentication_failure', message: 'The payer did not authenticate the payment.' };
    decline(intent, problem, origin);
    return find(id);
  };

  const autoAuthenticate = (id: string): void => {
    const auto = settings.autoPay;
    if (auto?.stripe === undefined) return;
    const approved = auto.stripe === 'approve';
    timers.after(auto.delayMs, () => {
      if (intents.get(id)?.status === 'requires_action') store.transaction(() => authenticate(id, approved, undefined));
    });
  };

  /** @throws {StripeRefusal} 402 when the card is declined; the payment is there all the same. */
  const attempt = (intent: Intent, wish: ConfirmIntent, origin: Origin, ordered: Ordered): Intent => {
    const outcome = outcomeOf(intent.method ?? '');
    if (outcome === undefined) throw invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", { code: 'payment_intent_unexpected_state', payment_intent: view(intent) });
    if (ordered !== undefined) throw decline(intent, cardProblem(ordered.code ?? 'generic_decline'), origin);
    if (outcome.kind === 'declined') throw decline(intent, outcome.problem, origin);
    if (outcome.kind === 'approved') return approve(intent, origin);
    if (wish.off_session === true || wish.error_on_requires_action === true) throw decline(intent, cardProblem('authentication_required'), origin);
    const waiting = save({ ...intent, status: 'requires_action', problem: null });
    tell('payment_intent.requires_action', waiting, origin);
    autoAuthenticate(waiting.id);
    return waiting;
  };

  /** Methods that may redirect need somewhere to come back to. */
  const checkReturn = ({ automaticMethods, returnUrl }: Intent, wish: ConfirmIntent): void => {
    if (automaticMethods?.enabled === true && automaticMethods.allow_redirects === 'always' && returnUrl === null && wish.error_on_requires_action !== true)
      throw invalid('This PaymentIntent is configured to accept payment methods that might redirect your customer, so you must provide a `return_url`, or set `automatic_payment_methods[allow_redirects]` to `never`.', { param: 'return_url' });
  };

  const create = (wish: CreateIntent, origin: Origin, ordered: Ordered): Intent => {
    const id = newId('pi');
    const made: Intent = {
      id,
      createdMs: Date.now(),
      amount: wish.amount,
      amountCapturable: 0,
      amountReceived: 0,
      amountRefunded: 0,
      currency: wish.currency,
      status: wish.payment_method === undefined ? 'requires_payment_method' : 'requires_confirmation',
      captureMethod: wish.capture_method,
      confirmationMethod: wish.confirmation_method,
      automaticMethods: wish.payment_method_types === undefined ? (wish.automatic_payment_methods ?? { enabled: true, allow_redirects: 'always' }) : null,
      clientSecret: `${id}_${newId('secret')}`,
      metadata: wish.metadata,
      method: wish.payment_method ?? null,
      chargeId: null,
      problem: null,
      returnUrl: wish.return_url ?? null,
      customer: wish.customer ?? null,
      description: wish.description ?? null,
      receiptEmail: wish.receipt_email ?? null,
      canceledAtMs: null,
      cancellationReason: null,
    };
    if (wish.confirm) {
      checkReturn(made, wish);
      if (made.method === null) throw invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", { code: 'payment_intent_unexpected_state' });
    }
    tell('payment_intent.created', save(made), origin);
    return wish.confirm ? attempt(made, wish, origin, ordered) : made;
  };

  const confirm = (id: string, wish: ConfirmIntent, origin: Origin, ordered: Ordered): Intent => {
    const intent = find(id);
    if (!confirmable.includes(intent.status)) throw stateProblem(intent, view(intent), 'status does not allow a confirmation: it could not be confirmed');
    const ready: Intent = { ...intent, method: wish.payment_method ?? intent.method, returnUrl: wish.return_url ?? intent.returnUrl, captureMethod: wish.capture_method ?? intent.captureMethod };
    checkReturn(ready, wish);
    return attempt(ready, wish, origin, ordered);
  };

  const capture = (id: string, amount: number | undefined, origin: Origin, ordered: Ordered): Intent => {
    const intent = find(id);
    if (intent.status !== 'requires_capture') throw stateProblem(intent, view(intent), 'money could not be captured');
    const taken = amount ?? intent.amountCapturable;
    if (taken > intent.amountCapturable) throw invalid('The provided amount_to_capture is greater than the remaining amount you can capture.', { code: 'amount_too_large', param: 'amount_to_capture' });
    if (ordered !== undefined) {
      const problem = cardProblem(ordered.code ?? 'generic_decline');
      record(intent, 'capture', taken, problem);
      throw new StripeRefusal(402, { type: 'card_error', code: problem.code, decline_code: problem.declineCode, message: problem.message, charge: intent.chargeId ?? undefined, payment_intent: view(intent) });
    }
    const done = save({ ...intent, status: 'succeeded', amountCapturable: 0, amountReceived: taken });
    record(done, 'capture', taken);
    tell('payment_intent.succeeded', done, origin);
    return done;
  };

  const cancel = (id: string, reason: string | undefined, origin: Origin): Intent => {
    const intent = find(id);
    if (!cancelable.includes(intent.status)) throw stateProblem(intent, view(intent), 'money can no longer be given up: it could not be canceled');
    const done = save({ ...intent, status: 'canceled', amountCapturable: 0, canceledAtMs: Date.now(), cancellationReason: reason ?? null });
    record(done, 'cancel', intent.amountCapturable);
    tell('payment_intent.canceled', done, origin);
    return done;
  };

  return { find, view, create, confirm, capture, cancel, authenticate };
}
