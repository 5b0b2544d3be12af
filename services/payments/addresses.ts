/** The gateways as an installation has set them up, with the addresses at which they and the payers find it. */
import type { GatewaySettings } from './index.ts';

/** As config/settings.ts reads them. */
export interface GatewayAccounts {
  readonly stripe: { readonly secretKey: string; readonly apiBase: string | undefined; readonly webhookSecrets: readonly string[] } | undefined;
  readonly gopay: { readonly apiBase: string; readonly goid: string; readonly clientId: string; readonly clientSecret: string } | undefined;
  readonly paytm: { readonly apiBase: string; readonly mid: string; readonly merchantKeys: readonly string[]; readonly website: string } | undefined;
}

/** @param publicUrl how the API is reached from outside, without a slash at its end. */
export function withAddresses({ stripe, gopay, paytm }: GatewayAccounts, publicUrl: string): GatewaySettings {
  const at = (path: string, { tenantId }: { readonly tenantId: string }): string => `${publicUrl}/v1/${path}/${encodeURIComponent(tenantId)}`;
  const { apiBase, ...account } = stripe ?? { secretKey: '', apiBase: undefined, webhookSecrets: [] };
  return {
    stripe: stripe && { ...account, ...(apiBase !== undefined && { apiBase }), returnUrl: (charge) => at('payments/return', charge) },
    gopay: gopay && { ...gopay, returnUrl: (charge) => at('payments/return', charge), notificationUrl: (charge) => at('webhooks/gopay', charge) },
    paytm: paytm && { ...paytm, callbackUrl: (charge) => at('payments/paytm/return', charge), pageUrl: (charge) => at('payments/paytm/page', charge) },
  };
}
