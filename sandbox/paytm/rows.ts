/** What the Paytm side keeps. */
import { z } from 'zod';
import type { Core } from '../core/index.ts';

export const orderRow = z.object({
  orderId: z.string(),
  fingerprint: z.string(),
  txnToken: z.string(),
  tokenUntilMs: z.number(),
  createdMs: z.number(),
  amountMinor: z.int(),
  refundedMinor: z.int(),
  currency: z.string(),
  callbackUrl: z.string(),
  custId: z.string(),
  /** `none`: the payer has not tried yet, so Paytm knows an order but no transaction. */
  status: z.enum(['none', 'PENDING', 'TXN_SUCCESS', 'TXN_FAILURE']),
  code: z.string(),
  txnId: z.string(),
  bankTxnId: z.string(),
  paymentMode: z.string(),
  txnAtMs: z.number(),
});
export type Order = z.infer<typeof orderRow>;

export const paytmRefundRow = z.object({
  refId: z.string(),
  refundId: z.string(),
  orderId: z.string(),
  amountMinor: z.int(),
  status: z.enum(['PENDING', 'TXN_SUCCESS']),
  dueMs: z.number(),
});
export type PaytmRefund = z.infer<typeof paytmRefundRow>;

export const paytmTables = ({ store }: Core) => ({ orders: store.table('paytm.orders', orderRow), refunds: store.table('paytm.refunds', paytmRefundRow) });

export const amountText = (amountMinor: number): string => (amountMinor / 100).toFixed(2);

/** @returns paise, or undefined for what is no amount in rupees with two decimals. */
export const amountOf = (text: string): number | undefined => (/^\d{1,10}\.\d{2}$/.test(text) ? Number(text.replace('.', '')) : undefined);

/** India's time, as Paytm writes it: `2026-11-22 18:30:00.0`. */
export const dateText = (ms: number): string => `${new Date(ms + 19_800_000).toISOString().slice(0, 19).replace('T', ' ')}.0`;
