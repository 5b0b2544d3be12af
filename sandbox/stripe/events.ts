/** Events: made when something happened, posted to every endpoint that wants them, signed at each try. */
import { createHmac } from 'node:crypto';
import type { StripeConfig } from '../config.ts';
import type { Core } from '../core/index.ts';
import { newId } from '../core/ids.ts';
import { paymentIdOf, type Intent, type StripeTables } from './rows.ts';
import { apiVersion } from './views.ts';

/** Which call of the merchant caused it, if one did. */
export interface Origin {
  readonly requestId: string | null;
  readonly key: string | null;
}

export type EventType =
  | 'payment_intent.created' | 'payment_intent.processing' | 'payment_intent.requires_action' | 'payment_intent.amount_capturable_updated'
  | 'payment_intent.succeeded' | 'payment_intent.payment_failed' | 'payment_intent.canceled'
  | 'charge.refunded' | 'refund.created' | 'refund.updated' | 'refund.failed';

export type Emit = (type: EventType, about: Intent, object: unknown, origin: Origin, previous?: Readonly<Record<string, unknown>>) => void;

/** `t=<unix seconds>,v1=<hex>[,v1=<hex>…]` over `t.body`, one signature for each secret (Stripe: "Webhook signatures"). */
export function signature(body: string, secrets: readonly string[], atMs: number): string {
  const t = Math.floor(atMs / 1_000);
  return [`t=${t}`, ...secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`)].join(',');
}

export function createEvents({ courier }: Core, config: StripeConfig, { endpoints }: StripeTables): Emit {
  courier.register('stripe', {
    headers: ({ body = '', endpointId }) => {
      const own = endpointId === undefined ? undefined : endpoints.get(endpointId)?.secret;
      const secrets = own === undefined ? config.webhookSecrets : [own];
      return { 'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)', accept: '*/*', ...(secrets.length > 0 && { 'stripe-signature': signature(body, secrets, Date.now()) }) };
    },
    accepts: (status) => status >= 200 && status < 300,
  });

  return (type, about, object, origin, previous) => {
    const { tenantId } = about.metadata;
    const targets = [
      ...config.endpoints.filter((endpoint) => (endpoint.tenantId === undefined || endpoint.tenantId === tenantId) && endpoint.events?.includes(type) !== false).map(({ url }) => ({ url })),
      ...[...endpoints.values()].filter(({ events }) => events.includes('*') || events.includes(type)).map(({ url, id }) => ({ url, endpointId: id })),
    ];
    if (targets.length === 0) return;
    const body = JSON.stringify({
      id: newId('evt'),
      object: 'event',
      api_version: apiVersion,
      created: Math.floor(Date.now() / 1_000),
      data: { object, ...(previous !== undefined && { previous_attributes: previous }) },
      livemode: false,
      pending_webhooks: targets.length,
      request: { id: origin.requestId, idempotency_key: origin.key },
      type,
    });
    for (const target of targets) courier.send({ party: 'stripe', ...target, method: 'POST', contentType: 'application/json; charset=utf-8', body, paymentId: paymentIdOf(about), ...(tenantId !== undefined && { tenantId }) });
  };
}
