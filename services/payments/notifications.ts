/** What an inbound notification arrives as, and what the verifiers of all gateways share. */
import type { GatewayNotification, NotificationRefusal } from './gateway.ts';

/** As it came in: the body untouched, as signatures are made over its bytes. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly contentType?: string | undefined;
  /** The header `Stripe-Signature`. */
  readonly signature?: string | undefined;
  /** The part of the address after `?`. */
  readonly query?: string | undefined;
}

/** @returns what it says, or why it is not believed. Throws nothing, whatever is delivered. */
export type NotificationVerifier = (delivery: Delivery, nowMs?: number) => GatewayNotification | NotificationRefusal;

export const isNotificationRefusal = (verdict: GatewayNotification | NotificationRefusal): verdict is NotificationRefusal => typeof verdict === 'string';

/** An event with a PaymentIntent in it is a few kilobytes. */
const maxNotificationBytes = 262_144;

/** @returns nothing when it is empty, too large or no UTF-8. */
export function notificationText(body: Uint8Array): string | undefined {
  if (body.byteLength === 0 || body.byteLength > maxNotificationBytes) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
