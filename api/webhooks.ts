/**
 * `/v1/webhooks/…`: what gateways send. No API key: a signature over the bytes as they came proves who sent them, and
 * GoPay's prove nothing, so of theirs nothing is believed but which payment of ours to ask about.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listReceivedQuery, receivedWebhookView } from '../contracts/inbound-webhooks.ts';
import type { GatewayName } from '../contracts/payments/flow.ts';
import { tenantId } from '../contracts/values.ts';
import { listReceived, receiveWebhook } from '../services/database/inbound-webhooks.ts';
import type { GatewayNotification, NotificationRefusal } from '../services/payments/gateway.ts';
import { isNotificationRefusal, type Delivery } from '../services/payments/notifications.ts';
import { isStorable } from '../services/payments/storable.ts';
import type { ApiDependencies } from './dependencies.ts';
import { callerOf } from './http/caller.ts';
import { answers } from './http/openapi.ts';
import { Refused } from './http/problems.ts';
import { acceptRawBody, deliveryOf } from './http/raw-body.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createReminders } from './reminders.ts';

/** Whoever calls these has no use for a description of them, so the OpenAPI document leaves them out. */
const hidden = { schema: { hide: true } };
const received = { received: true };

interface ToTenant {
  readonly Params: { readonly tenant: string };
}

/** To be registered outside the guarded routes. */
export const gatewayWebhookRoutes = (dependencies: ApiDependencies): FastifyPluginCallback => (app, _options, done) => {
  const { databases, logger, rateLimitPerMinute, verifiers = {} } = dependencies;
  const limit = createRateLimit(databases.write, rateLimitPerMinute);
  const remind = createReminders(app, dependencies);
  acceptRawBody(app);

  /** Only what cannot be verified is counted: a gateway may send as much as it has to. */
  const unverified = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => await limit?.(`webhook:${request.ip}`, reply);

  const verified = async (gateway: GatewayName, delivery: Delivery, request: FastifyRequest, reply: FastifyReply): Promise<GatewayNotification> => {
    const verdict = verifiers[gateway]?.(delivery);
    if (verdict === undefined) throw new Refused('not_found', `${gateway} is not set up here.`);
    if (!isNotificationRefusal(verdict)) {
      if (!isStorable(verdict)) throw refusals.malformed();
      return verdict;
    }
    await unverified(request, reply);
    logger.info({ requestId: request.id, gateway, verdict }, 'a webhook was not believed');
    throw refusals[verdict]();
  };

  const receive = async (gateway: GatewayName, request: FastifyRequest<ToTenant>, reply: FastifyReply): Promise<FastifyReply> => {
    const notification = await verified(gateway, deliveryOf(request), request, reply);
    const { tenant } = request.params;
    // Anybody can send GoPay's: what is about nothing of ours fills no table.
    const unproven = gateway === 'gopay' ? async () => await unverified(request, reply) : undefined;
    const reception = tenantId.safeParse(tenant).success ? await receiveWebhook(databases.write, tenant, gateway, notification, unproven) : ({ kind: 'unknown_tenant' } as const);
    if (reception.kind === 'unknown_tenant') {
      await unproven?.();
      throw new Refused('not_found');
    }
    if (reception.kind === 'tell') remind(reception.tenantId, reception.paymentId);
    return await reply.send(received);
  };

  app.post<ToTenant>('/webhooks/stripe/:tenant', hidden, async (request, reply) => await receive('stripe', request, reply));
  app.post<ToTenant>('/webhooks/paytm/:tenant', hidden, async (request, reply) => await receive('paytm', request, reply));
  app.get<ToTenant>('/webhooks/gopay/:tenant', hidden, async (request, reply) => await receive('gopay', request, reply));
  done();
};

/** A stale one is genuine, but may be a recording that somebody plays again. */
const refusals: Readonly<Record<NotificationRefusal, () => Refused>> = {
  bad_signature: () => new Refused('webhook_signature_invalid'),
  stale: () => new Refused('webhook_signature_invalid', 'The signature is too old.'),
  malformed: () => new Refused('webhook_malformed'),
};

export const receivedWebhookRoutes = ({ databases }: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get(
    '/webhooks/received',
    {
      schema: {
        tags: ['Payments'],
        summary: 'What gateways sent, newest first',
        querystring: listReceivedQuery,
        response: answers('GET', { 200: z.object({ items: z.array(receivedWebhookView), nextCursor: z.string().optional() }) }, ['invalid_cursor']),
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await listReceived(databases.read, callerOf(request).tenantId, request.query);
      return await reply.send({ items: [...items], ...(nextCursor !== undefined && { nextCursor }) });
    },
  );
  done();
};
