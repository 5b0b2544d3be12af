/** The payment page, and the way back to the shop: a form that the payer's browser posts to `callbackUrl`. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PaytmConfig } from '../config.ts';
import { html, json, rawBody, rawQuery, send } from '../core/answers.ts';
import { parseJson, wantsJson } from '../core/decisions.ts';
import { parseFlat } from '../core/forms.ts';
import { forwardingPage, moneyText, page, payerPage } from '../core/pages.ts';
import type { Orders } from './orders.ts';
import { paytmOutcome } from './outcomes.ts';

const path = '/paytm/theia/api/v1/showPaymentPage';
/** `mid` and `orderId` in the query; the token there or in what is posted, as the merchant's own form does. */
const visit = z.looseObject({ mid: z.string(), orderId: z.string(), txnToken: z.string(), outcome: paytmOutcome.optional(), code: z.string().regex(/^\d{1,8}$/).optional() });

export function payerRoutes(app: FastifyInstance, { mid }: PaytmConfig, orders: Orders): void {
  app.route({
    method: ['GET', 'POST'],
    url: path,
    handler: async (request, reply) => {
      const asJson = wantsJson(request);
      const posted = asJson ? z.record(z.string(), z.unknown()).safeParse(parseJson(rawBody(request))).data : parseFlat(rawBody(request));
      const wish = visit.safeParse({ ...parseFlat(rawQuery(request)), ...posted });
      const order = wish.success && wish.data.mid === mid ? orders.ofPayer(wish.data.orderId, wish.data.txnToken) : undefined;
      const refuse = async (status: number, why: string) => await send(request, reply, asJson ? json(status, { error: why }) : html(status, page('Not possible', `<h1>Not possible</h1><p>${why}</p>`)));
      if (!wish.success || order === undefined) return await refuse(400, 'This link is not valid, or no longer.');

      const { outcome, code, txnToken } = wish.data;
      if (request.method === 'GET' || outcome === undefined) {
        const open = order.status === 'none' || order.status === 'PENDING';
        const choice = (label: string, fields: Readonly<Record<string, string>>) => ({ label, fields: { txnToken, ...fields } });
        return await send(request, reply, html(200, payerPage({
          party: 'Paytm',
          title: 'Pay for your order',
          facts: [['Order', order.orderId], ['Amount', moneyText(order.amountMinor, order.currency)], ['State', order.status === 'none' ? 'not paid yet' : order.status]],
          action: `${path}?${new URLSearchParams({ mid, orderId: order.orderId }).toString()}`,
          choices: open
            ? [choice('Pay', { outcome: 'success' }), choice('Decline: balance too low', { outcome: 'failure', code: '235' }), choice('Decline: refused by the bank', { outcome: 'failure', code: '227' }), choice('Leave it pending', { outcome: 'pending' })]
            : [],
        })));
      }
      const decided = orders.decide(order.orderId, outcome, code);
      if (decided === undefined) return await refuse(409, 'This payment has ended already.');
      if (asJson) return await send(request, reply, json(200, { orderId: decided.orderId, txnId: decided.txnId, status: decided.status, code: decided.code }));
      return await send(request, reply, html(200, forwardingPage('Back to the shop', decided.callbackUrl, await orders.callbackFields(decided))));
    },
  });
}
