/** The page at `gw_url`. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { html, json, send, type Answer } from '../core/answers.ts';
import { readDecision, wantsJson } from '../core/decisions.ts';
import type { Core } from '../core/index.ts';
import { moneyText, page, payerPage } from '../core/pages.ts';
import { GopayRefusal } from './errors.ts';
import { gopayOutcome } from './outcomes.ts';
import type { GopayPayments } from './payments.ts';

const decision = z.object({ outcome: gopayOutcome });

export function payerRoutes(app: FastifyInstance, core: Core, payments: GopayPayments): void {
  const guarded = (work: () => Answer, asJson: boolean): Answer => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof GopayRefusal)) throw error;
      return asJson ? error.answer : html(error.answer.status, page('Not possible', '<h1>Not possible</h1><p>This payment is not waiting for you.</p>'));
    }
  };

  app.get<{ Params: { id: string } }>('/gopay/pay/:id', async (request, reply) => {
    const answer = guarded(() => {
      const payment = payments.find(request.params.id);
      const open = payment.state === 'CREATED' || payment.state === 'PAYMENT_METHOD_CHOSEN';
      return html(
        200,
        payerPage({
          party: 'GoPay',
          title: 'Pay for your order',
          facts: [['Order', payment.orderNumber], ['Amount', moneyText(payment.amount, payment.currency)], ['State', payment.state]],
          action: `/gopay/pay/${payment.id}`,
          choices: open
            ? [{ label: 'Pay', fields: { outcome: 'paid' } }, { label: 'Decline: not enough money', fields: { outcome: '_5006' } }, { label: 'Cancel', fields: { outcome: 'canceled' } }]
            : [],
        }),
      );
    }, false);
    return await send(request, reply, answer);
  });

  app.post<{ Params: { id: string } }>('/gopay/pay/:id', async (request, reply) => {
    const asJson = wantsJson(request);
    const answer = guarded(() => {
      const wish = readDecision(request, decision);
      if (wish === undefined) throw new GopayRefusal('FIELD_INVALID', 'outcome');
      const payment = core.store.transaction(() => payments.decide(request.params.id, wish.outcome));
      if (asJson) return json(200, { id: payment.id, state: payment.state, sub_state: payment.subState });
      const back = new URL(payment.returnUrl);
      back.searchParams.set('id', String(payment.id));
      return { status: 303, body: '', headers: { location: back.href } };
    }, asJson);
    return await send(request, reply, answer);
  });
}
