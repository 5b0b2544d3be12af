/** The bodies of GoPay's calls. */
import { z } from 'zod';
import { parseFlat } from '../core/forms.ts';
import { parseJson } from '../core/decisions.ts';
import { GopayRefusal } from './errors.ts';

const webUrl = z.url({ protocol: /^https?$/ });
const amount = z.int().min(1).max(99_999_999_999);
const items = z.array(z.looseObject({ name: z.string().min(1).max(256), amount: z.int(), count: z.number().int().min(1).optional() })).min(1);

/** Which fields are required is not published in full; these are in every example. */
export const createPayment = z.looseObject({
  amount,
  currency: z.string().regex(/^[A-Z]{3}$/),
  order_number: z.string().min(1).max(128),
  target: z.looseObject({ type: z.literal('ACCOUNT'), goid: z.union([z.int(), z.string()]).transform(String) }),
  items,
  callback: z.looseObject({ return_url: webUrl, notification_url: webUrl }),
  payer: z.looseObject({ allowed_payment_instruments: z.array(z.string()).optional(), default_payment_instrument: z.string().optional() }).optional(),
  preauthorization: z.boolean().optional(),
  additional_params: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  lang: z.string().optional(),
});
export type CreatePayment = z.infer<typeof createPayment>;

const money = z.looseObject({ amount, items: items.optional() });
const anyMoney = z.looseObject({ amount: amount.optional(), items: items.optional() });

const isJson = (contentType: string | undefined): boolean => (contentType ?? '').startsWith('application/json');

/** @throws {GopayRefusal} that names the first wrong field. */
function check<Body>(schema: z.ZodType<Body>, body: unknown): Body {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GopayRefusal(issue?.message.endsWith('received undefined') === true ? 'FIELD_REQUIRED' : 'FIELD_INVALID', issue?.path.map(String).join('.') ?? '');
}

/** A form's amount is text. */
const ofForm = (text: string): Record<string, unknown> => {
  const { amount: given, ...rest } = parseFlat(text);
  return { ...rest, ...(given !== undefined && { amount: /^\d{1,15}$/.test(given) ? Number(given) : given }) };
};

export const readCreate = (text: string, contentType: string | undefined): CreatePayment => {
  if (!isJson(contentType)) throw new GopayRefusal('FIELD_INVALID', 'content-type');
  return check(createPayment, parseJson(text));
};
export const readRefund = (text: string, contentType: string | undefined): number => check(money, isJson(contentType) ? parseJson(text) : ofForm(text)).amount;
export const readCapture = (text: string, contentType: string | undefined): number | undefined => check(anyMoney, isJson(contentType) ? (parseJson(text) ?? {}) : ofForm(text)).amount;
