/** Paytm below /paytm. It answers 200 whatever it thinks of a request; `resultInfo` says what it thinks. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { PaytmConfig } from '../config.ts';
import { json, rawBody, send, underFaults, type Answer, type Failure } from '../core/answers.ts';
import type { Core } from '../core/index.ts';
import type { Operation } from '../core/parties.ts';
import { result, type ResultInfo, type ResultStatus } from './codes.ts';
import { createOrders } from './orders.ts';
import * as parameters from './params.ts';
import { payerRoutes } from './payer.ts';
import { signedAnswer } from './signature.ts';

type PaytmRequest = FastifyRequest<{ Querystring: { mid?: string; orderId?: string } }>;
type Body = Readonly<Record<string, unknown>> & { readonly resultInfo: ResultInfo };
type Ordered = { readonly code: string | undefined } | undefined;

interface PaytmCall<Params> {
  readonly operation: Operation;
  readonly params: z.ZodType<Params>;
  /** How this call says that it refuses: `F` at initiate, `TXN_FAILURE` elsewhere. */
  readonly refused: ResultStatus;
  readonly badChecksum: string;
  readonly check?: (params: Params, request: PaytmRequest) => string | undefined;
  readonly execute: (params: Params, ordered: Ordered) => Body;
}

export function paytmRoutes(app: FastifyInstance, core: Core, config: PaytmConfig): void {
  const orders = createOrders(core, config);
  const { mid, merchantKey } = config;

  const work = <Params>(call: PaytmCall<Params>, request: PaytmRequest, envelope: parameters.Envelope, ordered: Ordered): Body => {
    const refuse = (code: string): Body => ({ resultInfo: result(call.refused, code) });
    if (!envelope.complete) return refuse('1007');
    if (!envelope.ours) return refuse('335');
    if (!envelope.genuine) return refuse(call.badChecksum);
    const params = call.params.safeParse(envelope.body);
    if (!params.success) return refuse('1007');
    const wrong = call.check?.(params.data, request);
    return wrong === undefined ? call.execute(params.data, ordered) : refuse(wrong);
  };

  /** With a code (`501`, `00000900`) it fails as Paytm itself does; without, as whatever stands before it. */
  const failureOf = (unclear: Answer): Failure => ({ kind, status, code }) => {
    if (kind === 'rate_limit') return json(429, { error: 'too many requests' });
    return code === undefined ? { status, body: '<html><body>Service unavailable</body></html>', contentType: 'text/html' } : unclear;
  };

  const post = <Params>(path: string, call: PaytmCall<Params>): void => {
    app.post<{ Querystring: { mid?: string; orderId?: string } }>(path, async (request, reply): Promise<FastifyReply> => {
      const envelope = parameters.open(rawBody(request), mid, merchantKey);
      const known = envelope.orderId === undefined ? undefined : orders.peek(envelope.orderId);
      const plan = core.faults.forCall({ party: 'paytm', operations: [call.operation], paymentId: envelope.orderId, method: known?.paymentMode });
      const code = plan.refusal?.code ?? plan.after?.code;
      const failure = failureOf(code === undefined ? json(500, {}) : await signedAnswer({ resultInfo: result(call.refused === 'F' ? 'U' : 'PENDING', code) }, merchantKey));
      // Signing waits for the library, and executing must not, so the signed text takes this answer's place afterwards.
      let own: { readonly answer: Answer; readonly body: Body } | undefined;
      const answer = await underFaults({
        plan,
        failure,
        execute: (instead) => {
          const body = core.store.transaction(() => work(call, request, envelope, plan.decline));
          own = { answer: json(200, body), body };
          return instead ?? own.answer;
        },
      });
      return await send(request, reply, own !== undefined && answer === own.answer ? await signedAnswer(own.body, merchantKey) : answer);
    });
  };

  post('/paytm/theia/api/v1/initiateTransaction', {
    operation: 'create',
    params: parameters.initiate,
    refused: 'F',
    badChecksum: '2005',
    check: (wish, { query }) => (query.mid !== wish.mid ? '2013' : query.orderId !== wish.orderId ? '2014' : undefined),
    execute: orders.initiate,
  });
  post('/paytm/v3/order/status', { operation: 'lookup', params: parameters.orderStatus, refused: 'TXN_FAILURE', badChecksum: '330', execute: ({ orderId }) => orders.status(orderId) });
  post('/paytm/refund/apply', { operation: 'refund', params: parameters.refundApply, refused: 'TXN_FAILURE', badChecksum: '330', execute: orders.refund });
  post('/paytm/v2/refund/status', { operation: 'lookup', params: parameters.refundStatus, refused: 'TXN_FAILURE', badChecksum: '330', execute: ({ orderId, refId }) => orders.refundStatus(orderId, refId) });
  payerRoutes(app, config, orders);
  orders.resume();
}
