/** The gateways that an installation has, and what checks their notifications. */
import type { GatewayName } from '../../contracts/payments/flow.ts';
import type { Gateway } from './gateway.ts';
import { createGopayGateway, type GopayOptions } from './gopay/gateway.ts';
import { verifyGopayNotification } from './gopay/notifications.ts';
import type { NotificationVerifier } from './notifications.ts';
import { createPaytmGateway, type PaytmOptions } from './paytm/gateway.ts';
import { createPaytmVerifier } from './paytm/notifications.ts';
import { createStripeGateway, type StripeOptions } from './stripe/gateway.ts';
import { createStripeVerifier } from './stripe/notifications.ts';
import { withStorableAnswers } from './storable.ts';

/** A gateway without settings is not offered. */
export interface GatewaySettings {
  readonly stripe?: StripeOptions | undefined;
  readonly gopay?: GopayOptions | undefined;
  readonly paytm?: PaytmOptions | undefined;
}

export function createGateways({ stripe, gopay, paytm }: GatewaySettings): Partial<Record<GatewayName, Gateway>> {
  return {
    ...(stripe !== undefined && { stripe: withStorableAnswers(createStripeGateway(stripe)) }),
    ...(gopay !== undefined && { gopay: withStorableAnswers(createGopayGateway(gopay)) }),
    ...(paytm !== undefined && { paytm: withStorableAnswers(createPaytmGateway(paytm)) }),
  };
}

export type NotificationSettings = {
  readonly stripe?: Pick<StripeOptions, 'webhookSecrets'> | undefined;
  readonly gopay?: object | undefined;
  readonly paytm?: Pick<PaytmOptions, 'mid' | 'merchantKeys'> | undefined;
};

export function createNotificationVerifiers({ stripe, gopay, paytm }: NotificationSettings): Partial<Record<GatewayName, NotificationVerifier>> {
  return {
    ...(stripe !== undefined && { stripe: createStripeVerifier(stripe.webhookSecrets) }),
    ...(gopay !== undefined && { gopay: verifyGopayNotification }),
    ...(paytm !== undefined && { paytm: createPaytmVerifier(paytm.mid, paytm.merchantKeys) }),
  };
}
