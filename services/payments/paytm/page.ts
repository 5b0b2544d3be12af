/** The form that brings a payer to Paytm's page. Every example of Paytm's posts it; see `unsure.ts`. */
import { z } from 'zod';
import type { PaytmOptions } from './gateway.ts';

export const paytmPageQuery = z.object({ orderId: z.string().regex(/^[\w@.-]{1,50}$/), txnToken: z.string().min(1).max(1_000) });
export type PaytmPageQuery = z.infer<typeof paytmPageQuery>;

export interface PaytmForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** @returns what is to be posted for an order and its token (15 minutes). Source: paytm/paytm-agent-skills skills/js-checkout/references/REFERENCE.md. */
export const createPaytmPage =
  ({ apiBase, mid }: Pick<PaytmOptions, 'apiBase' | 'mid'>) =>
  ({ orderId, txnToken }: PaytmPageQuery): PaytmForm => ({
    action: `${apiBase.replace(/\/+$/, '')}/theia/api/v1/showPaymentPage?${new URLSearchParams({ mid, orderId }).toString()}`,
    fields: { mid, orderId, txnToken },
  });
