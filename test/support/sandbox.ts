/** The gateways of a test: the sandbox in this process, and the accounts with it. */
import { buildSandbox } from '../../sandbox/server.ts';
import type { GatewayAccounts } from '../../services/payments/addresses.ts';
import { request } from './http.ts';

export interface JournalItem {
  readonly party: string;
  readonly operation: string;
  readonly paymentId: string;
  readonly refundId?: string;
  readonly gatewayRef: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: 'executed' | 'declined';
}

export interface TestSandbox {
  readonly url: string;
  readonly accounts: GatewayAccounts;
  /** What was really executed for one payment. */
  journal(paymentId: string): Promise<readonly JournalItem[]>;
  /** @returns when the faults are in force. */
  faults(...faults: readonly object[]): Promise<void>;
  settings(settings: object): Promise<void>;
  clearFaults(): Promise<void>;
  close(): Promise<void>;
}

const stripe = { secretKey: 'sk_test_holdfast', webhookSecret: 'whsec_test_holdfast' };
const gopay = { goid: '8123456789', clientId: '1061399163', clientSecret: 'test-gopay-secret' };
const paytm = { mid: 'TESTMID', merchantKey: '0123456789abcdef', website: 'WEBSTAGING' };

export async function startTestSandbox(): Promise<TestSandbox> {
  const sandbox = buildSandbox({ stripe: { secretKeys: [stripe.secretKey], webhookSecrets: [stripe.webhookSecret] }, gopay, paytm });
  const url = await sandbox.listen();
  return {
    ...sandboxAt(url),
    accounts: {
      stripe: { secretKey: stripe.secretKey, apiBase: url, webhookSecrets: [stripe.webhookSecret] },
      gopay: { ...gopay, apiBase: `${url}/gopay/api` },
      paytm: { mid: paytm.mid, merchantKeys: [paytm.merchantKey], website: paytm.website, apiBase: `${url}/paytm` },
    },
    close: async () => await sandbox.close(),
  };
}

/** A sandbox that runs somewhere, as the journal and the faults of it are reached. */
export function sandboxAt(url: string): Pick<TestSandbox, 'url' | 'journal' | 'faults' | 'settings' | 'clearFaults'> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const { status, body: answer } = await request(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (status >= 300) throw new Error(`the sandbox answered ${status}: ${JSON.stringify(answer)}`);
  };
  return {
    url,
    journal: async (paymentId) => (await request(`${url}/_journal?${new URLSearchParams({ paymentId }).toString()}`, {})).body['items'] as JournalItem[],
    faults: async (...faults) => await post('/_faults', faults),
    settings: async (settings) => await post('/_settings', settings),
    clearFaults: async () => void (await fetch(`${url}/_faults`, { method: 'DELETE' })),
  };
}
