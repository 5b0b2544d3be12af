/** What the GoPay side keeps and how it is sent. */
import { z } from 'zod';
import type { Core } from '../core/index.ts';

export const paymentRow = z.object({
  id: z.int(),
  createdMs: z.number(),
  orderNumber: z.string(),
  amount: z.int(),
  captured: z.int(),
  refunded: z.int(),
  currency: z.string(),
  state: z.enum(['CREATED', 'PAYMENT_METHOD_CHOSEN', 'AUTHORIZED', 'PAID', 'CANCELED', 'TIMEOUTED', 'PARTIALLY_REFUNDED', 'REFUNDED']),
  subState: z.string().nullable(),
  preauthorization: z.boolean(),
  instrument: z.string().nullable(),
  lang: z.string(),
  returnUrl: z.string(),
  notificationUrl: z.string(),
  payer: z.record(z.string(), z.unknown()),
  additional: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type GopayPayment = z.infer<typeof paymentRow>;

export const gopayRefundRow = z.object({
  id: z.int(),
  paymentId: z.int(),
  amount: z.int(),
  currency: z.string(),
  state: z.enum(['REQUESTED', 'SUCCESS', 'FAILED']),
  requestedMs: z.number(),
  changedMs: z.number(),
  /** While REQUESTED: when it will be done. */
  dueMs: z.number(),
});
export type GopayRefund = z.infer<typeof gopayRefundRow>;

export const gopayTables = ({ store }: Core) => ({ payments: store.table('gopay.payments', paymentRow), refunds: store.table('gopay.refunds', gopayRefundRow) });

let last = 0;
/** An int64 beyond 32 bits, unlike any of another run: the microseconds, one by one. */
export function nextId(): number {
  last = Math.max(last + 1, Date.now() * 1_000);
  return last;
}

export const paymentView = (payment: GopayPayment, goid: string, publicUrl: string) => ({
  id: payment.id,
  order_number: payment.orderNumber,
  state: payment.state,
  ...(payment.subState !== null && { sub_state: payment.subState }),
  ...(payment.instrument !== null && { payment_instrument: payment.instrument }),
  amount: payment.amount,
  currency: payment.currency,
  payer: payment.payer,
  target: { type: 'ACCOUNT', goid: Number(goid) },
  ...(payment.additional.length > 0 && { additional_params: payment.additional }),
  lang: payment.lang,
  gw_url: `${publicUrl}/gopay/pay/${payment.id}`,
  ...(payment.preauthorization && { preauthorization: { requested: true, state: preauthorizationState(payment) } }),
});

function preauthorizationState({ state }: GopayPayment): string {
  if (state === 'CREATED' || state === 'PAYMENT_METHOD_CHOSEN') return 'REQUESTED';
  if (state === 'AUTHORIZED') return 'AUTHORIZED';
  return state === 'CANCELED' || state === 'TIMEOUTED' ? 'CANCELED' : 'CAPTURED';
}

export const gopayRefundView = ({ id, state, amount, currency, requestedMs, changedMs }: GopayRefund) => ({
  id,
  state,
  amount,
  currency,
  date_requested: new Date(requestedMs).toISOString(),
  date_last_change: new Date(changedMs).toISOString(),
});

export const tenantIdOf = ({ additional }: Pick<GopayPayment, 'additional'>): string | undefined => additional.find(({ name }) => name === 'tenantId')?.value;
