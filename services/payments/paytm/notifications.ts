/**
 * What Paytm sends: the payer's browser coming back and the webhook for payments as forms, the webhook for refunds as
 * JSON, which payments may come as too; the content type tells. Nothing is refused as stale, see `unsure.ts`.
 */
import { z } from 'zod';
import type { GatewayNotification, NotificationRefusal } from '../gateway.ts';
import { notificationText, parsedJson, type Delivery, type NotificationVerifier } from '../notifications.ts';
import { rawMember } from './raw-json.ts';
import { isSigned, signedText } from './signature.ts';

const maxFields = 100;
const id = z.string().regex(/^[\w@-]{1,64}$/);
const word = z.string().max(64).optional();

const formSchema = z.object({ MID: z.string(), ORDERID: id, TXNID: word, STATUS: z.string().min(1).max(64), RESPCODE: word, TXNAMOUNT: word, CURRENCY: word, TXNDATE: word });
const headSchema = z.object({ signature: z.string() });
const jsonSchema = z.object({
  mid: z.string().optional(),
  orderId: id,
  txnId: word,
  refId: id.optional(),
  refundId: word,
  status: word,
  resultInfo: z.object({ resultStatus: word }).optional(),
  totalRefundAmount: word,
  refundAmount: word,
});

export function createPaytmVerifier(mid: string, keys: readonly string[]): NotificationVerifier {
  return ({ body, contentType }: Delivery): GatewayNotification | NotificationRefusal => {
    const text = notificationText(body);
    if (text === undefined) return 'malformed';
    const type = contentType?.split(';')[0]?.trim().toLowerCase();
    if (type === 'application/x-www-form-urlencoded') return fromForm(text, mid, keys);
    return type === 'application/json' ? fromJson(text, mid, keys) : 'malformed';
  };
}

function fromForm(text: string, mid: string, keys: readonly string[]): GatewayNotification | NotificationRefusal {
  const pairs = [...new URLSearchParams(text)];
  const fields = new Map(pairs);
  // Two fields of one name: which of them is signed and which is read must not differ.
  if (pairs.length > maxFields || fields.size !== pairs.length) return 'malformed';
  const signature = fields.get('CHECKSUMHASH');
  if (signature === undefined) return 'malformed';
  fields.delete('CHECKSUMHASH');
  // A plus that was not escaped arrives as a blank, and base64 has none.
  if (!isSigned(signedText(fields), signature.replaceAll(' ', '+'), keys)) return 'bad_signature';
  const read = formSchema.safeParse(Object.fromEntries(fields));
  if (!read.success) return 'malformed';
  const { MID, ORDERID, TXNID, STATUS, RESPCODE, TXNAMOUNT, CURRENCY, TXNDATE } = read.data;
  if (MID !== mid) return 'bad_signature';
  return {
    eventId: `${ORDERID}:${STATUS}`,
    type: `payment.${STATUS}`,
    paymentId: ORDERID,
    gatewayRef: ORDERID,
    payload: { ORDERID, TXNID, STATUS, RESPCODE, TXNAMOUNT, CURRENCY, TXNDATE },
  };
}

function fromJson(text: string, mid: string, keys: readonly string[]): GatewayNotification | NotificationRefusal {
  const raw = rawMember(text, 'body');
  const head = headSchema.safeParse(parsedJson(rawMember(text, 'head') ?? ''));
  if (raw === undefined || !head.success) return 'malformed';
  if (!isSigned(raw, head.data.signature, keys)) return 'bad_signature';
  const read = jsonSchema.safeParse(parsedJson(raw));
  if (!read.success) return 'malformed';
  const { orderId, txnId, refId, refundId, totalRefundAmount, refundAmount } = read.data;
  if (read.data.mid !== undefined && read.data.mid !== mid) return 'bad_signature';
  const status = read.data.status ?? read.data.resultInfo?.resultStatus ?? '';
  // A refund of the same status and another total is another event of the same refund.
  const eventId = refId === undefined ? `${orderId}:${status}` : `${refId}:${status}:${totalRefundAmount ?? ''}`;
  return {
    eventId,
    type: `${refId === undefined ? 'payment' : 'refund'}.${status}`,
    paymentId: orderId,
    gatewayRef: orderId,
    payload: { orderId, txnId, refId, refundId, status, totalRefundAmount, refundAmount },
  };
}
