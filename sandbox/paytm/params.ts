/** The requests of the merchant: JSON whose `body` is signed as the text it is. */
import { z } from 'zod';
import { parseJson } from '../core/decisions.ts';
import { sameSecret } from '../core/ids.ts';
import { rawMember, verify } from './signature.ts';

export const orderId = z.string().regex(/^[\w@.-]{1,50}$/);
const webUrl = z.url({ protocol: /^https?$/ });

export const initiate = z.looseObject({
  requestType: z.literal('Payment'),
  mid: z.string(),
  orderId: z.string(),
  websiteName: z.string(),
  callbackUrl: webUrl,
  txnAmount: z.looseObject({ value: z.string(), currency: z.string() }),
  userInfo: z.looseObject({ custId: z.string().min(1).max(64) }),
});
export type Initiate = z.infer<typeof initiate>;

export const orderStatus = z.looseObject({ mid: z.string(), orderId: z.string() });
export const refundApply = z.looseObject({ mid: z.string(), txnType: z.literal('REFUND'), orderId: z.string(), txnId: z.string(), refId: z.string().regex(/^[\w@.-]{1,50}$/), refundAmount: z.string() });
export type RefundApply = z.infer<typeof refundApply>;
export const refundStatus = z.looseObject({ mid: z.string(), orderId: z.string(), refId: z.string() });

const outer = z.looseObject({ head: z.looseObject({ signature: z.string() }), body: z.looseObject({ mid: z.string() }) });
/** Names the call for faults, before it is known to be right. */
const names = z.object({ body: z.object({ orderId: z.string() }) });

export interface Envelope {
  readonly body: unknown;
  readonly orderId: string | undefined;
  readonly complete: boolean;
  readonly genuine: boolean;
  readonly ours: boolean;
}

export function open(text: string, mid: string, merchantKey: string): Envelope {
  const value = parseJson(text);
  const parsed = outer.safeParse(value);
  const orderId = names.safeParse(value).data?.body.orderId;
  if (!parsed.success) return { body: undefined, orderId, complete: false, genuine: false, ours: false };
  const { head, body } = parsed.data;
  return { body, orderId, complete: true, genuine: verify(rawMember(text, 'body') ?? '', merchantKey, head.signature), ours: sameSecret(body.mid, mid) };
}
