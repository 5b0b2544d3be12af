/** The parameters of Stripe's calls: texts in a form, checked and read. Unknown ones are refused, as there. */
import { z } from 'zod';
import { outcomeOf } from './methods.ts';

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
/** The smallest charge of the currencies that are used most; the real list is longer. */
const smallest: Readonly<Record<string, number>> = { usd: 50, eur: 50, gbp: 30, czk: 1_500, chf: 50, pln: 200, inr: 50 };
const largest = 99_999_999;

const integer = z.string().refine((value) => /^-?\d{1,15}$/.test(value), { error: 'Invalid integer', params: { code: 'parameter_invalid_integer' } }).transform(Number);
const positive = integer.refine((value) => value >= 1, { error: 'This value must be greater than or equal to 1.', params: { code: 'parameter_invalid_integer' } });
const amount = positive.refine((value) => value <= largest, { error: 'Amount must be no more than 999,999.99', params: { code: 'amount_too_large' } });
const boolean = z.string().refine((value) => value === 'true' || value === 'false', { error: 'Invalid boolean' }).transform((value) => value === 'true');
const text = z.string().max(5_000);
const filled = z.string().min(1).refine((value) => value.trim() !== '', { error: 'You passed an empty string.', params: { code: 'parameter_invalid_empty' } });
const webUrl = z.url({ protocol: /^https?$/, error: 'Not a valid URL' });
const method = filled.refine((value) => outcomeOf(value) !== undefined, { error: (issue) => `No such PaymentMethod: '${String(issue.input).slice(0, 100)}'`, params: { code: 'resource_missing' } });
const metadata = z.record(z.string().max(40), z.string().max(500)).refine((entries) => Object.keys(entries).length <= 50, { error: 'Metadata can have up to 50 keys' });
const expand = z.array(z.string());

const confirmation = {
  payment_method: method.optional(),
  return_url: webUrl.optional(),
  /** Stripe also takes `one_off` and `recurring` here. */
  off_session: z.union([boolean, z.enum(['one_off', 'recurring']).transform(() => true)]).optional(),
  error_on_requires_action: boolean.optional(),
  receipt_email: text.optional(),
  setup_future_usage: z.enum(['on_session', 'off_session']).optional(),
  use_stripe_sdk: boolean.optional(),
  mandate_data: z.unknown().optional(),
  payment_method_options: z.unknown().optional(),
  shipping: z.unknown().optional(),
  expand: expand.optional(),
};

export const createIntent = z.strictObject({
  ...confirmation,
  amount,
  currency: z.string().transform((code) => code.toLowerCase()).refine((code) => currencies.has(code.toUpperCase()), { error: (issue) => `Invalid currency: ${String(issue.input).slice(0, 20)}` }),
  confirm: boolean.default(false),
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).default('automatic_async'),
  confirmation_method: z.enum(['automatic', 'manual']).default('automatic'),
  payment_method_types: z.array(z.literal('card')).min(1).optional(),
  automatic_payment_methods: z.strictObject({ enabled: boolean, allow_redirects: z.enum(['always', 'never']).default('always') }).optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.default({}),
  statement_descriptor: text.optional(),
  statement_descriptor_suffix: text.optional(),
  transfer_group: text.optional(),
}).superRefine((value, context) => {
  const refuse = (message: string, param: string, code?: string): void => {
    context.addIssue({ code: 'custom', message, path: [param], input: value, params: { code } });
  };
  const floor = smallest[value.currency];
  if (floor !== undefined && value.amount < floor) refuse(`Amount must be at least ${floor} in the smallest unit of ${value.currency}`, 'amount', 'amount_too_small');
  if (value.payment_method_types !== undefined && value.automatic_payment_methods !== undefined) refuse('You may only specify one of these parameters: automatic_payment_methods, payment_method_types.', 'automatic_payment_methods');
  if (!value.confirm) for (const param of ['return_url', 'off_session', 'error_on_requires_action'] as const) if (value[param] !== undefined) refuse(`The parameter ${param} cannot be passed when creating a PaymentIntent unless confirm is set to true.`, param);
});
export type CreateIntent = z.infer<typeof createIntent>;

export const confirmIntent = z.strictObject({ ...confirmation, capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional() });
export type ConfirmIntent = z.infer<typeof confirmIntent>;

export const captureIntent = z.strictObject({ amount_to_capture: positive.optional(), final_capture: boolean.optional(), statement_descriptor: text.optional(), metadata: metadata.optional(), expand: expand.optional() });
export const cancelIntent = z.strictObject({ cancellation_reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional(), expand: expand.optional() });

export const createRefund = z.strictObject({
  payment_intent: filled.optional(),
  charge: filled.optional(),
  amount: positive.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.default({}),
  expand: expand.optional(),
}).superRefine((value, context) => {
  if (value.payment_intent === undefined && value.charge === undefined) context.addIssue({ code: 'custom', message: 'One of the following params should be provided for this request: payment_intent or charge.', path: [], input: value, params: { code: 'parameter_missing' } });
});
export type CreateRefund = z.infer<typeof createRefund>;

export const createEndpoint = z.strictObject({ url: webUrl, enabled_events: z.array(z.string()).min(1), description: text.optional(), metadata: metadata.optional(), api_version: text.optional(), expand: expand.optional() });

export const retrieve = z.strictObject({ expand: expand.optional(), client_secret: z.string().optional() });

const moment = z.union([integer, z.strictObject({ gt: integer.optional(), gte: integer.optional(), lt: integer.optional(), lte: integer.optional() })]);
const pages = { limit: integer.refine((value) => value >= 1 && value <= 100, { error: 'This value must be between 1 and 100.', params: { code: 'parameter_invalid_integer' } }).default(10), expand: expand.optional() };
const cursors = { ...pages, starting_after: filled.optional(), ending_before: filled.optional() };

export const listIntents = z.strictObject({ ...cursors, created: moment.optional(), customer: text.optional() });
export const listRefunds = z.strictObject({ ...cursors, created: moment.optional(), payment_intent: filled.optional(), charge: filled.optional() });
export const listEndpoints = z.strictObject(cursors);
export const searchIntents = z.strictObject({ ...pages, query: z.string().max(1_000), page: filled.optional() });
export type Moment = z.infer<typeof moment>;
