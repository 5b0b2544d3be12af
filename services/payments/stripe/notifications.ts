/**
 * Stripe's webhooks (docs.stripe.com/webhooks/signature). Any of the signatures in the header may fit any of our
 * secrets, as there are two of each while a secret is replaced.
 */
import { Stripe } from 'stripe';
import { z } from 'zod';
import type { GatewayNotification, NotificationRefusal } from '../gateway.ts';
import { notificationText, parsedJson, type NotificationVerifier } from '../notifications.ts';

/**
 * As in Stripe's library, only what is too old is refused. A time ahead of ours is a clock that differs; it cannot be
 * forged, and replayed it only makes us ask again.
 */
const toleranceSeconds = 300;
const noTolerance = 0;

const reference = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]).nullish();
const eventSchema = z.object({
  id: z.string().min(1).max(255),
  object: z.literal('event'),
  type: z.string().max(255),
  created: z.number(),
  livemode: z.boolean().optional(),
  data: z.object({
    object: z.object({
      id: z.string().optional(),
      object: z.string().optional(),
      status: z.string().nullish(),
      amount: z.number().optional(),
      currency: z.string().optional(),
      payment_intent: reference,
      metadata: z.record(z.string(), z.string()).nullish(),
    }),
  }),
});

export function createStripeVerifier(secrets: readonly string[]): NotificationVerifier {
  return ({ body, signature = '' }, nowMs = Date.now()) => {
    const text = notificationText(body);
    if (text === undefined) return 'malformed';
    const secret = secrets.find((one) => isSigned(text, signature, one, noTolerance, nowMs));
    if (secret === undefined) return 'bad_signature';
    if (!isSigned(text, signature, secret, toleranceSeconds, nowMs)) return 'stale';
    return read(text);
  };
}

/** The library says why only in words; without a tolerance nothing but the signature is looked at. */
function isSigned(text: string, header: string, secret: string, tolerance: number, nowMs: number): boolean {
  try {
    return Stripe.webhooks.signature?.verifyHeader(text, header, secret, tolerance, undefined, nowMs) === true;
  } catch {
    return false;
  }
}

function read(text: string): GatewayNotification | NotificationRefusal {
  const event = eventSchema.safeParse(parsedJson(text));
  if (!event.success) return 'malformed';
  const { id: eventId, type, created, livemode, data: { object } } = event.data;
  const gatewayRef = object.object === 'payment_intent' ? object.id : (object.payment_intent ?? undefined);
  return {
    eventId,
    type,
    paymentId: object.metadata?.['paymentId'],
    tenantId: object.metadata?.['tenantId'],
    gatewayRef,
    payload: { type, created, livemode, object: { id: object.id, object: object.object, status: object.status, amount: object.amount, currency: object.currency } },
  };
}
