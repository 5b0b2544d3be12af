/**
 * Where a gateway's page sends the payer back to. Anybody can come here with anything, so nothing is believed: the
 * payment's flow is told to ask the gateway, and the payer gets a page that promises nothing.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { tenantId } from '../contracts/values.ts';
import { findReturned, type ReturnedBy } from '../services/database/inbound-webhooks.ts';
import { isNotificationRefusal } from '../services/payments/notifications.ts';
import type { ApiDependencies } from './dependencies.ts';
import { acceptRawBody, deliveryOf } from './http/raw-body.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createReminders } from './reminders.ts';

const hidden = { schema: { hide: true } };

interface ToTenant {
  readonly Params: { readonly tenant: string };
}

/** Nothing of the request is in it. */
const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>Thank you</title></head>
<body>
<main>
<h1>Thank you</h1>
<p>The shop is asking how your payment went and will let you know. You can close this page.</p>
</main>
</body>
</html>
`;

/** To be registered outside the guarded routes. */
export const paymentReturnRoutes = (dependencies: ApiDependencies): FastifyPluginCallback => (app, _options, done) => {
  const { databases, logger, rateLimitPerMinute, verifiers = {}, shopReturnUrl } = dependencies;
  const limit = createRateLimit(databases.write, rateLimitPerMinute);
  const remind = createReminders(app, dependencies);
  acceptRawBody(app);

  /** The payer always gets an answer: whatever goes wrong here, the flow finds out by itself a little later. */
  const back = async (request: FastifyRequest<ToTenant>, reply: FastifyReply, by: ReturnedBy | undefined): Promise<FastifyReply> => {
    const { tenant } = request.params;
    try {
      await limit?.(`return:${request.ip}`, reply);
      const payment = by !== undefined && tenantId.safeParse(tenant).success ? await findReturned(databases.write, tenant, by) : undefined;
      if (payment?.open === true) remind(tenant, payment.id);
    } catch (error) {
      logger.info({ requestId: request.id, reason: error instanceof Error ? error.message : 'unknown' }, 'nobody was told of a payer who came back');
    }
    reply.header('cache-control', 'no-store');
    if (shopReturnUrl !== undefined && tenantId.safeParse(tenant).success) return await reply.redirect(shopReturnUrl.replaceAll('{tenant}', tenant), 303);
    return await reply.type('text/html; charset=utf-8').send(page);
  };

  app.get<ToTenant>('/payments/return/:tenant', hidden, async (request, reply) => {
    const query = new URLSearchParams(deliveryOf(request).query);
    const given = (name: string): string | undefined => query.get(name)?.slice(0, 255);
    const stripe = given('payment_intent');
    const gopay = given('id');
    if (stripe !== undefined) return await back(request, reply, { gateway: 'stripe', gatewayRef: stripe });
    return await back(request, reply, gopay === undefined ? undefined : { gateway: 'gopay', gatewayRef: gopay });
  });

  app.post<ToTenant>('/payments/paytm/return/:tenant', hidden, async (request, reply) => {
    const verdict = verifiers.paytm?.(deliveryOf(request));
    const genuine = verdict === undefined || isNotificationRefusal(verdict) ? undefined : verdict;
    return await back(request, reply, genuine?.paymentId === undefined ? undefined : { gateway: 'paytm', paymentId: genuine.paymentId });
  });
  done();
};
