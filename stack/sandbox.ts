/** The sandbox: stands in for those payment gateways that the user has no account for. */
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { gatewayNames, type GatewayName } from '../contracts/payments/flow.ts';
import { stripeEvents } from '../services/payments/stripe/events.ts';
import type { Home, Secrets } from './home.ts';
import { writeJson } from './files.ts';
import { loopback } from './ports.ts';

const stripeKeyPrefix = 'sk_test_';
const webhookSecretPrefix = 'whsec_';
const goid = '8123456789';
const gopayClient = '1061399163';
const paytmMid = 'HOLDFAST_SANDBOX';
const paytmWebsite = 'WEBSTAGING';

export interface SandboxOptions {
  readonly settings: Settings;
  readonly home: Home;
  readonly secrets: Secrets;
  readonly port: number;
  readonly tenantIds: readonly string[];
  readonly publicUrl: string;
}

export const sandboxUrl = (port: number): string => `http://${loopback}:${port}`;

/** Written before each start; the sandbox reads it. @returns its path. */
export function writeSandboxConfig({ home, secrets, port, tenantIds, publicUrl }: SandboxOptions): string {
  const file = join(home.root, 'sandbox', 'config.json');
  const { stripeKey, webhookSecret, gopaySecret, paytmKey } = secrets.sandbox;
  writeJson(file, {
    port,
    stateFile: join(home.root, 'sandbox', 'state.jsonl'),
    stripe: {
      secretKeys: [`${stripeKeyPrefix}${stripeKey}`],
      webhookSecrets: [`${webhookSecretPrefix}${webhookSecret}`],
      endpoints: tenantIds.map((tenantId) => ({ url: `${publicUrl}/v1/webhooks/stripe/${tenantId}`, tenantId, events: stripeEvents })),
    },
    gopay: { goid, clientId: gopayClient, clientSecret: gopaySecret },
    paytm: { mid: paytmMid, merchantKey: paytmKey, website: paytmWebsite, webhookUrl: tenantIds.map((tenantId) => `${publicUrl}/v1/webhooks/paytm/${tenantId}`) },
  });
  return file;
}

/** Points each gateway that the user has not set up to the sandbox. */
export function sandboxSettings({ settings, secrets, port }: SandboxOptions): Record<string, string> {
  const url = sandboxUrl(port);
  const { stripeKey, webhookSecret, gopaySecret, paytmKey } = secrets.sandbox;
  return {
    ...(settings.stripe === undefined && { STRIPE_API_BASE: url, STRIPE_SECRET_KEY: `${stripeKeyPrefix}${stripeKey}`, STRIPE_WEBHOOK_SECRETS: `${webhookSecretPrefix}${webhookSecret}` }),
    ...(settings.gopay === undefined && { GOPAY_API_BASE: `${url}/gopay/api`, GOPAY_GOID: goid, GOPAY_CLIENT_ID: gopayClient, GOPAY_CLIENT_SECRET: gopaySecret }),
    ...(settings.paytm === undefined && { PAYTM_API_BASE: `${url}/paytm`, PAYTM_MID: paytmMid, PAYTM_MERCHANT_KEYS: paytmKey, PAYTM_WEBSITE: paytmWebsite }),
  };
}

/** Those that the user has no account with. */
export const sandboxedGateways = (settings: Settings): GatewayName[] => gatewayNames.filter((name) => settings[name] === undefined);
