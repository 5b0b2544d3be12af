/** The page on which a payer authenticates a Stripe payment (the bank's 3-D Secure page, in reality). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { html, json, send, type Answer } from '../core/answers.ts';
import { sameSecret } from '../core/ids.ts';
import type { Core } from '../core/index.ts';
import { moneyText, page, payerPage } from '../core/pages.ts';
import { readDecision, wantsJson } from '../core/decisions.ts';
import type { Intents } from './intents.ts';
import { StripeRefusal } from './errors.ts';
import { paymentIdOf, type Intent } from './rows.ts';

const decision = z.object({ outcome: z.enum(['approve', 'refuse']) });

export function payerRoutes(app: FastifyInstance, core: Core, intents: Intents): void {
  /** The secret in the link is the payer's right to decide. @throws {StripeRefusal} */
  const find = (id: string, secret: string): Intent => {
    const intent = intents.find(id);
    if (!sameSecret(secret, intent.clientSecret)) throw new StripeRefusal(404, { type: 'invalid_request_error', message: 'This link is not valid.' });
    return intent;
  };
  const guarded = (work: () => Answer, asJson: boolean): Answer => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return asJson ? error.answer : html(error.status, page('Not possible', `<h1>Not possible</h1><p>This payment is not waiting for you.</p>`));
    }
  };

  app.get<{ Params: { id: string }; Querystring: { client_secret?: string } }>('/stripe/pay/:id', async (request, reply) => {
    const answer = guarded(() => {
      const intent = find(request.params.id, request.query.client_secret ?? '');
      return html(
        200,
        payerPage({
          party: 'Stripe',
          title: 'Confirm the payment',
          facts: [['Amount', moneyText(intent.amount, intent.currency)], ['Payment', paymentIdOf(intent)], ['State', intent.status]],
          action: `/stripe/pay/${intent.id}?client_secret=${intent.clientSecret}`,
          choices: intent.status === 'requires_action' ? [{ label: 'Approve', fields: { outcome: 'approve' } }, { label: 'Refuse', fields: { outcome: 'refuse' } }] : [],
        }),
      );
    }, false);
    return await send(request, reply, answer);
  });

  app.post<{ Params: { id: string }; Querystring: { client_secret?: string } }>('/stripe/pay/:id', async (request, reply) => {
    const asJson = wantsJson(request);
    const answer = guarded(() => {
      const intent = find(request.params.id, request.query.client_secret ?? '');
      const wish = readDecision(request, decision);
      if (wish === undefined) return json(400, { error: { type: 'invalid_request_error', message: 'outcome must be approve or refuse', param: 'outcome' } });
      const approve = wish.outcome === 'approve';
      const ordered = approve ? core.faults.declineOf({ party: 'stripe', operations: ['authorise'], paymentId: paymentIdOf(intent), tenantId: intent.metadata['tenantId'], method: intent.method ?? undefined }) : undefined;
      const decided = core.store.transaction(() => intents.authenticate(intent.id, approve, ordered));
      if (asJson || intent.returnUrl === null) return json(200, { id: decided.id, status: decided.status });
      const back = new URL(intent.returnUrl);
      back.searchParams.set('payment_intent', intent.id);
      back.searchParams.set('payment_intent_client_secret', intent.clientSecret);
      back.searchParams.set('redirect_status', decided.problem === null ? 'succeeded' : 'failed');
      return { status: 303, body: '', headers: { location: back.href } };
    }, asJson);
    return await send(request, reply, answer);
  });
}
