/** GoPay below /gopay/api, its payer's page below /gopay/pay. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GopayConfig } from '../config.ts';
import { json, rawBody, send, underFaults, type Answer } from '../core/answers.ts';
import { parseFlat } from '../core/forms.ts';
import type { Core } from '../core/index.ts';
import type { Call } from '../core/parties.ts';
import { failure, GopayRefusal } from './errors.ts';
import { readCapture, readCreate, readRefund } from './params.ts';
import { payerRoutes } from './payer.ts';
import { createPayments } from './payments.ts';
import { gopayRefundView, paymentView, tenantIdOf, type GopayPayment } from './rows.ts';
import { createTokens, scope, type Scope } from './tokens.ts';

type GopayRequest = FastifyRequest<{ Params: { id?: string } }>;
type Work = Omit<Call, 'party'> & { readonly execute: (ordered: { readonly code: string | undefined } | undefined) => unknown };

export function gopayRoutes(app: FastifyInstance, core: Core, config: GopayConfig): void {
  const payments = createPayments(core, config);
  const tokens = createTokens(config);

  const guarded = (work: () => unknown): Answer => {
    try {
      return json(200, work());
    } catch (error) {
      if (error instanceof GopayRefusal) return error.answer;
      throw error;
    }
  };

  /** Who asks and what comes first; faults; then the work, as one transaction. */
  const handler = (prepare: (request: GopayRequest) => Work) => async (request: GopayRequest, reply: FastifyReply): Promise<FastifyReply> => {
    let work: Work;
    try {
      work = prepare(request);
    } catch (error) {
      if (error instanceof GopayRefusal) return await send(request, reply, error.answer);
      throw error;
    }
    const { execute, ...about } = work;
    const plan = core.faults.forCall({ party: 'gopay', ...about });
    const answer = await underFaults({
      plan,
      failure,
      execute: (instead) => {
        const own = core.store.transaction(() => guarded(() => execute(plan.decline)));
        return instead ?? own;
      },
    });
    return await send(request, reply, answer);
  };

  const authorised = (needed: Scope, prepare: (request: GopayRequest, id: string) => Work) =>
    handler((request) => {
      tokens.check(request.headers.authorization, needed);
      return prepare(request, request.params.id ?? '');
    });

  const known = (id: string) => {
    const payment = payments.peek(id);
    return payment === undefined ? {} : { paymentId: payment.orderNumber, tenantId: tenantIdOf(payment), method: payment.instrument ?? undefined };
  };
  const view = (payment: GopayPayment) => paymentView(payment, config.goid, core.publicUrl());

  app.post('/gopay/api/oauth2/token', handler((request) => {
    tokens.checkClient(request.headers.authorization);
    const form = parseFlat(rawBody(request));
    if (form['grant_type'] !== 'client_credentials') throw new GopayRefusal(form['grant_type'] === undefined ? 'FIELD_REQUIRED' : 'FIELD_INVALID', 'grant_type');
    const wanted = scope.safeParse(form['scope']);
    if (!wanted.success) throw new GopayRefusal(form['scope'] === undefined ? 'FIELD_REQUIRED' : 'FIELD_INVALID', 'scope');
    return { operations: ['token'], execute: () => tokens.issue(wanted.data) };
  }));

  app.post('/gopay/api/payments/payment', authorised('payment-create', (request) => {
    const wish = readCreate(rawBody(request), request.headers['content-type']);
    if (wish.target.goid !== config.goid) throw new GopayRefusal('FIELD_INVALID', 'target.goid');
    return { operations: ['create'], paymentId: wish.order_number, tenantId: tenantIdOf({ additional: wish.additional_params ?? [] }), method: wish.payer?.allowed_payment_instruments?.[0], execute: () => view(payments.create(wish)) };
  }));
  app.get('/gopay/api/payments/payment/:id', authorised('payment-all', (_, id) => ({ operations: ['lookup'], ...known(id), execute: () => view(payments.find(id)) })));
  app.get('/gopay/api/payments/payment/:id/refunds', authorised('payment-all', (_, id) => ({ operations: ['lookup'], ...known(id), execute: () => payments.refundsOf(id).map(gopayRefundView) })));
  app.post('/gopay/api/payments/payment/:id/refund', authorised('payment-all', (request, id) => {
    const amount = readRefund(rawBody(request), request.headers['content-type']);
    return { operations: ['refund'], ...known(id), execute: (ordered) => payments.refund(id, amount, ordered) };
  }));
  app.post('/gopay/api/payments/payment/:id/capture', authorised('payment-all', (request, id) => {
    const amount = readCapture(rawBody(request), request.headers['content-type']);
    return { operations: ['capture'], ...known(id), execute: (ordered) => payments.capture(id, amount, ordered) };
  }));
  app.post('/gopay/api/payments/payment/:id/void-authorization', authorised('payment-all', (_, id) => ({ operations: ['cancel'], ...known(id), execute: () => payments.voidAuthorization(id) })));

  app.all('/gopay/api/*', async (request, reply) => await send(request, reply, new GopayRefusal('PAYMENT_NOT_FOUND').answer));
  payerRoutes(app, core, payments);
  payments.resume();
}
